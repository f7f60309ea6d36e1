"""The server's listening socket, and how it closes for a time."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from taskrouter_stats.simulator.server.listener import Listener

SECONDS = 0.05
FOUND_NONE = b"HTTP/1.1 404 Not Found\r\n"


@asynccontextmanager
async def opened(port=0):
    """Return an open listener of an application without routes."""
    listener = Listener(web.Application(), "127.0.0.1", port)
    await listener.open()
    try:
        yield listener
    finally:
        await listener.close()


async def refusing(listener):
    """Start to refuse connections, and wait until the listener does."""
    shutting = asyncio.create_task(listener.refuse_connections(SECONDS))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await answered(listener)
    return shutting


async def answered(listener):
    """Return the first line that a new connection receives."""
    reader, writer = await asyncio.open_connection(*listener.address)
    try:
        return await asked(reader, writer)
    finally:
        writer.close()


async def asked(reader, writer):
    """Return the first line that a connection receives."""
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    return await reader.readline()


async def test_a_listener_refuses_and_accepts_again():
    """Meanwhile new connections are refused and open ones work; later new ones are accepted."""
    async with opened() as listener:
        reader, writer = await asyncio.open_connection(*listener.address)
        await asked(reader, writer)
        address, shutting = listener.address, await refusing(listener)
        await reader.readuntil(b"404: Not Found")
        assert await asked(reader, writer) == FOUND_NONE
        assert not shutting.done()
        writer.close()
        await shutting
        assert listener.address == address
        assert await answered(listener) == FOUND_NONE


async def test_a_second_refusal_does_nothing():
    """A second refusal meanwhile does nothing, and the first ends on time."""
    async with opened() as listener:
        shutting = await refusing(listener)
        await listener.refuse_connections(SECONDS)
        assert not shutting.done()
        await shutting
        assert await answered(listener) == FOUND_NONE


async def test_a_closed_listener_does_not_listen_again():
    """A server that is closed meanwhile does not listen again."""
    async with opened() as listener:
        shutting = await refusing(listener)
    await shutting
    with pytest.raises(ConnectionRefusedError):
        await answered(listener)


async def test_a_port_in_use_raises():
    """A port in use raises an error, and no socket stays open."""
    async with opened() as listener:
        with pytest.raises(OSError, match=str(listener.address[1])):
            async with opened(listener.address[1]):
                pass
