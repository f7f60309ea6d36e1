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
    assert "12 of 12 workers, in standard output; 13 requests, 0 retries, 0 refused" in ran.err


async def test_pipes_hold_no_escape_sequences(simulator, run):
    """No colour, no carriage return, whatever the environment asks for."""
    env = {**account(simulator), "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "CLICOLOR_FORCE": "1"}
    ran = await run("fetch", simulator.workspace_sid, **env)
    assert ran.code == 0
    assert not {"\x1b", "\r"} & set(ran.out + ran.err)


async def test_a_file_appears_when_it_is_complete(simulator, run, tmp_path):
    """It has all rows, and nothing is left beside it."""
    path = tmp_path / "rows.jsonl"
    ran = await run("fetch", simulator.workspace_sid, "--output", str(path), **account(simulator))
    assert (ran.code, ran.out) == (0, "")
    assert len(path.read_bytes().splitlines()) == 12
    assert list(tmp_path.iterdir()) == [path]


async def test_one_failed_worker_is_told_and_counted(simulator, run, tmp_path):
    """Exit code 3; the others are in the partial file, and an older whole file stays."""
    path = tmp_path / "rows.jsonl"
    path.write_text("older\n")
    given = "\n".join([*workers(simulator)[:3], UNKNOWN])
    arguments = ("fetch", simulator.workspace_sid, "--workers", "-", "--output", str(path))
    ran = await run(*arguments, stdin=given, **account(simulator))
    assert ran.code == 3
    assert f"failed: {UNKNOWN}: HTTP 404" in ran.err
    assert "Not complete: 1 worker failed, more than --max-failures allows" in ran.err
    assert path.read_text() == "older\n"
    (partial,) = tmp_path.glob("rows.jsonl.*.partial")
    assert str(partial) in ran.err
    assert len(partial.read_bytes().splitlines()) == 3


async def test_failures_may_be_allowed(simulator, run):
    """Up to --max-failures the run is complete."""
    given = "\n".join([workers(simulator)[0], UNKNOWN])
    arguments = ("fetch", simulator.workspace_sid, "--workers", "-", "--max-failures", "1")
    ran = await run(*arguments, stdin=given, **account(simulator))
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1


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
        ((WS, "--output", "/"), AUTH, "a directory"),
        ((WS, "--output", "/nowhere/at/all"), AUTH, "No such file"),
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
    assert "Not complete: 0 workers, in standard output" in ran.err
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
    assert "1 worker failed, none was answered" in ran.err


def test_nobody_at_the_address_is_5(here):
    """A connection that is refused is told in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = here(("fetch", WS, "--base-url", url), AUTH)
    assert (code, out) == (5, "")
    assert err.startswith("Error: ")
    assert "Traceback" not in err


async def test_a_reader_that_leaves_ends_it_quietly(simulator, start):
    """As `| head -1` does: 141, and not a word."""
    simulator.manners.latency = 0.05
    process = await start("fetch", simulator.workspace_sid, "--pace-limit=20", **account(simulator))
    assert await process.stdout.readline()
    process._transport.get_pipe_transport(1).close()
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.parametrize("output", ["-", "file"])
async def test_ctrl_c_says_what_is_there(start, tmp_path, output):
    """130, no traceback, and the rows that were written are counted."""
    path = tmp_path / "rows.jsonl"
    to = str(path) if output == "file" else "-"
    async with Simulator(workers=50, limit=20, latency=0.01) as simulator:
        arguments = ("fetch", simulator.workspace_sid, "--output", to)
        process = await start(*arguments, **account(simulator))
        while simulator.counters.succeeded < 12:  # noqa: ASYNC110 (it is another process's doing)
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 130
    assert err.startswith(b"Stopped.\nNot complete: ")
    assert b"of 50 workers" in err
    assert b"Traceback" not in err
    if output == "file":
        (partial,) = tmp_path.iterdir()
        out = partial.read_bytes()
        assert str(partial) in err.decode()
    assert f"Not complete: {len(out.splitlines())} of" in err.decode()
    assert all(json.loads(line) for line in out.splitlines())


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
