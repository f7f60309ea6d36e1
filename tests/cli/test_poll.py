"""``poll``: snapshots in files, its ends and exit codes, with a real server."""

import asyncio
import json
import signal

import duckdb
import pytest
from aiohttp import web

from taskrouter_stats import errors
from taskrouter_stats.cli import poll as polls
from taskrouter_stats.etl.polling.taker import TABLES
from taskrouter_stats.simulator import Simulator
from tests.cli.processes import account
from tests.support.servers import serving

WS = "WS" + "1" * 32
NOWHERE = "http://127.0.0.1:9"
AUTH = {
    "TWILIO_ACCOUNT_SID": "AC" + "3" * 32,
    "TWILIO_AUTH_TOKEN": "nobody-may-see-this",
    "TASKROUTER_STATS_BASE_URL": NOWHERE,
}
ONE = ("--every", "1s", "--for", "1s")


def count(place, table, ending="parquet"):
    """Return the number of rows of a table."""
    read = {"parquet": "read_parquet", "jsonl": "read_json"}[ending]
    query = f"SELECT count(*) FROM {read}('{place}/{table}/**/*.{ending}')"
    with duckdb.connect() as connection:
        return connection.sql(query).fetchall()[0][0]


async def test_a_snapshot_is_stored(simulator, run, tmp_path):
    """One beat stores the default tables, and the summary line counts what it did."""
    ran = await run(
        "poll", simulator.workspace_sid, *ONE, "--output", str(tmp_path), **account(simulator)
    )
    assert (ran.code, ran.out) == (0, "")
    assert count(tmp_path, "worker_activity") == 12
    assert count(tmp_path, "task_queue_real_time_statistics") == len(simulator.world.task_queues)
    assert count(tmp_path, "snapshots") == 1
    first, summary = ran.err.splitlines()
    assert "Z complete: " in first
    assert "1 snapshots (0 not complete), 0 beats skipped" in summary


async def test_every_table_as_json_lines(simulator, run, tmp_path):
    """``--tables all --format jsonl`` stores every table, and each line of the log is JSON."""
    ran = await run(
        *("poll", simulator.workspace_sid, *ONE, "--output", str(tmp_path)),
        *("--tables", "all", "--format", "jsonl", "--tz", "America/New_York"),
        *("--log-format", "json"),
        **account(simulator),
    )
    assert ran.code == 0
    assert all(count(tmp_path, table, "jsonl") for table in TABLES)
    events = [json.loads(line) for line in ran.err.splitlines()]
    assert [event["event"] for event in events] == ["snapshot", "report", "end"]
    assert events[1]["report"]["beats"] == events[1]["report"]["complete"] == 1
    assert events[0]["snapshot"]["tz"] == "America/New_York"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_after_the_snapshot(simulator, start, tmp_path, number):
    """Ctrl-C and SIGTERM end a poll with exit code 75, and what it stored is whole."""
    process = await start(
        "poll", simulator.workspace_sid, "--output", str(tmp_path), **account(simulator)
    )
    async with asyncio.timeout(20):
        await process.stderr.readline()  # about the first snapshot
        process.send_signal(number)
        _, err = await process.communicate()
    assert process.returncode == 75
    assert b"Stopped: run the command again to continue." in err
    assert count(tmp_path, "snapshots") == 1


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        (("--every", "1s"), 10.0),
        (("--every", "20s"), 20.0),
        (("--every", "1h"), 30.0),
        (("--every", "1s", "--timeout", "3"), 3.0),
    ],
)
def test_a_request_that_hangs_costs_few_beats(here, tmp_path, monkeypatch, options, seconds):
    """An attempt may take as long as a beat, 10 to 30 seconds, unless --timeout is given."""
    used = []

    def stop(run):
        used.extend(account.session._settings.timeout for account in run.accounts)
        raise errors.ConfigError("enough")

    monkeypatch.setattr(polls._PollRun, "run", stop)
    code, _, _ = here(("poll", WS, *options, "--output", str(tmp_path / "lake")), AUTH)
    assert (code, used) == (2, [seconds])


async def test_two_workspaces_of_one_account(tmp_path, run):
    """Several workspaces are polled at once, each with its own snapshots."""
    async with Simulator(workers=3, workspaces=2, latency=0.0) as simulator:
        ran = await run(
            "poll", *simulator.workspace_sids, *ONE, "--output", str(tmp_path), **account(simulator)
        )
    assert ran.code == 0
    assert count(tmp_path, "snapshots") == 2
    assert {path.parent.parent.name for path in tmp_path.glob("snapshots/**/*.parquet")} == {
        f"workspace={sid}" for sid in simulator.workspace_sids
    }


@pytest.mark.parametrize(("allowed", "code"), [("0", 3), ("1", 0)])
async def test_failures_beyond_those_allowed_are_3(run, tmp_path, allowed, code):
    """An incomplete snapshot is exit code 3, unless --max-failures allows it."""

    async def answer(request):
        if request.path.endswith("Workers/RealTimeStatistics"):
            return web.json_response({"workspace_sid": WS, "total_workers": 3})
        return web.json_response({"code": 20001, "status": 400}, status=400)

    tables = ("--tables", "workers_real_time_statistics,workspace_real_time_statistics")
    async with serving(answer) as url:
        place = ("--base-url", url, "--output", str(tmp_path), "--max-failures", allowed)
        ran = await run("poll", WS, *ONE, *tables, *place, **AUTH)
    assert ran.code == code
    assert "lacks workspace_real_time_statistics: BadRequest" in ran.err
    assert count(tmp_path, "workers_real_time_statistics") == 1


@pytest.mark.parametrize(("status", "code"), [(401, 2), (403, 5), (404, 2)])
async def test_a_server_that_refuses_everything_ends_it(refusing, run, tmp_path, status, code):
    """A refused first snapshot ends the poll with the code of its error, and stores nothing."""
    place = ("--base-url", refusing(status), "--output", str(tmp_path))
    ran = await run("poll", WS, "--every", "1s", *place, **AUTH)
    assert ran.code == code
    assert f"Error: HTTP {status}" in ran.err
    assert AUTH["TWILIO_AUTH_TOKEN"] not in ran.err
    assert list(tmp_path.rglob("*.parquet")) == []


async def test_a_server_without_any_answer_is_5(run, tmp_path):
    """If no snapshot has a row, the exit code is 5, and the snapshots say why."""
    place = ("--base-url", NOWHERE, "--output", str(tmp_path))
    tables = ("--tables", "workers_real_time_statistics", "--format", "jsonl")
    ran = await run("poll", WS, *ONE, *place, *tables, **AUTH)
    assert ran.code == 5
    assert "not complete (workers_real_time_statistics)" in ran.err
    (path,) = tmp_path.glob("snapshots/**/*.jsonl")
    assert "ConnectionFailed" in json.loads(path.read_bytes())["problems"][tables[1]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--output", "lake"), "Missing argument 'WORKSPACES…'"),
        ((WS,), "Missing option '--output'"),
        (("WS1", "--output", "lake"), "WORKSPACE='WS1'"),
        ((WS, "--output", "lake", "--every", "30"), "--every 30: expected a time such as 30s"),
        ((WS, "--output", "lake", "--every", "0s"), "every="),
        ((WS, "--output", "lake", "--for", "1 hour"), "--for 1 hour: expected a time such as"),
        ((WS, "--output", "lake", "--for", "0s"), "duration="),
        ((WS, "--output", "lake", "--tables", "workers"), "--tables workers: expected all"),
        ((WS, "--output", "lake", "--tz", "Mars"), "--tz Mars: expected an IANA name"),
        ((WS, "--output", "lake.jsonl", "--format", "jsonl"), "a poll writes all of its tables"),
        ((WS, "--output", "x.parquet"), "x.parquet: Parquet makes a folder"),
    ],
)
def test_a_wrong_option_is_2(here, tmp_path, monkeypatch, arguments, says):
    """A wrong option is refused by its name, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    code, out, err = here(("poll", *arguments), AUTH)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
