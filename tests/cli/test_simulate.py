"""``simulate``: what it prints can be used as it is."""

import asyncio
import signal
import socket
import sys

from tests.cli.processes import environment


async def test_what_it_prints_can_be_pasted(start):
    """A shell that runs the export and fetch lines gets every worker; Ctrl-C ends it with 0."""
    server = await start("simulate", "--port", "0", "--workers", "5", "--latency", "0")
    told = (await server.stdout.readuntil(b"Ctrl-C ends it.\n")).decode()
    pasted = told.partition("terminal:\n")[2].rpartition("\nCtrl-C")[0]
    pasted = pasted.replace("taskrouter-stats", "python -W error -m taskrouter_stats")
    script = pasted.replace("python", '"$PYTHON"').replace("curl -u", ": curl -u")
    shell = await asyncio.create_subprocess_exec(
        "sh", "-euc", script, env=environment({"PYTHON": sys.executable}), stdout=-1
    )
    out, _ = await shell.communicate()
    assert shell.returncode == 0
    assert len(out.splitlines()) == 5
    server.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(server.communicate(), 20)
    assert server.returncode == 0
    assert err == b"Stopped. 6 requests, 0 refused.\n"


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
