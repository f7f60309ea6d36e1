"""Where files go: a folder of this machine, or an object store.

Both do one thing that everything else rests on: ``put`` makes a file whole or not at all. A folder
does it by writing aside, syncing and renaming; in an object store a file appears when its upload
ends. Names are relative, with ``/`` between their parts; a name that would lead out of the storage
is refused. A ``file://`` URI names a folder of this machine, and gets the same code as its path.
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
from taskrouter_stats.models.redaction import masked

from .arrow import pyarrow
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
_OUTSIDE: Final = {"", ".", ".."}
"""Parts that no name within a storage has."""


class Storage(Protocol):
    """A place for files."""

    @property
    def place(self) -> str:
        """How to call it in front of a user."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Store a file, whole or not at all; an older one of that name is replaced."""
        ...

    def get(self, name: str) -> bytes:
        """What a file holds."""
        ...

    def names(self, under: str) -> list[str]:
        """Every file below a folder, sorted; a folder that isn't there holds none."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock file, as long as the block runs.

        Raises:
            OutputLocked: when another process holds it.
        """
        ...


@contextmanager
def storage_errors(place: str) -> Generator[None]:
    """Turn what the operating system says into a ``StorageError`` that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{place}: {error.strerror or error}") from None


def local_path(place: str) -> Path | None:
    """Return the path that a place names, links resolved; None for another machine's URI.

    All names of one output (a link to it, ``./lake/../lake``, ``file:///…``) give one path, and
    with it one lock.

    Raises:
        ConfigError: for a ``file://`` URI of another host.
        StorageError: the current directory was deleted, or links form a circle.
    """
    if "://" in place:
        parts = urlsplit(place)
        if parts.scheme.lower() != "file":
            return None
        if parts.netloc not in ("", "localhost"):
            raise ConfigError(f"{place}: a file URI names no host: expected file:///folder")
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
        root: its path.
        staging: the folder below it where files are written before they get their names; None
            for beside them. Readers that take every file of a folder must not meet half a file.
    """

    root: Path
    staging: str | None = None

    @property
    def place(self) -> str:
        """Its path."""
        return str(self.root)

    def path(self, name: str) -> Path:
        """Return the path of a file below this folder.

        Raises:
            StorageError: for a name that leads out of it.
        """
        return self.root / _checked(self.place, name) if name else self.root

    def put(self, name: str, data: bytes) -> None:
        """Write aside, sync, rename, sync the folder: a crash leaves the old or the new file."""
        path = self.path(name)
        with storage_errors(str(path)):
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
        """Return where to write a file before it gets its name: on the same device."""
        if self.staging is not None:
            folder = self.path(self.staging)
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_dev == path.parent.stat().st_dev:
                return folder / _ASIDE
        return path.with_name(f".{path.name}{_ASIDE}")

    def get(self, name: str) -> bytes:
        """What a file holds."""
        path = self.path(name)
        with storage_errors(str(path)):
            return path.read_bytes()

    def names(self, under: str) -> list[str]:
        """Every file below a folder, those that a crash left aside included."""
        folder = self.path(under)
        with storage_errors(str(folder)):
            found = [path for path in folder.rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        path = self.path(name)
        with storage_errors(str(path)):
            path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        """Hold an advisory lock, which ends with the process however that ends."""
        path = self.path(name)
        with ExitStack() as stack:
            with storage_errors(self.place):
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(hold_lock(path, self.place))
            yield


@frozen
class ObjectStore:
    """A bucket or its like, through pyarrow's filesystems.

    Locks are not to be had there: that one process at a time writes is the caller's care.
    """

    filesystem: Any = field(repr=False)
    root: str = field(repr=False)
    uri: str

    @classmethod
    def at(cls, uri: str) -> "ObjectStore":
        """The store that a URI names, such as ``s3://bucket/lake``.

        Raises:
            ConfigError: for a URI that pyarrow can't read.
            MissingExtra: without pyarrow.
        """
        uri, name = masked(uri), shown_uri(uri)
        with suppress(OSError, ValueError):  # whose text may repeat secrets, so not as a context
            filesystem, root = pyarrow(".fs").FileSystem.from_uri(uri)
            return cls(filesystem, root, name)
        raise ConfigError(f"{name} is no place that pyarrow's filesystems know")

    @property
    def place(self) -> str:
        """Its URI without user, password and options, which may be secrets."""
        return self.uri

    def put(self, name: str, data: bytes) -> None:
        """Upload; the file is there once that has ended."""
        path = self._key(name)
        with (
            storage_errors(f"{self.uri}/{name}"),
            self.filesystem.open_output_stream(path) as stream,
        ):
            stream.write(data)

    def get(self, name: str) -> bytes:
        """What a file holds."""
        with (
            storage_errors(f"{self.uri}/{name}"),
            self.filesystem.open_input_stream(self._key(name)) as stream,
        ):
            data: bytes = stream.read()
            return data

    def names(self, under: str) -> list[str]:
        """Every file below a folder."""
        fs = pyarrow(".fs")
        base = f"{self.root}/{under}".rstrip("/")
        selector = fs.FileSelector(base, recursive=True, allow_not_found=True)
        with storage_errors(f"{self.uri}/{under}"):
            found = self.filesystem.get_file_info(selector)
        files = [str(info.path) for info in found if info.type == fs.FileType.File]
        return sorted(path.removeprefix(f"{self.root}/") for path in files)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with storage_errors(f"{self.uri}/{name}"), suppress(FileNotFoundError):
            self.filesystem.delete_file(self._key(name))

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Nothing: object stores have no locks that end with their holder."""
        del name
        return nullcontext()

    def _key(self, name: str) -> str:
        return f"{self.root}/{_checked(self.uri, name)}"


def shown_uri(uri: str) -> str:
    """A URI without what may be a secret: ``s3://key:secret@bucket/lake?secret_key=…``.

    A secret may hold ``/`` or ``?``, which have to be escaped there and often aren't.
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
    """Make a new name in a folder durable, where the system lets folders be synced."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _checked(place: str, name: str) -> str:
    """Return a name that stays within its storage, or raise ``StorageError``."""
    parts = name.split("/")
    odd = os.name == "nt" and any(character in name for character in "\\:")
    if odd or "\0" in name or not _OUTSIDE.isdisjoint(parts):
        raise StorageError(f"{place}: {name!r} is not the name of a file within it")
    return name
