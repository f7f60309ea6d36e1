"""When a request is said to be on its way: the moment from which the server may count it."""

import socket

import aiohttp
import pytest
from aiohttp import web

from taskrouter_stats import errors
from taskrouter_stats.core.request import build_request
from taskrouter_stats.session.transport import Transport
from tests.support.fakes import ACCOUNT, CREDENTIALS, worker_query
from tests.support.servers import serving

BASE = "https://taskrouter.twilio.com"
REQUEST = build_request(worker_query(1), ACCOUNT)


async def empty(_):
    """Answer with an empty object."""
    return web.json_response({})


def opened(base_url, http=None):
    """A transport of its own."""
    return Transport(base_url, CREDENTIALS, timeout=5.0, proxy=None, http=http)


async def test_departs_once_its_connection_stands():
    """It is told once, after connecting and before the reply, and not of a reply before."""
    story = []
    async with serving(empty) as base_url:
        transport = opened(base_url)
        connect = transport._http.connector.connect

        async def connecting(*args, **kwargs):
            connection = await connect(*args, **kwargs)
            story.append("connected")
            return connection

        transport._http.connector.connect = connecting
        for _ in range(2):
            await transport.send(REQUEST, lambda: story.append("departed"))
            story.append("answered")
        await transport.aclose()
    assert story == ["connected", "departed", "answered"] * 2


async def test_departs_never_without_a_connection():
    """What could not connect has not departed."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        story, transport = [], opened(base_url)
        with pytest.raises(errors.ConnectionFailed):
            await transport.send(REQUEST, lambda: story.append("departed"))
        await transport.aclose()
    assert story == []


async def test_departs_of_a_borrowed_session_before(mocked):
    """Nobody knows when a borrowed session has connected: its requests depart at once."""
    mocked.answer(payload={})
    story = []
    async with aiohttp.ClientSession() as http:
        transport = opened(BASE, http)
        await transport.send(REQUEST, lambda: story.append("departed"))
    assert story == ["departed"]
