"""Kind 3: text of the server becomes a path or a key only after a check."""

from contextlib import suppress
from datetime import date

import pyarrow.fs as pafs
import pytest

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl
from taskrouter_stats.errors import PayloadError, StorageError, TaskRouterStatsError
from taskrouter_stats.etl import SCHEMAS, ParquetSink
from taskrouter_stats.etl.output.storage import Folder, ObjectStore
from taskrouter_stats.etl.state.checkpoint import Checkpoint

from .raw_server import ACCOUNT, TOKEN, WORKSPACE, RawServer, http, page, statistics, worker_sid

ESCAPE = "x/../../../../escaped"
ODD_SIDS = (ESCAPE, "a/b", "a=b/day=1999-01-01", "..", "AC\0", "AC" + "3" * 31, "ac" + "3" * 32)
DAY = Window.day(date(2026, 11, 1), tz="UTC")


def row(**changes):
    """Return a row of worker statistics."""
    known = {"account_sid": ACCOUNT, "workspace_sid": WORKSPACE, "day": date(2026, 11, 1)}
    return {**dict.fromkeys(SCHEMAS["worker_statistics"].names), **known, **changes}


def files(folder):
    """Return the paths of all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))


def begun(place):
    """Return a Parquet sink at the beginning of a run."""
    sink = ParquetSink(place)
    checkpoint = Checkpoint(sink.storage, sink.state, sink.format)
    checkpoint.open()
    sink.begin("run", checkpoint)
    return sink


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("column", ["account_sid", "workspace_sid"])
@pytest.mark.parametrize("sid", ODD_SIDS)
def test_text_that_is_not_a_sid_becomes_no_folder(tmp_path, scheme, column, sid):
    """A row with a wrong SID raises an error that names the field, and no file is written."""
    sink = begun(f"{scheme}{tmp_path}/a/b/c/lake")
    with pytest.raises(PayloadError, match=column):
        sink.write([{"worker_statistics": [row(**{column: sid})]}])
    assert files(tmp_path) == []


@pytest.mark.parametrize("day", ["2026-11-01", "../1", 5])
def test_a_value_that_is_not_a_day_becomes_no_folder(tmp_path, day):
    """A row whose day is not a date raises an error."""
    with pytest.raises(PayloadError, match="day: expected a date"):
        begun(tmp_path).write([{"worker_statistics": [row(day=day)]}])
    assert files(tmp_path) == []


async def test_an_account_that_is_a_path_is_not_written(tmp_path):
    """An answer whose account is a path is not done, and its run is not complete."""

    def answer(question):
        if question.lists_activities:
            return page("activities", [])
        return http(statistics(question, account_sid=ESCAPE))

    lake = tmp_path / "a" / "b" / "c" / "lake"
    complete = False
    plan = etl.worker_plan(WORKSPACE, DAY, workers=[worker_sid(1)])
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    with RawServer(answer).running() as server:
        async with TaskRouterSession(credentials, base_url=server.url) as session:
            with suppress(TaskRouterStatsError):
                complete = (await etl.export(session, plan, ParquetSink(lake))).complete
    assert not complete
    assert files(tmp_path) == []
    checkpoint = Checkpoint(Folder(lake), "_state", "Parquet")
    checkpoint.open()
    query = plan.tables[0].template.key.replace("WK" + "0" * 32, worker_sid(1))
    assert not checkpoint.is_done(query)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a//x", "./x", "a\0x", "a/.."])
@pytest.mark.parametrize("kind", ["folder", "object store"])
def test_no_name_leads_out_of_a_storage(tmp_path, name, kind):
    """The storage raises an error for any name that leads out of it."""
    storage = Folder(tmp_path / "lake")
    if kind == "object store":
        storage = ObjectStore(pafs.LocalFileSystem(), f"{tmp_path}/lake", "store://lake")
    for use in (lambda: storage.put(name, b""), lambda: storage.remove(name)):
        with pytest.raises(StorageError, match="is not the name of a file within it"):
            use()
    with pytest.raises(StorageError, match="is not the name of a file within it"):
        storage.get(name)
    assert list(tmp_path.iterdir()) == []
