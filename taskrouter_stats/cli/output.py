"""Standard output, a named pipe or a device as a place for rows.

A pipe whose reader is slow must not hold up the event loop, or requests under way would time out:
the loop itself waits until the pipe takes more.
"""

import asyncio
import os
import select
import stat
import sys
from typing import Final

from taskrouter_stats.errors import ConfigError, StorageError

__all__ = ["Output", "open_output"]

_CHUNK: Final = getattr(select, "PIPE_BUF", 4096)
"""Bytes that a pipe takes at once without blocking, when it takes any."""


class Output:
    """Lines into a file descriptor.

    Attributes:
        place: what the user calls it.
    """

    def __init__(self, descriptor: int, place: str) -> None:
        self.place = place
        self._descriptor = descriptor
        self._may_block = sys.platform != "win32" and not stat.S_ISREG(os.fstat(descriptor).st_mode)

    async def write(self, line: bytes) -> None:
        """Write one line.

        Raises:
            BrokenPipeError: the reader went away.
            StorageError: it can't be written, as on a full disk.
        """
        rest = memoryview(line)
        try:
            while rest:
                if self._may_block and not select.select((), (self._descriptor,), (), 0)[1]:
                    await _writable(self._descriptor)
                rest = rest[os.write(self._descriptor, rest[:_CHUNK]) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StorageError(f"{self.place} can't be written: {error.strerror}") from None


def open_output(name: str) -> Output:
    """Open ``-`` for standard output, or a device or named pipe.

    Raises:
        ConfigError: when it can't be written to.
    """
    if name == "-":
        if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise ConfigError("standard output is closed: --output FILE writes to a file")
        sys.stdout.flush()
        return Output(sys.stdout.fileno(), "standard output")
    try:
        return Output(os.open(name, os.O_WRONLY | getattr(os, "O_BINARY", 0)), name)
    except OSError as error:
        raise ConfigError(f"--output {name}: {error.strerror}") from None


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(descriptor, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
