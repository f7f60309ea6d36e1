"""Where the simulated server listens. A fault may shut it for a while: connections are refused."""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from aiohttp import web

__all__ = ["LISTENER", "Listener"]

_BACKLOG: Final = 1_024
_GRACE: Final = 0.2
"""Seconds that requests which are still inside get when the server stops."""


class Listener:
    """The listening socket of an application.

    Args:
        application: what is served; its handlers find this under ``LISTENER``.
        host: the address to listen at.
        port: the port to listen at; 0 takes a free one.

    Attributes:
        address: host and port that it listens at, once it is open.
    """

    def __init__(self, application: web.Application, host: str, port: int) -> None:
        self.address = host, port
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=_GRACE
        )
        self._listening: asyncio.Server | None = None
        self._closed = False
        application[LISTENER] = self

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        await self._runner.setup()
        try:
            await self._listen()
        except BaseException:
            await self._runner.cleanup()
            raise

    async def refuse_connections(self, seconds: float) -> None:
        """Refuse connections for so long; those that are open go on. Shut twice is shut once."""
        if self._listening is None:
            return
        await self._stop(self._listening)
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        with socket.socket(family) as kept:  # or somebody else might be given the port meanwhile
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind(self.address)
            await asyncio.sleep(seconds)
        if not self._closed:
            await self._listen()

    async def close(self) -> None:
        """Stop listening, and end what is still inside."""
        self._closed = True
        if self._listening is not None:
            await self._stop(self._listening)
        await self._runner.cleanup()

    async def _listen(self) -> None:
        server = self._runner.server
        assert server is not None  # it is set up  # noqa: S101
        self._listening = await asyncio.get_running_loop().create_server(
            server, *self.address, backlog=_BACKLOG
        )
        host, port = self._listening.sockets[0].getsockname()[:2]
        self.address = host, port

    async def _stop(self, listening: asyncio.Server) -> None:
        """Let nobody in from now on; close it once no connection is half way in.

        Asyncio would lose that one's socket.
        """
        self._listening = None
        loop = asyncio.get_running_loop()
        for one in listening.sockets:
            loop.remove_reader(one)
            with suppress(OSError):  # where a listening socket knows no such thing
                one.shutdown(socket.SHUT_RDWR)
        for _ in range(2):
            await asyncio.sleep(0)
        listening.close()


LISTENER: Final = web.AppKey("door", Listener)
"""Where an application keeps its door."""
