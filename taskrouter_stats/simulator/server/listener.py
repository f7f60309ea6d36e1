"""The listening socket of the simulated server, which a fault may close for a time."""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from aiohttp import web

__all__ = ["LISTENER", "Listener"]

_BACKLOG: Final = 1_024
_GRACE: Final = 0.2
"""Seconds that requests in flight get when the server stops."""


class Listener:
    """The listening socket of an application.

    Args:
        application: The application; its handlers find this listener under ``LISTENER``.
        host: The address to listen at.
        port: The port to listen at; 0 selects a free one.

    Attributes:
        address: Host and port of the open socket.
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
        """Open the socket.

        Raises:
            OSError: The port is in use.
        """
        await self._runner.setup()
        try:
            await self._listen()
        except BaseException:
            await self._runner.cleanup()
            raise

    async def refuse_connections(self, seconds: float) -> None:
        """Refuse new connections for some seconds; a second call meanwhile does nothing."""
        if self._listening is None:
            return
        await self._stop(self._listening)
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        with socket.socket(family) as kept:  # or another process could get the port
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind(self.address)
            await asyncio.sleep(seconds)
        if not self._closed:
            await self._listen()

    async def close(self) -> None:
        """Close the socket and end the requests in flight."""
        self._closed = True
        if self._listening is not None:
            await self._stop(self._listening)
        await self._runner.cleanup()

    async def _listen(self) -> None:
        server = self._runner.server
        assert server is not None  # ``setup`` created it  # noqa: S101
        self._listening = await asyncio.get_running_loop().create_server(
            server, *self.address, backlog=_BACKLOG
        )
        host, port = self._listening.sockets[0].getsockname()[:2]
        self.address = host, port

    async def _stop(self, listening: asyncio.Server) -> None:
        """Stop accepting, then close once no connection is being accepted.

        Otherwise asyncio would leak the socket of that connection.
        """
        self._listening = None
        loop = asyncio.get_running_loop()
        for sock in listening.sockets:
            loop.remove_reader(sock)
            with suppress(OSError):  # some systems cannot shut down a listening socket
                sock.shutdown(socket.SHUT_RDWR)
        for _ in range(2):
            await asyncio.sleep(0)
        listening.close()


LISTENER: Final = web.AppKey("listener", Listener)
"""The key of an application's listener."""
