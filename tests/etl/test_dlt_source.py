"""The dlt source, loaded into a real duckdb from the simulator."""

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, Window, errors, queries
from taskrouter_stats.etl import SCHEMAS, dlt_reader, dlt_source
from taskrouter_stats.etl.dlt_source import taskrouter_source
from taskrouter_stats.models import Worker
from tests.etl.dlt_warehouse import NEW_YORK, Warehouse
from tests.truth.raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    RawServer,
    error,
    http,
    page,
    statistics,
    worker,
    worker_sid,
)

LIST, STATISTICS, ACTIVITIES = "Worker-List", "WorkerStatistics-Fetch", "Activity-List"
TABLES = ("worker_statistics", "worker_activity_durations", "workers", "activities")
OWN = {"_dlt_id", "_dlt_load_id"}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Switch off dlt's telemetry."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture
async def warehouse(tmp_path):
    """Return a warehouse with a running simulator."""
    warehouse = Warehouse(tmp_path)
    async with warehouse.simulator:
        with warehouse.database:
            yield warehouse


async def test_tables_have_the_columns_of_their_schemas(warehouse):
    """Each table has the columns of its schema in order, also those that were always null."""
    await warehouse.load()
    types = {
        "string": "VARCHAR",
        "int64": "BIGINT",
        "float64": "DOUBLE",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "date": "DATE",
        "bool": "BOOLEAN",
        "json": "JSON",
    }
    for table in TABLES:
        found = warehouse.sql(
            "SELECT column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = 'lake' AND table_name = '{table}' ORDER BY ordinal_position"
        )
        expected = [(column.name, types[column.kind]) for column in SCHEMAS[table].columns]
        assert [row for row in found if row[0] not in {*OWN, "query_key"}] == expected
    staged = warehouse.sql("SELECT DISTINCT table_name FROM information_schema.tables")
    assert {name for (name,) in staged if not name.startswith("_dlt")} == set(TABLES)


async def test_rows_add_up_to_the_simulators_counts(warehouse):
    """Counts and durations add up to the simulator's; all tables use the same requests."""
    assert await warehouse.load() == {LIST: 1, ACTIVITIES: 1, STATISTICS: 4 * 7}
    days = warehouse.sql(
        "SELECT day, count(*), count(DISTINCT worker_sid), "
        "min(date_diff('hour', window_start, window_end)), bool_and(complete) "
        "FROM worker_statistics GROUP BY day ORDER BY day"
    )
    hours = [24, 25, 24, 24]  # the clocks go back on 1 November, and the 4th hasn't ended
    first = date(2026, 10, 31)
    assert days == [(first + timedelta(n), 7, 7, long, True) for n, long in enumerate(hours)]
    seconds = warehouse.sql(
        "SELECT DISTINCT round(sum(total) / 3600, 1) FROM worker_activity_durations "
        "WHERE day = '2026-11-01' GROUP BY worker_sid"
    )
    assert seconds == [(25.0,)]
    sums = warehouse.sql(
        "SELECT day, sum(reservations_created), sum(reservations_accepted) "
        "FROM worker_statistics GROUP BY day ORDER BY day"
    )
    simulator = warehouse.simulator
    async with TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session:
        for day, created, accepted in sums:
            window = Window.day(day, tz=NEW_YORK)
            query = queries.workers_cumulative_statistics(simulator.workspace_sid, window)
            truth = await session.fetch(query)
            assert (created, accepted) == (truth.reservations_created, truth.reservations_accepted)
    named = warehouse.sql(
        "SELECT count(*) FROM worker_statistics JOIN workers USING (workspace_sid, worker_sid) "
        "WHERE worker_statistics.worker_name = workers.worker_name"
    )
    assert named == [(28,)]


async def test_a_second_run_fetches_only_new_days(warehouse):
    """A run fetches no day that is done, and merges a day within the look-back."""
    await warehouse.load()
    before = warehouse.sql("SELECT count(*), sum(total) FROM worker_activity_durations")
    assert (await warehouse.load())[STATISTICS] == 7  # 3 November, which ended 4 hours ago
    assert warehouse.sql("SELECT count(*), sum(total) FROM worker_activity_durations") == before
    assert warehouse.sql("SELECT count(*) FROM worker_statistics") == [(28,)]
    assert warehouse.sql("SELECT count(*) FROM workers") == [(7,)]
    warehouse.now += timedelta(days=1)
    assert (await warehouse.load())[STATISTICS] == 2 * 7  # it once more, for good, and the 4th
    warehouse.now += timedelta(minutes=1)
    assert (await warehouse.load())[STATISTICS] == 7
    twice = "SELECT query_key FROM worker_statistics GROUP BY query_key HAVING count(*) > 1"
    assert warehouse.sql(twice) == []
    assert warehouse.sql("SELECT count(*) FROM worker_statistics") == [(35,)]


async def test_without_look_back_a_second_run_fetches_nothing(warehouse):
    """A second run without look-back sends no request for statistics."""
    await warehouse.load(look_back=timedelta(0))
    assert STATISTICS not in await warehouse.load(look_back=timedelta(0))


async def test_a_day_that_has_not_settled_is_not_fetched(warehouse):
    """A run fetches a day only after it ended long enough ago."""
    requested = await warehouse.load(settle=timedelta(hours=5))
    assert requested[STATISTICS] == 3 * 7  # 3 November ended at 5:00 UTC, and it is 9:00


async def test_days_beyond_the_retention_are_not_fetched(warehouse):
    """A run skips days that begin more than 30 days ago, and no other day."""
    requested = await warehouse.load(first_day=date(2026, 1, 1))
    assert requested[STATISTICS] == 30 * 7 - 7
    oldest = warehouse.sql("SELECT min(window_start) FROM worker_statistics")[0][0]
    assert warehouse.now - oldest <= timedelta(days=30)
    assert warehouse.simulator.counters.rejected == 0


async def test_task_channels_are_separate(warehouse):
    """Rows and finished days of one TaskChannel do not affect those of all."""
    await warehouse.load()
    requested = await warehouse.load(task_channel="voice")
    assert requested[STATISTICS] == 4 * 7
    rows = warehouse.sql("SELECT task_channel, count(*) FROM worker_statistics GROUP BY ALL")
    assert dict(rows) == {"voice": 28, None: 28}


async def test_a_selection_fetches_no_more_than_it_needs(warehouse):
    """A run that loads only workers sends no request for statistics."""
    assert await warehouse.load("workers") == {LIST: 1}


def add_worker(patch, sid):
    """Let the reader send the queries of a worker that the server does not have."""
    real = dlt_reader.Reader._queries

    async def queries_and_one_more(self, shared, table, day):
        stranger = Worker(sid=sid, workspace_sid=self.plan.workspace_sid)
        found = await real(self, shared, table, day)
        return [*found, table.query_for(stranger).with_window(day)]

    patch.setattr(dlt_reader.Reader, "_queries", queries_and_one_more)


async def test_a_worker_that_fails_keeps_its_day_unfinished(warehouse, monkeypatch, caplog):
    """A run loads the other workers' rows, and the next run fetches the day again."""
    stranger = "WK" + "0" * 32
    with monkeypatch.context() as patch:
        add_worker(patch, stranger)
        patch.setattr(dlt_reader, "failure_kind", lambda error: "failed")
        await warehouse.load(look_back=timedelta(0))
    assert stranger in caplog.text
    assert warehouse.sql("SELECT count(*) FROM worker_statistics") == [(28,)]
    assert (await warehouse.load(look_back=timedelta(0)))[STATISTICS] == 28
    assert warehouse.sql("SELECT count(*) FROM worker_statistics") == [(28,)]


async def test_a_worker_that_is_gone_does_not_keep_its_day_unfinished(warehouse, monkeypatch):
    """A day is done although the server does not find one of its workers."""
    with monkeypatch.context() as patch:
        add_worker(patch, "WK" + "0" * 32)
        await warehouse.load(look_back=timedelta(0))
    assert STATISTICS not in await warehouse.load(look_back=timedelta(0))


async def test_a_listed_worker_that_is_not_found_keeps_its_day_unfinished(warehouse, caplog):
    """A worker not found fails while a new list holds it: the next run fetches the day again."""
    missing, day = [worker_sid(1)], datetime(2026, 11, 2, tzinfo=UTC)

    def answer(question):
        if question.lists_activities:
            return page("activities", [])
        if question.lists_workers:
            return page("workers", [worker(number) for number in range(3)])
        return error(404, 20404) if question.sid in missing else http(statistics(question))

    warehouse.now = day + timedelta(days=3)
    options = {
        "first_day": day.date(),
        "tz": "UTC",
        "workspace_sid": WORKSPACE,
        "credentials": Credentials.auth_token(ACCOUNT, TOKEN),
        "look_back": timedelta(0),
    }
    with RawServer(answer).running() as server:
        await warehouse.load(base_url=server.url, **options)
        assert sum(question.lists_workers for question in server.questions) == 2
        assert worker_sid(1) in caplog.text
        missing.clear()
        await warehouse.load(base_url=server.url, **options)
        requested = len(server.questions)
        await warehouse.load(base_url=server.url, **options)
        later = server.questions[requested:]
    assert not [question for question in later if question.path.endswith("/Statistics")]
    assert warehouse.sql("SELECT count(*) FROM worker_statistics") == [(6,)]


async def test_no_file_holds_a_secret(warehouse):
    """Neither dlt's state, nor its trace, nor the warehouse holds the credentials' secret."""
    await warehouse.load()
    secrets = [secret.encode() for secret in warehouse.simulator.credentials.secrets()]
    files = [path for path in warehouse.folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files for secret in secrets if secret in path.read_bytes()]


async def test_a_refused_run_commits_nothing(warehouse):
    """A 401 ends the run with our error as the cause, and the next run starts at the same day."""
    wrong = Credentials.auth_token(warehouse.simulator.credentials.account_sid, "wrong")
    with pytest.raises(Exception, match="20003") as caught:
        await warehouse.load(credentials=wrong)
    causes, error = [], caught.value
    while error is not None:
        causes.append(type(error))
        error = error.__cause__
    assert errors.Unauthorized in causes
    assert (await warehouse.load())[STATISTICS] == 28


def test_explicit_credentials_keep_the_environment_s_address(monkeypatch):
    """A source with credentials still uses the server and region of the environment."""
    pytest.importorskip("dlt", reason="needs dlt")
    opened = []
    real = dlt_source.TaskRouterSession

    def session(*args, **options):
        opened.append(options)
        return real(*args, **options)

    monkeypatch.setattr(dlt_source, "TaskRouterSession", session)
    credentials = Credentials.auth_token("AC" + "0" * 32, "made-up")
    monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", "http://127.0.0.1:9")
    taskrouter_source("WS" + "0" * 32, tz="UTC", credentials=credentials)
    taskrouter_source("WS" + "0" * 32, tz="UTC", credentials=credentials, region="ie1")
    assert opened == [{"base_url": "http://127.0.0.1:9"}, {"region": "ie1"}]


async def test_a_worker_listed_twice_is_loaded_once(warehouse):
    """A worker on two pages of the list has its rows once in every table."""
    day = datetime(2026, 11, 2, tzinfo=UTC)

    def answer(question):
        if question.lists_activities:
            return page("activities", [])
        if question.lists_workers:
            more = None if "Page" in question.params else f"{question.path}?Page=1&PageToken=x"
            return page(
                "workers", [worker(n) for n in (range(3, 8) if more is None else range(5))], more
            )
        body = statistics(question)
        body["cumulative"]["activity_durations"] = [
            {"sid": "WA" + kind * 32, "friendly_name": kind, "total": 60} for kind in "ab"
        ]
        return http(body)

    warehouse.now = day + timedelta(days=2)
    with RawServer(answer).running() as server:
        await warehouse.load(
            first_day=day.date(),
            tz="UTC",
            workspace_sid=WORKSPACE,
            credentials=Credentials.auth_token(ACCOUNT, TOKEN),
            base_url=server.url,
        )
        requested = [
            question.sid for question in server.questions if question.path.endswith("/Statistics")
        ]
    assert sorted(requested) == [worker_sid(n) for n in range(8)]
    counts = [warehouse.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES[:3]]
    assert counts == [8, 16, 8]


async def test_a_destination_that_cannot_replace_rows_raises_an_error(warehouse):
    """A run into files, to which dlt would append days again, raises an error at once."""
    import dlt  # noqa: PLC0415 (only once telemetry is off)

    lake = warehouse.folder / "lake"
    pipeline = dlt.pipeline(
        "files",
        pipelines_dir=str(warehouse.folder / "pipelines"),
        destination=dlt.destinations.filesystem(str(lake)),
        dataset_name="lake",
    )
    for tables in ((), ("workers",), ("activities",)):
        source = warehouse.source()
        source = source.with_resources(*tables) if tables else source
        with pytest.raises(Exception, match="the destination filesystem can't replace rows"):
            await asyncio.to_thread(pipeline.run, source)
    assert warehouse.simulator.counters.requests == 0
    assert not [path for path in lake.rglob("*") if path.is_file()]


def test_without_dlt_the_error_names_the_extra(monkeypatch):
    """The error of a missing dlt holds the line that installs it."""
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(errors.MissingExtra, match=r'pip install "taskrouter-stats\[dlt\]"'):
        taskrouter_source("WS" + "0" * 32, tz="UTC", credentials=None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"tz": "Nowhere/At_All"}, errors.InvalidWindow),
        ({"tz": "UTC", "first_day": datetime(2026, 11, 1, tzinfo=UTC)}, errors.InvalidWindow),
        ({"tz": "UTC", "first_day": "2026-11-01"}, errors.InvalidWindow),
        ({"tz": "UTC", "settle": timedelta(-1)}, errors.InvalidParameter),
        ({"tz": "UTC", "look_back": timedelta(-1)}, errors.InvalidParameter),
        ({"tz": "UTC", "headroom": 2.0}, errors.InvalidParameter),
    ],
)
def test_a_wrong_argument_raises_at_once(monkeypatch, options, error):
    """A wrong argument raises an error when the source is made, not in dlt's thread."""
    monkeypatch.setenv("TWILIO_API_KEY", "SK" + "0" * 32)
    monkeypatch.setenv("TWILIO_API_SECRET", "made-up")
    with pytest.raises(error):
        taskrouter_source("WS" + "0" * 32, **options)
