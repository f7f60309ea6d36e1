"""``dashboard``: its address, its errors and its end."""

import asyncio
import signal
import socket

import aiohttp
import pytest

from tests.cli.processes import account
from tests.support.events import complete, watching

TOKEN = "correct-horse-battery"


async def begun(start, *arguments, **env):
    """Start the dashboard at a free port; return the process and the page's URL."""
    process = await start("dashboard", *arguments, "--port", "0", **env)
    line = (await process.stdout.readuntil(b"\n")).decode()
    await process.stdout.readuntil(b"Ctrl-C ends it.\n")
    return process, line.split()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_needs_no_account(start, number):
    """The demo serves moving data of a simulator, and a signal ends it with exit code 0."""
    process, url = await begun(start, "--demo")
    async with aiohttp.ClientSession() as http, watching(http, url) as following:
        message = await complete(following)
        assert message["workers"]["total"] == 400
        process.send_signal(number)
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (0, b"Stopped.\n")


async def test_the_token_of_the_environment_protects_the_data(start, simulator):
    """With a token in the environment, data require it, and no output shows it."""
    env = {**account(simulator), "TASKROUTER_STATS_DASHBOARD_TOKEN": TOKEN}
    process, url = await begun(start, simulator.workspace_sid, "--host", "0.0.0.0", **env)
    url = url.replace("0.0.0.0", "127.0.0.1")
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}workers") as response:
            assert response.status == 401
        async with http.get(
            f"{url}workers", headers={"Authorization": f"Bearer {TOKEN}"}
        ) as response:
            assert response.status == 200
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert TOKEN.encode() not in out + err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Give the SID of one WORKSPACE, or --demo."),
        (("WS" + "a" * 32, "--demo"), "Give the SID of one WORKSPACE, or --demo."),
        (("WS1",), "WORKSPACE='WS1' is not a Workspace SID"),
        (("--demo", "--host", "0.0.0.0"), "a token of 16 or more characters is required"),
        (("--demo", "--token", "short-token"), "expected 16 or more ASCII characters"),
        (("--demo", "--refresh", "0"), "expected seconds, from 1 to 86,400"),
        (("--demo", "--last", "5s"), "--last 5s: expected minutes, hours or days"),
    ],
)
def test_wrong_arguments_are_2(here, arguments, says):
    """The error says what is expected, and shows no token."""
    code, out, err = here(("dashboard", *arguments), {})
    assert (code, out) == (2, "")
    assert says in err
    assert "short-token" not in err


def test_a_used_port_is_2(here):
    """The error names host and port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = here(("dashboard", "--demo", "--port", port), {})
    assert (code, out) == (2, "")
    assert f"cannot listen at 127.0.0.1, port {port}" in err


async def test_wrong_credentials_end_it_at_the_start(run, simulator):
    """A wrong token of the account is exit code 2 before any browser comes."""
    env = {**account(simulator), "TWILIO_AUTH_TOKEN": "0" * 32}
    ran = await run("dashboard", simulator.workspace_sid, "--port", "0", **env)
    assert (ran.code, ran.out) == (2, "")
    assert "HTTP 401" in ran.err
