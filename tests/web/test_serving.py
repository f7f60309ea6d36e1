"""Tests of serving an application at a port."""

import socket

import aiohttp
import pytest
from aiohttp import web

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.web.serving import serving


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
async def test_a_number_that_is_not_a_port_is_refused(port):
    """The error names the port and how to get a free one, whatever the system raises for it."""
    with pytest.raises(ConfigError, match=f"port {port}: .*--port 0 selects a free port"):
        async with serving(web.Application(), "127.0.0.1", port):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_the_url_reaches_the_application(host):
    """The URL of a free port can be opened as it is, also that of an IPv6 address."""
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback address")
    async with (
        serving(web.Application(), host, 0) as url,
        aiohttp.ClientSession() as client,
        client.get(url) as response,
    ):
        assert response.status == 404


def has_ipv6():
    """Return whether this machine can listen at its IPv6 loopback address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
