"""A slow server that is independent of all contenders: plain asyncio, without an HTTP library.

It runs in another process and replies with the body of ``nginx.py`` and the requested worker, after
a delay. The delay varies randomly by up to 50%, so that replies do not arrive all at once.
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

REQUESTED = re.compile(rb"/(WK[0-9a-f]{32})/").search

REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"X-Rate-Limit-Limit: 100000\r\nX-Rate-Limit-Remaining: 99999\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Answers(asyncio.Protocol):
    """One connection, whose client waits for each reply before its next request."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._received = seconds, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Reply after the delay once the head is complete."""
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            found = REQUESTED(self._received)
            reply = REPLY.replace(worker_sid(0).encode(), found[1]) if found else REPLY
            self._received = b""
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
    """Run a server that replies after this many seconds; yield its base URL."""
    command = [sys.executable, "-m", "tests.benchmarks.slow", str(seconds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
