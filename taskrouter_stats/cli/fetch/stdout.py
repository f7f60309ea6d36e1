"""A writer of rows to standard output, a named pipe or a device; such a run cannot be resumed.

A slow reader of a pipe must not block the event loop, because requests in flight would time out.
The writer therefore waits, in the event loop, until the pipe accepts more bytes.
"""

import asyncio
import os
import select
import stat
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from attrs import define, field, frozen

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl import Writer
from taskrouter_stats.etl.batch import UNWRITABLE, PendingRows
from taskrouter_stats.etl.rows import Tables
from taskrouter_stats.etl.sinks.json_lines import nested, to_line
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Position

__all__ = ["Output", "StdoutWriter", "open_output", "stdout_writer"]

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


T = TypeVar("T")


@frozen
class _NullSink:
    """Sink and storage that keep nothing."""

    place: str
    state: str = ""
    format: str = "JSON Lines"
    snapshots: bool = False

    @property
    def storage(self) -> "_NullSink":
        return self

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        del run, checkpoint

    def write(self, batch: Sequence[Tables]) -> Position:
        del batch
        return Position()

    def check(self, checkpoint: Checkpoint) -> None:
        del checkpoint

    def start_over(self, stamp: str) -> None:
        raise ConfigError(f"{self.place} cannot be started over: {stamp}")

    def put(self, name: str, data: bytes) -> None:
        del name, data

    def get(self, name: str) -> bytes:
        raise ConfigError(f"{self.place} has no {name}")

    def names(self, under: str) -> list[str]:
        del under
        return []

    def remove(self, name: str) -> None:
        del name

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        del name
        yield


@define(eq=False)
class StdoutWriter(Writer):
    """Writer that writes each row at once as a line, and keeps no state.

    Attributes:
        output: the file descriptor to write to.
    """

    output: Output = field(kw_only=True)

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

    async def run_blocking(self, work: Callable[[], T]) -> T:
        """Call ``work`` directly: nothing here blocks."""
        return work()


def stdout_writer(output: Output) -> StdoutWriter:
    """Return a writer to this output."""
    return StdoutWriter(_NullSink(output.place), output=output)
