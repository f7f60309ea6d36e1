"""Locks of outputs: one process at a time writes to an output.

The operating system's lock ends with its process, also when that is killed. Some network file
systems have no such locks; there this module creates a claim file that names the host and the
process, and logs a warning. It replaces a claim file whose process has ended on this host.
"""

import errno
import logging
import os
import re
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from taskrouter_stats.errors import OutputLocked, StorageError

__all__ = ["hold_lock"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_HELD: Final = {errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EWOULDBLOCK}
"""Errors which say that another process holds the lock."""

_UNSUPPORTED: Final = {
    errno.ENOLCK,
    errno.EOPNOTSUPP,
    getattr(errno, "ENOTSUP", errno.EOPNOTSUPP),
    errno.EBADF,
    errno.ENOSYS,
    errno.EINVAL,
}
"""Errors which say that the file system has no locks."""

_LOCKED_BYTE: Final = 1 << 30
"""Offset of the byte that Windows locks: beyond the text, which other processes must read."""

_MAX_TEXT: Final = 300
"""Bytes of a lock file that are read."""


@contextmanager
def hold_lock(path: Path, place: str) -> Generator[None]:
    """Hold the lock file while the block runs.

    Args:
        path: the lock file, in a folder that exists.
        place: the output's name in messages.

    Raises:
        OutputLocked: another process holds the lock.
        StorageError: a process of another host may hold the lock; this host can't find out.
        OSError: the lock file can't be written.
    """
    with path.open("a+b") as file:
        if _lock(file, place):
            try:
                file.truncate(0)
                file.write(_signature().encode())
                file.flush()
                yield
            finally:
                _unlock(file)
            return
    with _claim(path.with_name(f"{path.name}.claim"), place):
        yield


def _lock(file: IO[bytes], place: str) -> bool:
    """Lock the file; return False if the file system has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 (exists on Windows alone)

            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 (does not exist on Windows)

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return False
        if error.errno not in _HELD:
            raise
        file.seek(0)
        raise OutputLocked(place, _text(file.read(_MAX_TEXT)) or "another process") from None
    return True


def _unlock(file: IO[bytes]) -> None:
    """Unlock the file, also for a forked process that has inherited it."""
    with suppress(OSError):  # closing it, which follows, unlocks it too
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 (exists on Windows alone)

            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 (does not exist on Windows)

            fcntl.flock(file.fileno(), fcntl.LOCK_UN)


@contextmanager
def _claim(path: Path, place: str) -> Generator[None]:
    """Create a file that only one process can create, and remove it afterwards."""
    _LOGGER.warning(
        "%s: this file system has no locks: the file %s is used instead, "
        "so do not start a second run there from another host",
        place,
        path.name,
    )
    text = _signature()
    try:
        _create(path, text)
    except FileExistsError:
        _refuse_unless_ended(path, place)
        path.unlink(missing_ok=True)
        try:
            _create(path, text)
        except FileExistsError:
            raise OutputLocked(place, "a process that has just started") from None
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text("utf-8") == text:
                path.unlink()


def _create(path: Path, text: str) -> None:
    """Create the file with this text, or raise ``FileExistsError``."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def _refuse_unless_ended(path: Path, place: str) -> None:
    """Raise an error unless the claim's process ran on this host and has ended."""
    with suppress(FileNotFoundError):
        text = _text(path.read_bytes()[:_MAX_TEXT])
        way_out = f"remove {path} if that process has ended"
        found = re.fullmatch(r"process (\d+) on (.*) since \S+", text)
        if found is None or found[2] != socket.gethostname():
            raise StorageError(
                f"{place} is claimed by {text or 'another process'}, and this file system has no "
                f"locks that would show whether it still runs: {way_out}"
            )
        if _is_running(int(found[1])):
            raise OutputLocked(place, f"{text} ({way_out})")


def _is_running(process: int) -> bool:
    """Return whether a process of this host runs; always true on Windows, which can't tell."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's process
        return True
    return True


def _signature() -> str:
    began = datetime.now(UTC).isoformat(timespec="seconds")
    return f"process {os.getpid()} on {socket.gethostname()} since {began}"


def _text(data: bytes) -> str:
    return data.decode(errors="replace").strip()
