"""Wrong plans, sinks and exports, and the exact words with which each is refused."""

from datetime import date

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl, queries
from taskrouter_stats.errors import (
    ConfigError,
    InvalidParameter,
    InvalidSid,
    InvalidWindow,
    StorageError,
    UsageError,
)
from tests.support.wrong_calls import (
    ACCOUNT,
    SECRET,
    WORKER,
    WORKSPACE,
    refused,
    rows,
    same,
    unasked,
)

CREDENTIALS = Credentials.auth_token(ACCOUNT, SECRET)
WINDOW = Window.last(hours=1)
PLAN = etl.worker_plan(WORKSPACE, WINDOW)
LONG = "a" * 300
SINK = etl.JsonLinesSink("never")


@rows(
    (
        "a worker for a workspace",
        lambda session: etl.worker_plan(WORKER, WINDOW),
        InvalidSid,
        (
            f"workspace_sid='{WORKER}' is not a Workspace SID: expected WS and 32 hexadecimal "
            "digits; WK is for Worker"
        ),
    ),
    (
        "no windows",
        lambda session: etl.worker_plan(WORKSPACE, []),
        InvalidWindow,
        "a plan needs at least one window",
    ),
    (
        "None for windows",
        lambda session: etl.worker_plan(WORKSPACE, None),
        InvalidWindow,
        "windows=None: Window objects are expected, such as Window.last(hours=8)",
    ),
    (
        "text for windows",
        lambda session: etl.worker_plan(WORKSPACE, "8h"),
        InvalidWindow,
        "windows='8h': Window objects are expected, such as Window.last(hours=8)",
    ),
    (
        "a day for windows",
        lambda session: etl.worker_plan(WORKSPACE, date(2026, 11, 1)),
        InvalidWindow,
        (
            "windows=datetime.date(2026, 11, 1): Window objects are expected, such as "
            "Window.last(hours=8)"
        ),
    ),
    (
        "days among windows",
        lambda session: etl.worker_plan(WORKSPACE, [WINDOW, date(2026, 11, 1)]),
        InvalidWindow,
        (
            "windows=datetime.date(2026, 11, 1): Window objects are expected, such as "
            "Window.last(hours=8)"
        ),
    ),
    (
        "one worker for several",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=WORKER),
        UsageError,
        "workers= takes several: put the one into a list",
    ),
    (
        "a number for workers",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=5),
        UsageError,
        "workers= takes SIDs, Workers or a listing of them, not int",
    ),
    (
        "a workspace among workers",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=[WORKER, WORKSPACE]),
        InvalidSid,
        (
            f"worker_sid='{WORKSPACE}' is not a Worker SID: expected WK and 32 hexadecimal "
            "digits; WS is for Workspace"
        ),
    ),
    (
        "queues for workers",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=queries.task_queues(WORKSPACE)),
        UsageError,
        (
            f"workers= takes queries.workers('{WORKSPACE}', …), not <Listing "
            f"task_queues:{WORKSPACE}::>"
        ),
    ),
    (
        "an empty channel",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, task_channel=""),
        InvalidParameter,
        "task_channel='': expected text, not empty, without control characters",
    ),
    (
        "an empty name",
        lambda session: etl.JsonLinesSink(""),
        InvalidParameter,
        "path='': a file's or folder's name",
    ),
    (
        "None for a name",
        lambda session: etl.JsonLinesSink(None),
        InvalidParameter,
        "path=None: a file's or folder's name",
    ),
    (
        "a name with a zero byte",
        lambda session: etl.ParquetSink("la\0ke"),
        InvalidParameter,
        "path='la\\x00ke': a folder's name or a URI",
    ),
    (
        "another format's name",
        lambda session: etl.JsonLinesSink("day.csv"),
        ConfigError,
        "HERE/day.csv: name a file that ends in .jsonl, or a folder",
    ),
    (
        "a name without end",
        lambda session: etl.CsvSink(LONG, table="worker_statistics"),
        StorageError,
        f"HERE/{LONG}: File name too long",
    ),
    (
        "a folder's name without end",
        lambda session: etl.ParquetSink(LONG),
        StorageError,
        f"{LONG}: File name too long",
    ),
    (
        "an unknown table",
        lambda session: etl.JsonLinesSink("day.jsonl", table="worker"),
        InvalidParameter,
        "table='worker': worker_statistics or worker_activity_durations, or None for all",
    ),
    (
        "a list for a table",
        lambda session: etl.ParquetSink("lake", table=["workers"]),
        InvalidParameter,
        "table=['workers']: worker_statistics or worker_activity_durations, or None for all",
    ),
    (
        "an unknown compression",
        lambda session: etl.CsvSink("day.csv", table="worker_statistics", compression="zip"),
        InvalidParameter,
        "compression='zip': \"gzip\" or None",
    ),
    (
        "a file for Parquet",
        lambda session: etl.ParquetSink("day.parquet"),
        ConfigError,
        "day.parquet: Parquet makes a folder of parts, so name a folder",
    ),
    (
        "an unknown store",
        lambda session: etl.ParquetSink("ftp://host/lake"),
        ConfigError,
        "ftp://host/lake is no place that pyarrow's filesystems know",
    ),
    (
        "JSON Lines in a bucket",
        lambda session: etl.JsonLinesSink("s3://bucket/day.jsonl"),
        ConfigError,
        ("s3://bucket/day.jsonl: files don't grow in an object store; Parquet can go there"),
    ),
    (
        "a SID for a session",
        lambda session: etl.export(ACCOUNT, PLAN, SINK),
        UsageError,
        "export() takes a TaskRouterSession as session=, not str",
    ),
    (
        "queries for a plan",
        lambda session: etl.export(session, [], SINK),
        UsageError,
        "export() takes a plan, which etl.worker_plan(…) makes, as plan=, not list",
    ),
    (
        "a name for a sink",
        lambda session: etl.export(session, PLAN, "lake/"),
        UsageError,
        'export() takes a sink, such as etl.ParquetSink("lake/"), not str',
    ),
    (
        "True for an event",
        lambda session: etl.export(session, PLAN, SINK, stop=True),
        UsageError,
        "export() takes an asyncio.Event or None as stop=, not bool",
    ),
    (
        "seconds for a timedelta",
        lambda session: etl.export(session, PLAN, SINK, settle=3600),
        UsageError,
        "export() takes a timedelta, such as timedelta(hours=1), as settle=, not int",
    ),
)
async def test_a_wrong_export_is_refused_in_these_words(call, error, says, tmp_path, monkeypatch):
    """What can't be exported is refused before the output or the server is touched."""
    monkeypatch.chdir(tmp_path)
    with unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url) as session:
            caught = await refused(call, session)
    assert same(caught, error, says.replace("HERE", str(tmp_path)))
    assert list(tmp_path.iterdir()) == []
