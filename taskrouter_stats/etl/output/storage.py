"""Storage of files: a folder of this machine, or an object store.

``put`` is atomic in both: a file has its full content or does not exist. A folder writes a
temporary file, syncs it and renames it; in an object store a file appears when its upload ends.
Names are relative, with ``/`` between their parts; a name that leads out of the storage raises an
error. A ``file://`` URI names a folder of this machine and uses the same code as its path.
"""

import os
import re
from collections.abc import Generator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from attrs import field, frozen

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl.arrow import pyarrow
from taskrouter_stats.models.redaction import masked

from .locks import hold_lock

__all__ = [
    "Folder",
    "ObjectStore",
    "Storage",
    "local_path",
    "shown_uri",
    "storage_errors",
    "sync_folder",
]

_ASIDE: Final = ".aside"
"""Ending of a temporary file that ``put`` has not renamed yet."""

_OUTSIDE: Final = {"", ".", ".."}
"""Parts that a name within a storage must not have."""


class Storage(Protocol):
    """A place for files."""

    @property
    def place(self) -> str:
        """The storage's name in messages."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Store a file atomically; replace an older file of that name."""
        ...

    def get(self, name: str) -> bytes:
        """Return a file's content."""
        ...

    def names(self, under: str) -> list[str]:
        """Return the names of all files below a folder, sorted; none if it does not exist."""
        ...

    def sizes(self, under: str) -> dict[str, int]:
        """Return the bytes of each file below a folder, by name."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        ...

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock file while the block runs.

        Raises:
            OutputLocked: another process holds the lock.
        """
        ...


@contextmanager
def storage_errors(place: str) -> Generator[None]:
    """Raise an ``OSError`` of the block as a ``StorageError`` that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{place}: {error.strerror or error}") from None


def local_path(place: str) -> Path | None:
    """Return the path that a place names, links resolved; None for the URI of an object store.

    All names of one output (a link to it, ``./lake/../lake``, ``file:///…``) give one path, and
    so one lock.

    Raises:
        ConfigError: a ``file://`` URI names another host.
        StorageError: the current directory was deleted, or links form a circle.
    """
    if "://" in place:
        parts = urlsplit(place)
        if parts.scheme.lower() != "file":
            return None
        if parts.netloc not in ("", "localhost"):
            raise ConfigError(f"{place} names a host: expected a URI such as file:///folder")
        place = url2pathname(parts.path)
    try:
        return Path(place).resolve()
    except FileNotFoundError:
        raise StorageError(
            f"{place}: the current directory was deleted: change to another, or give a full path"
        ) from None
    except RuntimeError:
        raise StorageError(f"{place}: its symbolic links form a circle") from None


@frozen
class Folder:
    """A folder of this machine.

    Attributes:
        root: the folder's path.
        staging: the folder below it for temporary files; None for the folder of each file.
            Readers that open every file of a folder must not find an unfinished one.
    """

    root: Path
    staging: str | None = None

    @property
    def place(self) -> str:
        """The folder's path."""
        return str(self.root)

    def path(self, name: str) -> Path:
        """Return the path of a file below this folder.

        Raises:
            StorageError: the name leads out of the folder.
        """
        return self.root / _checked(self.place, name) if name else self.root

    def put(self, name: str, data: bytes) -> None:
        """Write a temporary file, sync and rename it; a crash leaves the old or the new file.

        Raises:
            StorageError: the file can't be written, or the folder itself does not exist: ``lock``
                creates it, and nothing creates a folder again that was moved meanwhile.
        """
        path = self.path(name)
        with storage_errors(str(path)):
            if not self.root.is_dir():
                raise StorageError(f"{self.root} does not exist, or is not a folder any more")
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = self._aside(path)
            try:
                with aside.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(path)
            except BaseException:
                with suppress(OSError):
                    aside.unlink(missing_ok=True)
                raise
            sync_folder(path.parent)

    def _aside(self, path: Path) -> Path:
        """Return the path of the temporary file, on the same device as the file."""
        if self.staging is not None:
            folder = self.path(self.staging)
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_dev == path.parent.stat().st_dev:
                return folder / _ASIDE
        return path.with_name(f".{path.name}{_ASIDE}")

    def get(self, name: str) -> bytes:
        """Return a file's content."""
        path = self.path(name)
        with storage_errors(str(path)):
            return path.read_bytes()

    def names(self, under: str) -> list[str]:
        """Return the names of all files below a folder, with temporary files of a crash."""
        return sorted(path.relative_to(self.root).as_posix() for path in self._files(under))

    def sizes(self, under: str) -> dict[str, int]:
        """Return the bytes of each file below a folder, by name."""
        found = self._files(under)
        with storage_errors(self.place):
            return {path.relative_to(self.root).as_posix(): path.stat().st_size for path in found}

    def _files(self, under: str) -> list[Path]:
        """Return the files below a folder.

        Raises:
            StorageError: a folder can't be read; what it may hold must not count as missing.
        """
        folder = self.path(under)
        with storage_errors(str(folder)):
            return [
                path
                for parent, _, names in os.walk(folder, onerror=_raise_unless_missing)
                for name in names
                if (path := Path(parent, name)).is_file()
            ]

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        path = self.path(name)
        with storage_errors(str(path)):
            path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        """Hold a lock while the block runs; it also ends when this process ends or is killed."""
        path = self.path(name)
        with ExitStack() as stack:
            with storage_errors(self.place):
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(hold_lock(path, self.place))
            yield


@frozen
class ObjectStore:
    """An object store, such as a bucket, through pyarrow's filesystems.

    Object stores have no locks: the caller must make sure that one process at a time writes.
    """

    filesystem: Any = field(repr=False)
    root: str = field(repr=False)
    uri: str

    @classmethod
    def at(cls, uri: str) -> "ObjectStore":
        """Return the store that a URI names, such as ``s3://bucket/lake``.

        Raises:
            ConfigError: pyarrow can't open the URI.
            MissingExtra: pyarrow is not installed.
        """
        uri, name = masked(uri), shown_uri(uri)
        with suppress(OSError, ValueError):  # their text may hold secrets: no error context
            filesystem, root = pyarrow(".fs").FileSystem.from_uri(uri)
            return cls(filesystem, root, name)
        raise ConfigError(f"{name}: pyarrow can't open this URI: expected one such as s3://…")

    @property
    def place(self) -> str:
        """The URI without user, password and options, which may be secrets."""
        return self.uri

    def put(self, name: str, data: bytes) -> None:
        """Upload a file; it exists once the upload has ended."""
        path = self._key(name)
        with (
            storage_errors(f"{self.uri}/{name}"),
            self.filesystem.open_output_stream(path) as stream,
        ):
            stream.write(data)

    def get(self, name: str) -> bytes:
        """Return a file's content."""
        with (
            storage_errors(f"{self.uri}/{name}"),
            self.filesystem.open_input_stream(self._key(name)) as stream,
        ):
            data: bytes = stream.read()
            return data

    def names(self, under: str) -> list[str]:
        """Return the names of all files below a folder."""
        return sorted(self.sizes(under))

    def sizes(self, under: str) -> dict[str, int]:
        """Return the bytes of each file below a folder, by name."""
        fs = pyarrow(".fs")
        base = f"{self.root}/{under}".rstrip("/")
        selector = fs.FileSelector(base, recursive=True, allow_not_found=True)
        with storage_errors(f"{self.uri}/{under}"):
            found = self.filesystem.get_file_info(selector)
        files = (info for info in found if info.type == fs.FileType.File)
        return {str(info.path).removeprefix(f"{self.root}/"): int(info.size) for info in files}

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        with storage_errors(f"{self.uri}/{name}"), suppress(FileNotFoundError):
            self.filesystem.delete_file(self._key(name))

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Do nothing: object stores have no locks that end with their process."""
        del name
        return nullcontext()

    def _key(self, name: str) -> str:
        return f"{self.root}/{_checked(self.uri, name)}"


def shown_uri(uri: str) -> str:
    """Return a URI without the secrets of ``s3://key:secret@bucket/lake?secret_key=…``.

    A secret may hold ``/`` or ``?``: users often do not escape them.
    """
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return str(uri)
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    elif ":" in authority:
        rest = rest.rpartition("@")[2]
    return scheme + mark + rest.partition("?")[0]


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable, on systems that can sync folders."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def _checked(place: str, name: str) -> str:
    """Return the name, or raise ``StorageError`` if it leads out of its storage."""
    parts = name.split("/")
    odd = os.name == "nt" and any(character in name for character in "\\:")
    if odd or "\0" in name or not _OUTSIDE.isdisjoint(parts):
        raise StorageError(f"{place}: {name!r} is not the name of a file within it")
    return name
