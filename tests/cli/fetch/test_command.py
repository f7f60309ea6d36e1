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
    """The SIDs of all its workers."""
    return [worker.sid for worker in simulator.world.workers]


async def test_every_worker_is_one_line(simulator, run):
    """Piped, standard output holds one JSON object for each worker, and nothing else."""
    ran = await run("fetch", simulator.workspace_sid, "--last", "8h", **account(simulator))
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert len({row["worker_sid"] for row in rows}) == len(rows) == 12
    assert all(row["worker_name"] and row["window_end"].endswith("Z") for row in rows)
    assert len({(row["window_start"], row["window_end"]) for row in rows}) == 1
    assert (
        "12 of 12 answers (12 not settled yet), in standard output; 13 requests, 0 retr" in ran.err
    )


async def test_pipes_hold_no_escape_sequences(simulator, run):
    """No colour, no carriage return, whatever the environment asks for."""
    env = {**account(simulator), "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "CLICOLOR_FORCE": "1"}
    ran = await run("fetch", simulator.workspace_sid, **env)
    assert ran.code == 0
    assert not {"\x1b", "\r"} & set(ran.out + ran.err)


async def test_a_worker_that_is_gone_is_no_failure(simulator, run):
    """No later run could mend it: it is counted, and the run is complete."""
    given = "\n".join([workers(simulator)[0], UNKNOWN])
    ran = await run(
        "fetch", simulator.workspace_sid, "--workers=-", stdin=given, **account(simulator)
    )
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    assert "1 of workers that are gone" in ran.err


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (("WS1",), AUTH, "WS and 32 hexadecimal digits"),
        ((WS,), {}, "no credentials are set"),
        ((WS, "--last", "8"), AUTH, "--last 8"),
        ((WS, "--day", "yesterday"), AUTH, "--day needs --tz"),
        ((WS, "--headroom", "1.5"), AUTH, "headroom=1.5"),
        ((WS, "--base-url", "http://example.com"), AUTH, "plain http"),
        ((WS, "--proxy", "user:hidden@nowhere"), AUTH, "proxy="),
        ((WS, "--workers", "/nowhere/at/all"), AUTH, "/nowhere/at/all"),
        ((WS, "--output", "rows.csv"), AUTH, "say --table"),
        ((WS, "--output", "lake.parquet"), AUTH, "name a folder"),
        ((WS, "--output", "s3://x/rows.jsonl"), AUTH, "Parquet can go there"),
        ((WS, "--output", "s3:lake/", "--fresh", "--retry-failed"), AUTH, "exclude each other"),
        ((WS, "--format", "csv"), AUTH, "standard output takes JSON Lines"),
        ((WS, "--verify"), AUTH, "--verify needs --output"),
        ((WS, "--stop-at", "07:00"), AUTH, "--stop-at needs --tz"),
        ((WS, "--stop-at", "7 am", "--tz", "UTC"), AUTH, "--stop-at 7 am"),
        ((WS, "--workers", "-", "--task-queue", "x"), AUTH, "exclude each other"),
        ((WS, "--accounts", "/nowhere.toml"), AUTH, "No such file"),
        ((), AUTH, "Missing argument"),
        ((WS, "--nonsense"), AUTH, "No such option"),
    ],
)
def test_a_mistake_ends_with_one_line_and_2(here, arguments, env, says):
    """No traceback, no secret, nothing sent."""
    code, out, err = here(("fetch", *arguments), env)
    assert (code, out) == (2, "")
    assert says in err
    assert not any(word in err for word in ("Traceback", "hidden", AUTH["TWILIO_AUTH_TOKEN"]))


async def test_wrong_credentials_are_2(simulator, run):
    """A 401 ends the run at once, and the message holds no secret."""
    env = account(simulator) | {"TWILIO_AUTH_TOKEN": AUTH["TWILIO_AUTH_TOKEN"]}
    ran = await run("fetch", simulator.workspace_sid, **env)
    assert (ran.code, ran.out) == (2, "")
    assert "Error: HTTP 401" in ran.err
    assert "Not complete: 1 of 1 exports ended early" in ran.err
    assert AUTH["TWILIO_AUTH_TOKEN"] not in ran.err


async def test_a_workspace_that_is_not_there_is_2(simulator, run):
    """A 404 for the list of workers is about the argument."""
    ran = await run("fetch", WS, **account(simulator))
    assert ran.code == 2
    assert "HTTP 404" in ran.err


async def test_a_server_that_refuses_is_5(refusing, run):
    """A 403 for everything is the server's refusal."""
    ran = await run("fetch", WS, "--base-url", refusing(403), **AUTH)
    assert ran.code == 5
    assert "Error: HTTP 403" in ran.err


async def test_a_server_that_fails_for_every_worker_is_5(refusing, run):
    """Also when each worker's failure is its own, no worker was answered."""
    arguments = ("fetch", WS, "--base-url", refusing(500), "--workers", "-")
    ran = await run(*arguments, "--max-failures", "9", stdin=UNKNOWN, **AUTH)
    assert ran.code == 5
    assert "1 query failed, none was answered" in ran.err


def test_nobody_at_the_address_is_5(here):
    """A connection that is refused is told in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = here(("fetch", WS, "--base-url", url), AUTH)
    assert (code, out) == (5, "")
    assert "\nError: " in err
    assert "Traceback" not in err


async def test_a_reader_that_leaves_ends_it_quietly(simulator, start):
    """As `| head -1` does: 141, and not a word."""
    simulator.options.latency = 0.05
    process = await start("fetch", simulator.workspace_sid, "--pace-limit=20", **account(simulator))
    assert await process.stdout.readline()
    process._transport.get_pipe_transport(1).close()
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (141, b"")


async def test_ctrl_c_stores_what_is_under_way(start):
    """One signal is enough: 75, no traceback, and every line is whole."""
    async with Simulator(workers=50, limit=20, latency=0.01) as simulator:
        process = await start("fetch", simulator.workspace_sid, **account(simulator))
        while simulator.counters.succeeded < 12:  # noqa: ASYNC110 (it is another process's doing)
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 75
    assert err.startswith(b"SIGINT: storing what is under way")
    assert b"Not complete: stopped; run it again to start over" in err
    assert b"Traceback" not in err
    assert 11 <= len([json.loads(line) for line in out.splitlines()]) < 50


async def test_a_second_ctrl_c_ends_at_once(start):
    """130, though a request under way would still take its time."""
    async with Simulator(workers=50, limit=20, latency=5.0) as simulator:
        process = await start("fetch", simulator.workspace_sid, **account(simulator))
        while not simulator.counters.requests:  # noqa: ASYNC110 (it is another process's doing)
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 4)
    assert process.returncode == 130


async def test_a_slow_reader_loses_nothing(start):
    """While the pipe is full nothing is sent; all rows come when it is read."""
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
    """What can't be written is told with its reason."""
    arguments = ("fetch", simulator.workspace_sid, "--output", "/dev/full")
    ran = await run(*arguments, **account(simulator))
    assert ran.code == 4
    assert "Error: /dev/full can't be written: No space left on device" in ran.err


async def test_a_device_is_never_replaced(simulator, run):
    """What is no plain file is written to where it is."""
    ran = await run("fetch", simulator.workspace_sid, "--output", "/dev/null", **account(simulator))
    assert ran.code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)  # noqa: ASYNC240 (a moment)
