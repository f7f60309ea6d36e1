"""``fetch``: rows, failures and exit codes, with real processes and a real server."""

import asyncio
import json
import signal
import socket
import stat
from pathlib import Path

import pytest

from taskrouter_stats.simulator import Simulator
from tests.cli.processes import account

WS, UNKNOWN = "WS" + "1" * 32, "WK" + "0" * 32
AUTH = {"TWILIO_ACCOUNT_SID": "AC" + "3" * 32, "TWILIO_AUTH_TOKEN": "nobody-may-see-this"}


def workers(simulator):
    """Return the SIDs of all workers of a simulator."""
    return [worker.sid for worker in simulator.world.workers]


async def test_every_worker_is_one_line(simulator, run_process):
    """A pipe gets one JSON object per worker, and nothing else."""
    ran = await run_process("fetch", simulator.workspace_sid, "--last", "8h", **account(simulator))
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert len({row["worker_sid"] for row in rows}) == len(rows) == 12
    assert all(row["worker_name"] and row["window_end"].endswith("Z") for row in rows)
    assert len({(row["window_start"], row["window_end"]) for row in rows}) == 1
    assert (
        "12 of 12 answers (12 not settled yet), in standard output; 13 requests, 0 retr" in ran.err
    )


async def test_pipes_get_no_escape_sequences(simulator, run_process):
    """A pipe gets no colour and no carriage return, also if the environment forces colours."""
    env = {**account(simulator), "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "CLICOLOR_FORCE": "1"}
    ran = await run_process("fetch", simulator.workspace_sid, **env)
    assert ran.code == 0
    assert not {"\x1b", "\r"} & set(ran.out + ran.err)


async def test_a_worker_that_no_longer_exists_is_not_a_failure(simulator, run):
    """The summary line counts such a worker separately, and the run is complete."""
    sids = "\n".join([workers(simulator)[0], UNKNOWN])
    ran = await run(
        "fetch", simulator.workspace_sid, "--workers=-", stdin=sids, **account(simulator)
    )
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    assert "1 of workers that no longer exist" in ran.err


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (("WS1",), AUTH, "WORKSPACE='WS1'"),
        ((WS,), {}, "no credentials are set"),
        ((WS, "--last", "8"), AUTH, "--last 8"),
        ((WS, "--day", "yesterday"), AUTH, "--day requires --tz"),
        ((WS, "--headroom", "1.5"), AUTH, "headroom=1.5"),
        ((WS, "--base-url", "http://example.com"), AUTH, "base_url="),
        ((WS, "--proxy", "user:hidden@nowhere"), AUTH, "proxy="),
        ((WS, "--workers", "/nowhere/at/all"), AUTH, "/nowhere/at/all"),
        ((WS, "--output", "rows.csv"), AUTH, "--output rows.csv"),
        ((WS, "--output", "lake.parquet"), AUTH, "lake.parquet:"),
        ((WS, "--output", "s3://x/rows.jsonl"), AUTH, "s3://x/rows.jsonl"),
        (
            (WS, "--output", "s3:lake/", "--fresh", "--retry-failed"),
            AUTH,
            "--fresh and --retry-failed",
        ),
        ((WS, "--format", "csv"), AUTH, "standard output"),
        ((WS, "--verify"), AUTH, "--verify requires --output"),
        ((WS, "--stop-at", "07:00"), AUTH, "--stop-at requires --tz"),
        ((WS, "--stop-at", "7 am", "--tz", "UTC"), AUTH, "--stop-at 7 am"),
        ((WS, "--workers", "-", "--task-queue", "x"), AUTH, "--workers and --task-queue"),
        ((WS, "--accounts", "/nowhere.toml"), AUTH, "No such file"),
        ((), AUTH, "Missing argument"),
        ((WS, "--nonsense"), AUTH, "No such option"),
    ],
)
def test_a_wrong_option_is_2(here, arguments, env, says):
    """A wrong option is refused by its name, without a traceback and without a secret."""
    code, out, err = here(("fetch", *arguments), env)
    assert (code, out) == (2, "")
    assert says in err
    assert not any(word in err for word in ("Traceback", "hidden", AUTH["TWILIO_AUTH_TOKEN"]))


async def test_wrong_credentials_are_2(simulator, run):
    """A 401 ends the run, and the message contains no secret."""
    env = account(simulator) | {"TWILIO_AUTH_TOKEN": AUTH["TWILIO_AUTH_TOKEN"]}
    ran = await run("fetch", simulator.workspace_sid, **env)
    assert (ran.code, ran.out) == (2, "")
    assert "Error: HTTP 401" in ran.err
    assert "Not complete: 1 of 1 exports ended early" in ran.err
    assert AUTH["TWILIO_AUTH_TOKEN"] not in ran.err


async def test_a_workspace_that_does_not_exist_is_2(simulator, run):
    """A 404 for the list of workers is a usage error."""
    ran = await run("fetch", WS, **account(simulator))
    assert ran.code == 2
    assert "HTTP 404" in ran.err


async def test_a_server_that_refuses_is_5(refusing, run):
    """A 403 for the list of workers is exit code 5."""
    ran = await run("fetch", WS, "--base-url", refusing(403), **AUTH)
    assert ran.code == 5
    assert "Error: HTTP 403" in ran.err


async def test_a_server_that_fails_for_every_worker_is_5(refusing, run):
    """If no worker was answered, --max-failures does not make the run complete."""
    arguments = ("fetch", WS, "--base-url", refusing(500), "--workers", "-")
    ran = await run(*arguments, "--max-failures", "9", stdin=UNKNOWN, **AUTH)
    assert ran.code == 5
    assert "1 query failed, none was answered" in ran.err


def test_an_unreachable_server_is_5(here):
    """A refused connection has one error line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = here(("fetch", WS, "--base-url", url), AUTH)
    assert (code, out) == (5, "")
    assert "\nError: " in err
    assert "Traceback" not in err


async def test_a_reader_that_closes_the_pipe_is_141(simulator, start):
    """A reader such as ``head -1`` ends the run without a message."""
    simulator.options.latency = 0.05
    process = await start("fetch", simulator.workspace_sid, "--pace-limit=20", **account(simulator))
    assert await process.stdout.readline()
    process._transport.get_pipe_transport(1).close()
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (141, b"")


async def test_ctrl_c_stores_the_answers_in_flight(start):
    """One signal ends the run with exit code 75, and each line is a complete row."""
    async with Simulator(workers=50, limit=20, latency=0.01) as simulator:
        process = await start("fetch", simulator.workspace_sid, **account(simulator))
        while simulator.counters.succeeded < 12:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 75
    assert err.startswith(b"SIGINT: storing the answers in flight")
    assert b"Not complete: stopped; run the command again to start over" in err
    assert b"Traceback" not in err
    assert 11 <= len([json.loads(line) for line in out.splitlines()]) < 50


async def test_a_second_ctrl_c_ends_immediately(start):
    """A second signal is exit code 130, although a request is in flight."""
    async with Simulator(workers=50, limit=20, latency=5.0) as simulator:
        process = await start("fetch", simulator.workspace_sid, **account(simulator))
        while not simulator.counters.requests:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 4)
    assert process.returncode == 130


async def test_a_slow_reader_loses_nothing(start):
    """While the pipe is full, no request is sent; all rows arrive when it is read."""
    async with Simulator(workers=150, limit=1000, window="none", latency=0.0) as simulator:
        arguments = ("fetch", simulator.workspace_sid, "--timeout", "0.6", "--max-in-flight", "5")
        process = await start(*arguments, **account(simulator))
        first = await process.stdout.readline()
        process._transport.get_pipe_transport(1).pause_reading()
        await asyncio.sleep(1.0)
        process._transport.get_pipe_transport(1).resume_reading()
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert len((first + out).splitlines()) == 150
    assert b"0 retries" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_is_4(simulator, run):
    """The error line has the reason of the system."""
    arguments = ("fetch", simulator.workspace_sid, "--output", "/dev/full")
    ran = await run(*arguments, **account(simulator))
    assert ran.code == 4
    assert "Error: /dev/full cannot be written: No space left on device" in ran.err


async def test_a_device_is_written_to_and_not_replaced(simulator, run):
    """The device is still a device after the run."""
    ran = await run("fetch", simulator.workspace_sid, "--output", "/dev/null", **account(simulator))
    assert ran.code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)  # noqa: ASYNC240 (a moment)
