"""The file of ``--summary``: checked before a run, written after it.

A regular file, or the one that a link leads to, is replaced whole. A named pipe or a device is
written through and never replaced. Anything else is refused, as is a file of the output itself.
"""

import os
import stat
from pathlib import Path
from typing import Final

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl.storage import Folder, local_path, storage_errors

__all__ = ["check_summary", "put_summary"]

_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""A pipe that nobody reads is an error at once, and not an endless wait."""

_STANDARD: Final = {1: "standard output", 2: "standard error"}


def check_summary(file: str, output: str | None = None, accounts: str | None = None) -> None:
    """Check that a summary can be written there without harm to another file of the run.

    Args:
        file: the summary's name.
        output: where rows go, as ``--output`` names it.
        accounts: the file of accounts.

    Raises:
        ConfigError: saying why not.
        StorageError: the current directory was deleted.
    """
    path = None if "://" in file else local_path(file)
    if path is None:
        raise ConfigError(f"--summary {file}: the name of a file is expected, not a URI")
    given = Path(file)  # a path of /dev may resolve to what is none, so the system follows links
    try:
        folder = next(one for one in path.parents if one.exists())
        status = given.stat() if given.exists() else None
        if given.is_dir() or not folder.is_dir():
            raise ConfigError(f"--summary {file}: the name of a file is expected")
    except OSError as error:  # a name that is too long, or a folder that may not be looked into
        raise ConfigError(f"--summary {file}: {error.strerror}") from None
    if status is None or stat.S_ISREG(status.st_mode):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ConfigError(f"--summary {file}: {folder} can't be written to")
    elif not _is_written_through(status) or not os.access(file, os.W_OK):
        raise ConfigError(f"--summary {file}: a file, a named pipe or a device is expected")
    _check_others(file, path, status, output, accounts)


def put_summary(file: str, data: bytes) -> None:
    """Write the summary.

    Raises:
        StorageError: when it can't be written.
    """
    given = Path(file)
    with storage_errors(f"--summary {file}"):
        if given.exists() and _is_written_through(given.stat()):
            _write_through(file, data)
            return
    path = local_path(file)
    if path is None or (path.exists() and not path.is_file()):
        raise StorageError(f"--summary {file}: a file, a named pipe or a device is expected")
    Folder(path.parent).put(path.name, data)


def _check_others(
    file: str,
    path: Path,
    status: os.stat_result | None,
    output: str | None,
    accounts: str | None,
) -> None:
    """Refuse to replace what the run itself reads or writes."""
    for descriptor, name in _STANDARD.items():
        if status is not None and stat.S_ISREG(status.st_mode) and _is_open(descriptor, status):
            raise ConfigError(f"--summary {file}: {name} goes there, so name another file")
    if accounts is not None and _same(path, local_path(accounts)):
        raise ConfigError(f"--summary {file} is the file of --accounts: name another file")
    place = None if output in (None, "-") else local_path(str(output))
    if place is None:
        return
    state = place.with_name(f"{place.name}._state")
    if _same(path, place) or not {place, state}.isdisjoint((path, *path.parents)):
        raise ConfigError(
            f"--summary {file} belongs to --output {output}: name a file outside of it"
        )


def _same(path: Path, other: Path | None) -> bool:
    """Return whether two resolved paths are one file, hard links included."""
    if other is None:
        return False
    return path == other or (path.exists() and other.exists() and path.samefile(other))


def _is_open(descriptor: int, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), status)
    except OSError:  # closed
        return False


def _is_written_through(status: os.stat_result) -> bool:
    return stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)


def _write_through(file: str, data: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | _NO_WAIT)
    try:
        if hasattr(os, "set_blocking"):
            os.set_blocking(descriptor, True)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
