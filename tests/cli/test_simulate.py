"""``simulate``: its instructions, its errors and its end."""

import asyncio
import signal
import socket
import sys

import aiohttp
import pytest

from taskrouter_stats.simulator.server.faults import FAULTS, Faults
from tests.cli.processes import environment

READY = b"Ctrl-C ends the simulator.\n"


@pytest.mark.parametrize("workspaces", [1, 2])
async def test_the_printed_commands_work_in_a_shell(start, workspaces):
    """A shell that runs the printed commands gets every worker; Ctrl-C is exit code 0."""
    server = await start(
        *("simulate", "--port", "0", "--workers", "5", "--latency", "0"),
        *("--workspaces", str(workspaces)),
    )
    printed = (await server.stdout.readuntil(READY)).decode()
    pasted = printed.partition("terminal:\n")[2].rpartition("\nCtrl-C")[0]
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


def test_a_used_port_is_2(here):
    """The error says how to get a free port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, out, err = here(("simulate", "--port", str(taken.getsockname()[1])), {})
    assert (code, out) == (2, "")
    assert "--port 0 selects a free port" in err
    assert "Traceback" not in err


def test_wrong_arguments_are_2(here):
    """The error is that of the simulator."""
    code, out, err = here(("simulate", "--limit", "0"), {})
    assert (code, out) == (2, "")
    assert err.startswith("Error: limit=0")


async def test_the_seed_determines_the_faults(start):
    """With a share of 1, every answer is faulty, in an order that the seed determines."""
    drawn, seed = ["chunked", "429 for decades", "502"], 113
    faults = Faults(1.0, seed)
    assert [faults.draw() for _ in drawn] == [FAULTS[name] for name in drawn]
    place = ("--port", "0", "--workers", "1", "--latency", "0", "--seed", str(seed))
    server = await start("simulate", *place, "--faults", "1")
    printed = (await server.stdout.readuntil(READY)).decode()
    url = printed.partition("BASE_URL=")[2].split()[0]
    async with aiohttp.ClientSession() as http:
        replies = [await http.get(url) for _ in drawn]
    assert [reply.status for reply in replies] == [401, 429, 502]
    assert replies[0].headers["Transfer-Encoding"] == "chunked"
    assert replies[1].headers["Retry-After"] == "1000000000"
    server.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(server.communicate(), 20)
    assert err == b"Stopped. 3 requests, 1 refused.\n"


def test_a_share_of_faults_above_1_is_refused(here):
    """The error names the parameter."""
    code, out, err = here(("simulate", "--faults", "1.5"), {})
    assert (code, out) == (2, "")
    assert err.startswith("Error: faults=1.5")


async def test_ctrl_c_ends_a_process_although_the_suite_ignores_it(start):
    """The process handles SIGINT even if a script started the suite with ``&``."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = await start("simulate", "--port", "0", "--workers", "5", fresh=True)
    finally:
        signal.signal(signal.SIGINT, before)
    await server.stdout.readuntil(READY)
    server.send_signal(signal.SIGINT)
    await asyncio.wait_for(server.communicate(), 20)
    assert server.returncode == 0
