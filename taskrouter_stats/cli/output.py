"""Where rows go: standard output, or a file that has its name only once it is complete.

Rows for ``FILE`` are written to ``FILE.<process>.partial`` beside it, which is renamed when the
run is complete. A run that ends otherwise leaves that file, says so, and leaves an older ``FILE``
as it was: rows that were paid for are not thrown away, and are never taken for a whole run.

A pipe whose reader is slow must not hold up the event loop, or requests under way would time out:
the loop itself waits until the pipe takes more.
"""

import asyncio
import os
import select
import stat
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from taskrouter_stats.errors import ConfigError, StorageError

__all__ = ["Output", "open_output"]

_CHUNK: Final = getattr(select, "PIPE_BUF", 4096)
"""Bytes that a pipe takes at once without blocking, when it takes any."""
_FORMAT: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class Output:
    """JSON lines into a file descriptor.

    Attributes:
        written: whole rows that were written.
    """

    def __init__(
        self, descriptor: int, path: Path | None = None, aside: Path | None = None
    ) -> None:
        self._descriptor = descriptor
        self._path, self._aside = path, aside
        self._may_block = sys.platform != "win32" and not stat.S_ISREG(os.fstat(descriptor).st_mode)
        self.written = 0

    async def write(self, row: dict[str, Any]) -> None:
        """Write one row.

        Raises:
            BrokenPipeError: the reader went away.
            StorageError: it can't be written, as on a full disk.
        """
        rest = memoryview(orjson.dumps(row, option=_FORMAT))
        try:
            while rest:
                if self._may_block and not select.select((), (self._descriptor,), (), 0)[1]:
                    await _writable(self._descriptor)
                rest = rest[os.write(self._descriptor, rest[:_CHUNK]) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StorageError(f"{self.place} can't be written: {error.strerror}") from None
        self.written += 1

    def complete(self) -> None:
        """The run is whole: the file gets its name.

        Raises:
            StorageError: it can't be stored.
        """
        if self._path is None:
            return
        try:
            if self._aside is not None:
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            if self._aside is not None:
                self._aside.replace(self._path)
        except OSError as error:
            raise StorageError(f"{self.place} can't be stored: {error.strerror}") from None
        self._aside = None

    @property
    def place(self) -> str:
        """Where the rows are now."""
        return str(self._aside or self._path or "standard output")


def open_output(name: str) -> Output:
    """Open ``-`` for standard output, or a file; a device or a named pipe is written to directly.

    Raises:
        ConfigError: when it can't be written to.
    """
    if name == "-":
        if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise ConfigError("standard output is closed: --output FILE writes to a file")
        sys.stdout.flush()
        return Output(sys.stdout.fileno())
    path = Path(name).resolve()
    if path.is_dir():
        raise ConfigError(f"--output {name}: a directory; a file's name is needed")
    special = path.exists() and not path.is_file()
    aside = None if special else path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        return Output(_open(aside or path), path, aside)
    except OSError as error:
        raise ConfigError(f"--output {name}: {error.strerror}") from None


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666)


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
