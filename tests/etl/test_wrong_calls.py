"""Wrong plans, sinks and exports, and the error of each.

A text with a space is the exact message, which stands once; one word is the parameter's name.
"""

from datetime import date, timedelta

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl, queries
from taskrouter_stats.errors import (
    ConfigError,
    InvalidParameter,
    InvalidSid,
    InvalidWindow,
    StorageError,
    UsageError,
)
from taskrouter_stats.etl.schemas import EXPORTED
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
        "workspace_sid",
    ),
    (
        "no windows",
        lambda session: etl.worker_plan(WORKSPACE, []),
        InvalidWindow,
        "windows= is empty: expected at least one Window, such as Window.last(hours=8)",
    ),
    (
        "None for windows",
        lambda session: etl.worker_plan(WORKSPACE, None),
        InvalidWindow,
        "windows",
    ),
    (
        "text for windows",
        lambda session: etl.worker_plan(WORKSPACE, "8h"),
        InvalidWindow,
        "windows='8h': expected Window objects, such as Window.last(hours=8)",
    ),
    (
        "a day for windows",
        lambda session: etl.worker_plan(WORKSPACE, date(2026, 11, 1)),
        InvalidWindow,
        "windows",
    ),
    (
        "days among windows",
        lambda session: etl.worker_plan(WORKSPACE, [WINDOW, date(2026, 11, 1)]),
        InvalidWindow,
        "windows",
    ),
    (
        "one worker for several",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=WORKER),
        UsageError,
        "workers",
    ),
    (
        "a number for workers",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=5),
        UsageError,
        "workers",
    ),
    (
        "a workspace among workers",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=[WORKER, WORKSPACE]),
        InvalidSid,
        "worker_sid",
    ),
    (
        "queues for workers",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, workers=queries.task_queues(WORKSPACE)),
        UsageError,
        "workers",
    ),
    (
        "an empty channel",
        lambda session: etl.worker_plan(WORKSPACE, WINDOW, task_channel=""),
        InvalidParameter,
        "task_channel",
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
        "path",
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
        LONG,
    ),
    (
        "an unknown table",
        lambda session: etl.JsonLinesSink("day.jsonl", table="worker"),
        InvalidParameter,
        "table='worker': one of " + ", ".join(EXPORTED) + "; None for all",
    ),
    (
        "a list for a table",
        lambda session: etl.ParquetSink("lake", table=["workers"]),
        InvalidParameter,
        "table",
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
        "ftp://host/lake: pyarrow can't open this URI: expected one such as s3://…",
    ),
    (
        "JSON Lines in a bucket",
        lambda session: etl.JsonLinesSink("s3://bucket/day.jsonl"),
        ConfigError,
        "s3://bucket/day.jsonl: no file of an object store can be appended to: use Parquet there",
    ),
    (
        "a SID for a session",
        lambda session: etl.export(ACCOUNT, PLAN, SINK),
        UsageError,
        "export(): session= is of type str: expected a TaskRouterSession",
    ),
    (
        "queries for a plan",
        lambda session: etl.export(session, [], SINK),
        UsageError,
        "export(): plan= is of type list: expected a plan from etl.plan(…) or etl.worker_plan(…)",
    ),
    (
        "a name for a sink",
        lambda session: etl.export(session, PLAN, "lake/"),
        UsageError,
        'export(): sink= is of type str: expected a sink such as etl.ParquetSink("lake/")',
    ),
    (
        "True for an event",
        lambda session: etl.export(session, PLAN, SINK, stop=True),
        UsageError,
        "stop",
    ),
    (
        "a negative timedelta",
        lambda session: etl.export(session, PLAN, SINK, settle=timedelta(hours=-1)),
        InvalidParameter,
        "settle",
    ),
    (
        "seconds for a timedelta",
        lambda session: etl.export(session, PLAN, SINK, settle=3600),
        UsageError,
        "settle",
    ),
)
async def test_a_wrong_export_raises_this_error(call, error, says, tmp_path, monkeypatch):
    """A wrong argument raises an error before the output or the server is touched."""
    monkeypatch.chdir(tmp_path)
    with unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url) as session:
            caught = await refused(call, session)
    expected = says.replace("HERE", str(tmp_path))
    if " " in says:
        assert same(caught, error, expected)
    else:
        assert type(caught) is error
        assert expected in str(caught)
    assert list(tmp_path.iterdir()) == []
