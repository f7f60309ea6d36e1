"""``simulate``: what it prints can be used as it is."""

import asyncio
import signal
import socket
import sys

import aiohttp
import pytest

from taskrouter_stats.simulator.server.faults import FAULTS, Faults
from tests.cli.processes import environment


@pytest.mark.parametrize("workspaces", [1, 2])
async def test_what_it_prints_can_be_pasted(start, workspaces):
    """A shell that runs the export and fetch lines gets every worker; Ctrl-C ends it with 0."""
    server = await start(
        *("simulate", "--port", "0", "--workers", "5", "--latency", "0"),
        *("--workspaces", str(workspaces)),
    )
    told = (await server.stdout.readuntil(b"Ctrl-C ends it.\n")).decode()
    pasted = told.partition("terminal:\n")[2].rpartition("\nCtrl-C")[0]
    pasted = pasted.replace("taskrouter-stats", "python -W error -m taskrouter_stats")
    script = pasted.replace("python", '"$PYTHON"').replace("curl -u", ": curl -u")
    shell = await asyncio.create_subprocess_exec(
        "sh", "-euc", script, env=environment({"PYTHON": sys.executable}), stdout=-1
    )
    out, _ = await shell.communicate()
    assert shell.returncode == 0
    assert len(out.splitlines()) == 5 * workspaces
    server.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(server.communicate(), 20)
    assert server.returncode == 0
    assert err == f"Stopped. {6 * workspaces} requests, 0 refused.\n".encode()


def test_a_taken_port_is_2(here):
    """The message says how to get a free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, out, err = here(("simulate", "--port", str(taken.getsockname()[1])), {})
    assert (code, out) == (2, "")
    assert "--port 0 takes a free one" in err
    assert "Traceback" not in err


def test_impossible_arguments_are_2(here):
    """As the simulator says."""
    code, out, err = here(("simulate", "--limit", "0"), {})
    assert (code, out) == (2, "")
    assert err.startswith("Error: limit=0")


async def test_faults_are_what_the_seed_says_and_count_as_what_was_sent(start):
    """With a share of 1 every answer is spoilt, in an order that follows from the seed."""
    drawn, seed = ["chunked", "429 for decades", "502"], 113
    faults = Faults(1.0, seed)
    assert [faults.draw() for _ in drawn] == [FAULTS[name] for name in drawn]
    place = ("--port", "0", "--workers", "1", "--latency", "0", "--seed", str(seed))
    server = await start("simulate", *place, "--faults", "1")
    told = (await server.stdout.readuntil(b"Ctrl-C ends it.\n")).decode()
    url = told.partition("BASE_URL=")[2].split()[0]
    async with aiohttp.ClientSession() as http:
        replies = [await http.get(url) for _ in drawn]
    assert [reply.status for reply in replies] == [401, 429, 502]
    assert replies[0].headers["Transfer-Encoding"] == "chunked"
    assert replies[1].headers["Retry-After"] == "1000000000"
    server.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(server.communicate(), 20)
    assert err == b"Stopped. 3 requests, 1 refused.\n"


def test_a_share_of_faults_is_a_share(here):
    """More than all can't be spoilt."""
    code, out, err = here(("simulate", "--faults", "1.5"), {})
    assert (code, out) == (2, "")
    assert err.startswith("Error: faults=1.5")


async def test_ctrl_c_ends_it_where_the_suite_was_told_to_ignore_it(start):
    """A suite that a script starts with `&` still sends a Ctrl-C that the process hears."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = await start("simulate", "--port", "0", "--workers", "5")
    finally:
        signal.signal(signal.SIGINT, before)
    await server.stdout.readuntil(b"Ctrl-C ends it.\n")
    server.send_signal(signal.SIGINT)
    await asyncio.wait_for(server.communicate(), 20)
    assert server.returncode == 0
