"""A server that no contender wrote either, and that takes its time: plain asyncio, no HTTP library.

It answers with `nginx`'s body and the worker that was asked for, a while after the request came,
from a process of its own. The while is half longer or shorter by chance, else all answers would
come in one bunch.
"""

import asyncio
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.nginx import BODY, worker_sid

__all__ = ["slow"]

ASKED = re.compile(rb"/(WK[0-9a-f]{32})/").search

REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"X-Rate-Limit-Limit: 100000\r\nX-Rate-Limit-Remaining: 99999\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Answers(asyncio.Protocol):
    """One connection; its client waits for each answer before it asks again."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._asked = seconds, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the line."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the head is whole."""
        self._asked += data
        if self._asked.endswith(b"\r\n\r\n"):
            found = ASKED(self._asked)
            reply = REPLY.replace(worker_sid(0).encode(), found[1]) if found else REPLY
            self._asked = b""
            asyncio.get_running_loop().call_later(
                self._seconds * (0.5 + random.random()), self._transport.write, reply
            )


async def serve(seconds: float) -> None:
    """Print the base URL and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(seconds), "127.0.0.1", 0, backlog=1024)
    print("http://127.0.0.1:{1}".format(*server.sockets[0].getsockname()), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


@contextmanager
def slow(seconds: float) -> Iterator[str]:
    """The base URL of a server that answers after so many seconds."""
    command = [sys.executable, "-m", "tests.benchmarks.slow", str(seconds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
