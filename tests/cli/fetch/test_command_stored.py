"""``fetch`` into files: continued, locked, stopped and partly failed runs."""

import asyncio
import codecs
import csv
import json
import os
import signal
from datetime import UTC, datetime, timedelta

import pyarrow.dataset as ds
import pytest

from taskrouter_stats.etl import JsonLinesSink, Writer
from taskrouter_stats.simulator import Simulator
from tests.cli.misbehaving_servers import ACCOUNT, WS, misbehaving_server
from tests.cli.processes import COMMAND, account

DAY = (datetime.now(UTC).date() - timedelta(days=3)).isoformat()
DAYS = ("--day", DAY, "--tz", "UTC")


def lines(path):
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def test_the_same_command_again_requests_no_statistics(simulator, run, tmp_path):
    """A second run lists the workers, requests no statistics and does not change the file."""
    path = tmp_path / "rows.jsonl"
    command = ("fetch", simulator.workspace_sid, *DAYS, "--output", str(path))
    first = await run(*command, **account(simulator))
    before = path.read_bytes()
    second = await run(*command, **account(simulator))
    assert (first.code, second.code, first.out, second.out) == (0, 0, "", "")
    assert path.read_bytes() == before
    assert len({row["worker_sid"] for row in lines(path)}) == 12
    assert "12 of 12 answers (12 stored by earlier runs)" in second.err
    assert "; 1 request," in second.err


async def test_a_file_and_standard_output_get_the_same_rows(simulator, run, tmp_path):
    """All keys and values are equal, except ``fetched_at``."""
    path = tmp_path / "rows.jsonl"
    command = ("fetch", simulator.workspace_sid, *DAYS)
    await run(*command, "--output", str(path), **account(simulator))
    printed = await run(*command, **account(simulator))
    rows = [json.loads(line) for line in printed.out.splitlines()]
    for row in (stored := lines(path)) + rows:
        assert row.pop("fetched_at")
    order = lambda row: row["worker_sid"]  # noqa: E731
    assert sorted(rows, key=order) == sorted(stored, key=order)


async def test_a_folder_is_parquet(simulator, run, tmp_path):
    """The folder has statistics, activities and workers, and each table is one dataset."""
    lake = tmp_path / "lake"
    command = ("fetch", simulator.workspace_sid, *DAYS, "--verify", "--output", str(lake))
    ran = await run(*command, **account(simulator))
    assert ran.code == 0
    assert "verify:" not in ran.err
    for table in ("worker_statistics", "workers"):
        rows = ds.dataset(lake / table, partitioning="hive").to_table()
        assert rows.num_rows == 12
    assert (lake / "worker_activity_durations").is_dir()


async def test_csv_has_one_file_per_table(simulator, run, tmp_path):
    """With --format=csv, a folder gets a CSV file for each table, with --excel for Excel."""
    command = ("fetch", simulator.workspace_sid, *DAYS, "--format=csv", "--compression=none")
    ran = await run(*command, "--excel", "--output", str(tmp_path), **account(simulator))
    assert ran.code == 0
    data = (tmp_path / "worker_statistics.csv").read_bytes()
    assert data.startswith(codecs.BOM_UTF8)
    assert len(list(csv.DictReader(data.decode("utf-8-sig").splitlines()))) == 12


async def test_two_runs_an_hour_apart_fetch_the_new_windows(simulator, here, tmp_path, monkeypatch):
    """The second run fetches one new window, and skips the seven that are stored."""
    path = tmp_path / "rows.jsonl"
    now = datetime.now(UTC).replace(minute=20, second=0, microsecond=0) - timedelta(hours=5)
    command = ("fetch", simulator.workspace_sid, "--last=8h", "--every=1h", "--output", str(path))
    seen = []
    for hours in (0, 1):
        at = now + timedelta(hours=hours)
        monkeypatch.setattr("taskrouter_stats.cli.options.windows._now", lambda at=at: at)
        code, _, err = await asyncio.to_thread(here, command, account(simulator))
        assert code == 0
        seen.append({row["window_end"] for row in lines(path)})
    assert [len(ends) for ends in seen] == [8, 9]
    assert len(lines(path)) == 9 * 12
    assert "96 of 96 answers (84 stored by earlier runs)" in err


async def test_a_locked_output_is_75(simulator, run, tmp_path):
    """The error names the other process, nothing is sent, and the summary has the error."""
    path, summary = tmp_path / "rows.jsonl", tmp_path / "run.json"
    command = ("fetch", simulator.workspace_sid, *DAYS, "--output", str(path))
    async with Writer(JsonLinesSink(path)):
        ran = await run(*command, "--summary", str(summary), **account(simulator))
    assert ran.code == 75
    assert f"process {os.getpid()} on" in ran.err
    assert simulator.counters.requests == 0
    written = json.loads(summary.read_text())
    assert (written["exit_code"], written["error"]["type"]) == (75, "OutputLocked")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_is_75_and_the_same_command_continues(start, run, tmp_path, number):
    """After the second run, the output has each worker once."""
    path, summary = tmp_path / "rows.jsonl", tmp_path / "run.json"
    async with Simulator(workers=60, limit=40, latency=0.01) as simulator:
        command = ("fetch", simulator.workspace_sid, *DAYS, "--output", str(path))
        command += ("--summary", str(summary))
        process = await start(*command, **account(simulator))
        while simulator.counters.succeeded < 12:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.01)
        process.send_signal(number)
        _, err = await asyncio.wait_for(process.communicate(), 20)
        written = json.loads(summary.read_text())
        assert process.returncode == written["exit_code"] == 75
        assert b"Not complete: stopped; run the command again to continue" in err
        assert written["stopped"]
        assert written["totals"]["written"] == len(lines(path)) < 60
        again = await run(*command, **account(simulator))
    assert again.code == 0
    assert len({row["worker_sid"] for row in lines(path)}) == len(lines(path)) == 60
    export = json.loads(summary.read_text())["exports"][0]
    assert export["written"] + export["already_done"] == 60


async def test_a_failure_is_3_and_can_be_retried(run, tmp_path):
    """A failure is allowed by --max-failures, and requested alone by --retry-failed."""
    path = tmp_path / "rows.jsonl"
    failing = "WK" + "0" * 31 + "1"
    refuse = {f"{failing}/Statistics": (400, {"code": 20001, "status": 400, "message": "odd"})}
    async with misbehaving_server(refuse=refuse) as (url, requested):
        command = ("fetch", WS, *DAYS, "--output", str(path), "--base-url", url)
        ran = await run(*command, **ACCOUNT)
        assert ran.code == 3
        assert f"failed: {failing}: HTTP 400" in ran.err
        assert "Not complete: 1 query failed, more than --max-failures allows" in ran.err
        allowed = await run(*command, "--max-failures", "1", **ACCOUNT)
        assert allowed.code == 0
        refuse.clear()
        requested.clear()
        again = ("fetch", "--retry-failed", "--output", str(path), "--base-url", url)
        assert (await run(*again, **ACCOUNT)).code == 0
        assert requested == [f"/v1/Workspaces/{WS}/Workers/{failing}/Statistics"]
        assert (await run(*again, **ACCOUNT)).code == 0
        assert len(requested) == 1
    assert len({row["worker_sid"] for row in lines(path)}) == len(lines(path)) == 3


async def test_an_output_that_cannot_be_written_is_4(simulator, run, tmp_path):
    """The error line has the reason of the system."""
    (tmp_path / "file.txt").touch()
    place = tmp_path / "file.txt" / "rows.jsonl"
    command = ("fetch", simulator.workspace_sid, *DAYS, "--output", str(place))
    ran = await run(*command, **account(simulator))
    assert ran.code == 4
    assert "Error: " in ran.err
    assert "Not a directory" in ran.err


async def test_another_programs_file_is_kept_until_fresh(simulator, run, tmp_path):
    """The file does not change without --fresh, and is moved aside with it."""
    path = tmp_path / "rows.jsonl"
    path.write_text("older\n")
    command = ("fetch", simulator.workspace_sid, *DAYS, "--output", str(path))
    assert (await run(*command, **account(simulator))).code == 4
    assert path.read_text() == "older\n"
    assert (await run(*command, "--fresh", **account(simulator))).code == 0
    assert len(lines(path)) == 12
    assert [old.read_text() for old in tmp_path.glob("rows.jsonl.2*")] == ["older\n"]


async def test_stderr_can_be_json_lines(simulator, run, tmp_path):
    """Each line of stderr is a JSON object, errors included, without a secret."""
    summary = tmp_path / "run.json"
    command = ("fetch", simulator.workspace_sid, *DAYS, "--log-format=json", "--max-in-flight=4")
    command += ("--output", str(tmp_path / "rows.jsonl"), "--summary", str(summary))
    good = await run(*command, **account(simulator))
    bad = await run(*command, **account(simulator) | {"TWILIO_AUTH_TOKEN": "nobody-sees-this"})
    events = [[json.loads(line) for line in ran.err.splitlines()] for ran in (good, bad)]
    assert [ran.code for ran in (good, bad)] == [0, 2]
    assert [line["event"] for line in events[0]] == ["report", "end"]
    assert events[0][0]["report"]["written"] == 12
    assert "HTTP 401" in events[1][1]["message"]
    assert "nobody-sees-this" not in bad.err + summary.read_text()


async def test_nothing_settled_is_complete(simulator, here, tmp_path, monkeypatch):
    """Shortly after midnight no day has settled, and nothing is sent."""
    at = datetime(2026, 11, 2, 0, 10, tzinfo=UTC)
    monkeypatch.setattr("taskrouter_stats.cli.options.windows._now", lambda: at)
    command = ("fetch", simulator.workspace_sid, "--catch-up=1", "--tz=UTC", "--output")
    code, _, err = await asyncio.to_thread(here, (*command, str(tmp_path)), account(simulator))
    assert code == 0
    assert "Nothing to do" in err
    assert simulator.counters.requests == 0


async def test_cron_needs_no_home_no_locale_and_no_terminal(simulator, tmp_path):
    """The command works with an almost empty environment."""
    env = {"PATH": os.defpath, "LC_ALL": "C", **account(simulator)}
    command = (*COMMAND, "fetch", simulator.workspace_sid, "--catch-up=2", "--tz=Europe/Dublin")
    process = await asyncio.create_subprocess_exec(
        *command, "--output", "lake", stdin=-3, stdout=-1, stderr=-1, env=env, cwd=tmp_path
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (0, b"")
    assert (
        b"24 of 24 answers" in err or b"12 of 12 answers" in err
    )  # within an hour after midnight in Dublin
    assert not {b"\x1b", b"\r"} & {bytes([byte]) for byte in err}
    assert (tmp_path / "lake" / "worker_statistics").is_dir()
