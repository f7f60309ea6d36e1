"""Real servers on this machine, for what can't be told from a mock: tiny, or misbehaving."""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from unittest.mock import Mock

import aiohttp
import orjson
from aiohttp import web
from aioresponses import aioresponses

from .fakes import ANSWER, WORKERS_PATH


@asynccontextmanager
async def serving(handler, ssl=None):
    """Serve every path with an aiohttp.web handler, over https if told; gives the base URL."""
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handler)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl).start()
        scheme = "http" if ssl is None else "https"
        yield "{0}://127.0.0.1:{2}".format(scheme, *runner.addresses[0])
    finally:
        await runner.cleanup()


class RawServer:
    """Says the same bytes to every request, then does as told: close, or hold the line."""

    def __init__(self, said, *, hold=False):
        self._said, self._hold = said, hold
        self.heads = []

    async def _answer(self, reader, writer):
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self._said)
            await writer.drain()
            if self._hold:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):  # which a client that went away leaves behind
                await writer.wait_closed()

    @asynccontextmanager
    async def running(self):
        """Listen; gives the base URL."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        try:
            yield "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        finally:
            server.close()
            await server.wait_closed()


_ANSWER = orjson.dumps(ANSWER)


def http_bytes(body=_ANSWER, status="200 OK", *headers, length=None):
    """A reply as it goes over the wire."""
    length = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class WriterlessResponse(aiohttp.ClientResponse):
    """A response as aioresponses 0.7.9 makes it, with the writer that aiohttp 3.14 asks for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"stream_writer": Mock(output_size=0), **kwargs})


class Mocked(aioresponses):
    """aioresponses that works with aiohttp 3.14; ``answer`` answers every worker's request."""

    def add(self, url, method="GET", **options):
        """Add an answer, made as a response that aiohttp 3.14 can make."""
        super().add(url, method, **{"response_class": WriterlessResponse, **options})

    def answer(self, **options):
        """Add an answer to whatever is asked about workers."""
        self.add(re.compile(f".*{WORKERS_PATH}.*"), **options)
