"""A writer of rows to standard output, a named pipe or a device; such a run cannot be resumed.

A slow reader of a pipe must not block the event loop, because requests in flight would time out.
The writer therefore waits, in the event loop, until the pipe accepts more bytes.
"""

import asyncio
import os
import select
import stat
import sys
from typing import Final

from attrs import define

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl import RowWriter
from taskrouter_stats.etl.output.batch import UNWRITABLE, PendingRows
from taskrouter_stats.etl.sinks.json_lines import nested, to_line

__all__ = ["Output", "StdoutWriter", "open_output"]

_CHUNK: Final = getattr(select, "PIPE_BUF", 4096)
"""Bytes that a pipe accepts without blocking, once it is writable."""


class Output:
    """File descriptor that takes lines.

    Attributes:
        place: its name for the user.
    """

    def __init__(self, descriptor: int, place: str) -> None:
        self.place = place
        self._descriptor = descriptor
        self._may_block = sys.platform != "win32" and not stat.S_ISREG(os.fstat(descriptor).st_mode)

    async def write(self, line: bytes) -> None:
        """Write one line.

        Raises:
            BrokenPipeError: the reader closed the pipe.
            StorageError: the line cannot be written, as on a full disk.
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
            raise StorageError(f"{self.place} cannot be written: {error.strerror}") from None


def open_output(name: str) -> Output:
    """Open ``-`` for standard output, or a device or named pipe.

    Raises:
        ConfigError: it cannot be opened for writing.
    """
    if name == "-":
        if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise ConfigError("standard output is closed: name a file with --output")
        sys.stdout.flush()
        return Output(sys.stdout.fileno(), "standard output")
    try:
        return Output(os.open(name, os.O_WRONLY | getattr(os, "O_BINARY", 0)), name)
    except OSError as error:
        raise ConfigError(f"--output {name}: {error.strerror}") from None


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(descriptor, _set_ready, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _set_ready(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


@define(eq=False)
class StdoutWriter(RowWriter):
    """Writer that writes each row at once as a line of JSON.

    Attributes:
        output: the file descriptor to write to.
    """

    output: Output

    @property
    def place(self) -> str:
        """The name of the output."""
        return self.output.place

    @property
    def format(self) -> str:
        """JSON Lines."""
        return "JSON Lines"

    async def add(self, item: PendingRows) -> None:
        """Write the rows of the item; the caller waits while the reader of a pipe is slow.

        Raises:
            BrokenPipeError: the reader closed the pipe.
            StorageError: the rows cannot be written.
        """
        try:
            lines = [to_line(row) for rows in nested(item.make()).values() for row in rows]
        except UNWRITABLE as error:
            item.on_stored(error)
            return
        for line in lines:
            await self.output.write(line)
        item.on_stored(None)
