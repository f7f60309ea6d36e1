"""The file of ``--summary``: checked before a run, written after it.

A regular file, or the target of a link, is replaced atomically. A named pipe or a device is written
to and never replaced. Anything else is refused, and so is a file of the output itself.
"""

import os
import stat
from pathlib import Path
from typing import Final

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl.output.storage import Folder, local_path, storage_errors

__all__ = ["check_summary", "put_summary"]

_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Flags that make a pipe without a reader an error instead of an endless wait."""

_STANDARD: Final = {1: "standard output", 2: "standard error"}


def check_summary(file: str, output: str | None = None, accounts: str | None = None) -> None:
    """Check that the summary can be written and replaces no other file of the run.

    Args:
        file: the name of the summary.
        output: the value of ``--output``.
        accounts: the value of ``--accounts``.

    Raises:
        ConfigError: the file cannot be used; the message says why.
        StorageError: the current directory was deleted.
    """
    path = None if "://" in file else local_path(file)
    if path is None:
        raise ConfigError(f"--summary {file}: expected the name of a file, not a URI")
    given = Path(file)  # not resolved: a path in /dev may resolve to a name that does not exist
    try:
        folder = next(parent for parent in path.parents if parent.exists())
        status = given.stat() if given.exists() else None
        if given.is_dir() or not folder.is_dir():
            raise ConfigError(f"--summary {file}: expected the name of a file")
    except OSError as error:  # the name is too long, or the folder is not readable
        raise ConfigError(f"--summary {file}: {error.strerror}") from None
    if status is None or stat.S_ISREG(status.st_mode):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ConfigError(f"--summary {file}: {folder} is not writable: name another folder")
    elif not _is_written_through(status) or not os.access(file, os.W_OK):
        raise ConfigError(f"--summary {file}: expected a writable file, named pipe or device")
    _check_others(file, path, status, output, accounts)


def put_summary(file: str, data: bytes) -> None:
    """Write the summary.

    Raises:
        StorageError: the file cannot be written.
    """
    given = Path(file)
    with storage_errors(f"--summary {file}"):
        if given.exists() and _is_written_through(given.stat()):
            _write_through(file, data)
            return
    path = local_path(file)
    if path is None or (path.exists() and not path.is_file()):
        raise StorageError(f"--summary {file}: expected a file, named pipe or device")
    with storage_errors(f"--summary {file}"):
        path.parent.mkdir(parents=True, exist_ok=True)
    Folder(path.parent).put(path.name, data)


def _check_others(
    file: str,
    path: Path,
    status: os.stat_result | None,
    output: str | None,
    accounts: str | None,
) -> None:
    """Raise if the summary would replace a file that the run reads or writes."""
    for descriptor, name in _STANDARD.items():
        if status is not None and stat.S_ISREG(status.st_mode) and _is_open(descriptor, status):
            raise ConfigError(
                f"--summary {file}: {name} is redirected to this file: name another file"
            )
    if accounts is not None and _same(path, local_path(accounts)):
        raise ConfigError(f"--summary {file}: is the file of --accounts: name another file")
    place = None if output in (None, "-") else local_path(str(output))
    if place is None:
        return
    state = place.with_name(f"{place.name}._state")
    if _same(path, place) or not {place, state}.isdisjoint((path, *path.parents)):
        raise ConfigError(
            f"--summary {file}: belongs to --output {output}: name a file outside of it"
        )


def _same(path: Path, other: Path | None) -> bool:
    """Return whether two resolved paths are one file, hard links included."""
    if other is None:
        return False
    return path == other or (path.exists() and other.exists() and path.samefile(other))


def _is_open(descriptor: int, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), status)
    except OSError:  # the stream is closed
        return False


def _is_written_through(status: os.stat_result) -> bool:
    return stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)


def _write_through(file: str, data: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | _NO_WAIT)
    try:
        if hasattr(os, "set_blocking"):
            os.set_blocking(descriptor, True)
        remaining = memoryview(data)
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
    finally:
        os.close(descriptor)
