"""Kind 6: a list of Workers that can't be read in full costs only the Workers that it hides."""

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, etl
from taskrouter_stats.errors import PayloadError, UsageError
from taskrouter_stats.etl import JsonLinesSink, ParquetSink

from .exports import day, everybody, export, lying, statistics_asked, stored
from .raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    RawServer,
    error,
    http,
    page,
    truthful,
    worker,
    worker_sid,
)

WINDOWS = [day(5), day(4), day(3)]


def with_a_bad_item(question):
    """Answer with a list of Workers whose third item has no SID."""
    if not question.lists_workers:
        return None
    return page("workers", [worker(0), worker(1), {**worker(2), "sid": None}])


def without_its_second_page(question):
    """Answer with a list of Workers whose second page is not a page."""
    if not question.lists_workers:
        return None
    if "PageToken" in question.params:
        return page("activities", [])
    following = f"https://taskrouter.twilio.com{question.path}?PageSize=2&PageToken=2"
    return page("workers", [worker(0), worker(1)], following)


@pytest.mark.parametrize("lie", [with_a_bad_item, without_its_second_page])
async def test_every_window_of_the_listed_workers_is_stored(tmp_path, lie):
    """An export stores every window of the Workers it could read, and then raises the error."""
    path = tmp_path / "rows.jsonl"
    with RawServer(lying(0, lie)).running() as server:
        with pytest.raises(PayloadError, match="workers"):
            await export(server, JsonLinesSink(path), WINDOWS)
        assert statistics_asked(server) == 2 * 3
        with pytest.raises(PayloadError, match="workers"):
            await export(server, JsonLinesSink(path), WINDOWS)
        assert statistics_asked(server) == 2 * 3
    assert stored(path) == everybody(2, *WINDOWS)


async def test_a_list_without_workers_still_raises_its_error(tmp_path):
    """A list that can't be read at all ends the export with its error, and no window is asked."""
    with RawServer(lying(0, lambda q: page("x", []) if q.lists_workers else None)).running() as one:
        with pytest.raises(PayloadError, match="workers"):
            await export(one, ParquetSink(tmp_path), WINDOWS)
        assert statistics_asked(one) == 0


async def test_a_failed_list_ends_the_export_at_once(tmp_path):
    """An error of the server in place of the list is not a fact about Workers: the run ends."""

    def lie(question):
        return error(500, 20500) if question.lists_workers else None

    with RawServer(lying(0, lie)).running() as server:
        with pytest.raises(Exception, match="20500"):
            await export(server, JsonLinesSink(tmp_path / "rows.jsonl"), WINDOWS)
        assert statistics_asked(server) == 0


class Lazy:
    """Workers whose number is 0 until they are read."""

    def __init__(self):
        self.read = []

    def __len__(self):
        return len(self.read)

    async def __aiter__(self):
        for number in range(3):
            self.read.append(number)
            yield worker_sid(number)


async def test_workers_that_look_empty_before_they_are_read_are_read(tmp_path):
    """An async source of Workers is read whatever its length says."""
    path = tmp_path / "rows.jsonl"
    with RawServer(truthful(0)).running() as server:
        report = await export(server, JsonLinesSink(path), WINDOWS, workers=Lazy())
    assert (report.workers, report.written, report.complete) == (3, 9, True)
    assert stored(path) == everybody(3, *WINDOWS)


async def test_an_async_generator_of_workers_is_read_once(tmp_path):
    """A second export of a plan with an async generator raises an error, and is not complete."""

    async def workers():
        for number in range(3):
            yield worker_sid(number)

    plan = etl.worker_plan(WORKSPACE, WINDOWS, workers=workers())
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    with RawServer(truthful(0)).running() as server:
        async with TaskRouterSession(credentials, base_url=server.url) as session:
            first = await etl.export(session, plan, JsonLinesSink(tmp_path / "rows.jsonl"))
            with pytest.raises(UsageError, match="is read once: make a new plan, or give a list"):
                await etl.export(session, plan, JsonLinesSink(tmp_path / "again.jsonl"))
    assert (first.written, first.complete) == (9, True)


async def test_the_empty_list_of_another_workspace_is_not_the_list(tmp_path):
    """A list without items whose URL names another Workspace ends the export with an error."""
    other = f"https://taskrouter.twilio.com/v1/Workspaces/WS{'9' * 32}/Workers?PageSize=1000"

    def empty(question):
        meta = {"key": "workers", "next_page_url": None, "url": other}
        return http({"workers": [], "meta": meta}) if question.lists_workers else None

    refused = pytest.raises(PayloadError, match=r"\$\.meta\.url: requested /v1/Workspaces/WS1")
    with RawServer(lying(3, empty)).running() as server, refused:
        await export(server, JsonLinesSink(tmp_path / "rows.jsonl"))
