"""Where the server listens, and how it is shut for a while."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from taskrouter_stats.simulator.server.listener import Listener

SECONDS = 0.05
FOUND_NONE = b"HTTP/1.1 404 Not Found\r\n"


@asynccontextmanager
async def opened(port=0):
    """A door of an application without pages."""
    door = Listener(web.Application(), "127.0.0.1", port)
    await door.open()
    try:
        yield door
    finally:
        await door.close()


async def shut(door):
    """Begin to shut it, and see that it is."""
    shutting = asyncio.create_task(door.refuse_connections(SECONDS))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await answered(door)
    return shutting


async def answered(door):
    """The first line of what a new connection gets."""
    reader, writer = await asyncio.open_connection(*door.address)
    try:
        return await asked(reader, writer)
    finally:
        writer.close()


async def asked(reader, writer):
    """The first line of what a connection gets."""
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    return await reader.readline()


async def test_a_shut_door_refuses_and_opens_again():
    """While it is shut connections are refused, an open one goes on, and then it lets in."""
    async with opened() as door:
        reader, writer = await asyncio.open_connection(*door.address)
        await asked(reader, writer)
        address, shutting = door.address, await shut(door)
        await reader.readuntil(b"404: Not Found")
        assert await asked(reader, writer) == FOUND_NONE
        assert not shutting.done()
        writer.close()
        await shutting
        assert door.address == address
        assert await answered(door) == FOUND_NONE


async def test_shut_twice_is_shut_once():
    """A second fault finds it shut, and leaves it to the first to open it again."""
    async with opened() as door:
        shutting = await shut(door)
        await door.refuse_connections(SECONDS)
        assert not shutting.done()
        await shutting
        assert await answered(door) == FOUND_NONE


async def test_closed_while_it_is_shut_it_stays_closed():
    """A server that stops meanwhile listens no more."""
    async with opened() as door:
        shutting = await shut(door)
    await shutting
    with pytest.raises(ConnectionRefusedError):
        await answered(door)


async def test_a_taken_port_says_so():
    """Nothing is left open when the port can't be had."""
    async with opened() as door:
        with pytest.raises(OSError, match=str(door.address[1])):
            async with opened(door.address[1]):
                pass
