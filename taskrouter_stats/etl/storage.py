"""Where files go: a folder of this machine, or an object store.

Both do one thing that everything else rests on: ``put`` makes a file whole or not at all. A folder
does it by writing aside, syncing and renaming; in an object store a file appears when its upload
ends. Names are relative, with ``/`` between their parts.
"""

import os
import re
import socket
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from attrs import field, frozen

from taskrouter_stats.errors import ConfigError, OutputLocked, StorageError
from taskrouter_stats.models.secret import hidden

from .arrow import pyarrow

__all__ = ["Folder", "ObjectStore", "Storage", "shown_uri", "storing"]

_ASIDE = ".aside"


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
def storing(place: str) -> Generator[None]:
    """Turn what the operating system says into a ``StorageError`` that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{place}: {error.strerror or error}") from None


@frozen
class Folder:
    """A folder of this machine."""

    root: Path

    @property
    def place(self) -> str:
        """Its path."""
        return str(self.root)

    def put(self, name: str, data: bytes) -> None:
        """Write aside, sync, rename, sync the folder: a crash leaves the old or the new file."""
        path = self.root / name
        aside = path.with_name(f".{path.name}{_ASIDE}")
        with storing(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
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

    def get(self, name: str) -> bytes:
        """What a file holds."""
        with storing(str(self.root / name)):
            return (self.root / name).read_bytes()

    def names(self, under: str) -> list[str]:
        """Every file below a folder, those that a crash left aside included."""
        with storing(str(self.root / under)):
            found = [path for path in (self.root / under).rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with storing(str(self.root / name)):
            (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        """Hold an advisory lock, which ends with the process however that ends."""
        path = self.root / name
        with storing(self.place):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b")
        with file:
            try:
                _take(file)
            except OSError:
                file.seek(0)
                holder = file.read(200).decode(errors="replace").strip()
                raise OutputLocked(self.place, holder or "another process") from None
            with storing(str(path)):
                file.truncate(0)
                began = datetime.now(UTC).isoformat(timespec="seconds")
                text = f"process {os.getpid()} on {socket.gethostname()} since {began}"
                file.write(text.encode())
                file.flush()
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
        uri, name = hidden(uri), shown_uri(uri)
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
        path = f"{self.root}/{name}"
        with storing(f"{self.uri}/{name}"):
            if self.filesystem.type_name == "local":
                self.filesystem.create_dir(path.rpartition("/")[0], recursive=True)
            with self.filesystem.open_output_stream(path) as stream:
                stream.write(data)

    def get(self, name: str) -> bytes:
        """What a file holds."""
        with (
            storing(f"{self.uri}/{name}"),
            self.filesystem.open_input_stream(f"{self.root}/{name}") as stream,
        ):
            data: bytes = stream.read()
            return data

    def names(self, under: str) -> list[str]:
        """Every file below a folder."""
        fs = pyarrow(".fs")
        base = f"{self.root}/{under}".rstrip("/")
        selector = fs.FileSelector(base, recursive=True, allow_not_found=True)
        with storing(f"{self.uri}/{under}"):
            found = self.filesystem.get_file_info(selector)
        files = [str(info.path) for info in found if info.type == fs.FileType.File]
        return sorted(path.removeprefix(f"{self.root}/") for path in files)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with storing(f"{self.uri}/{name}"), suppress(FileNotFoundError):
            self.filesystem.delete_file(f"{self.root}/{name}")

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Nothing: object stores have no locks that end with their holder."""
        del name
        return nullcontext()


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


def _take(file: IO[bytes]) -> None:
    """Lock the file, or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (of one system alone)

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415 (of the other systems alone)

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
