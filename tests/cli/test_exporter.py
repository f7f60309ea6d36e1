"""``exporter``: its start, a scrape and its end."""

import asyncio
import signal
import socket

import aiohttp
from prometheus_client.parser import text_string_to_metric_families


async def test_it_serves_until_sigterm(start, simulator):
    """The printed address serves metrics of the workspace; SIGTERM is exit code 0."""
    user, password = simulator.auth
    server = await start(
        *("exporter", simulator.workspace_sid, "--port", "0", "--by", "site"),
        TASKROUTER_STATS_BASE_URL=simulator.base_url,
        TWILIO_ACCOUNT_SID=user,
        TWILIO_AUTH_TOKEN=password,
    )
    line = (await asyncio.wait_for(server.stdout.readline(), 20)).decode()
    url = line.partition("Serving ")[2].partition(";")[0]
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        text = await response.text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert [sample.value for sample in families["taskrouter_up"].samples] == [1]
    assert sum(sample.value for sample in families["taskrouter_workers"].samples) == 12
    assert "taskrouter_client_requests" in families
    assert password not in text
    server.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(server.communicate(), 20)
    assert (server.returncode, err) == (0, b"Stopped.\n")


def test_a_used_port_is_2(here):
    """The error says how to get a free port."""
    env = {"TWILIO_ACCOUNT_SID": "AC" + "a" * 32, "TWILIO_AUTH_TOKEN": "t" * 32}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = here(("exporter", "WS" + "1" * 32, "--port", port), env)
    assert (code, out) == (2, "")
    assert "--port 0 selects a free port" in err


def test_a_wrong_workspace_is_2(here):
    """The workspaces are checked before anything is served."""
    env = {"TWILIO_ACCOUNT_SID": "AC" + "a" * 32, "TWILIO_AUTH_TOKEN": "t" * 32}
    code, out, err = here(("exporter", "WK" + "1" * 32), env)
    assert (code, out) == (2, "")
    assert "expected WS and 32 hexadecimal digits" in err
