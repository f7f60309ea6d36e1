"""Kind 8, storage: every place of an output has the guarantees of a folder, and one lock."""

import asyncio
import errno
import fcntl
import os
import socket
import subprocess
import sys
import types
from contextlib import suppress
from datetime import date, timedelta

import polars as pl
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from taskrouter_stats import Window, etl
from taskrouter_stats.errors import ConfigError, OutputLocked, StorageError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.output import locks
from taskrouter_stats.etl.output.storage import Folder, ObjectStore, local_path
from tests.support.lock_holder import holding_lock

from .exported import SIDS, counting, export, keys
from .raw_server import RawServer

FIRST = Window.day(date(2026, 11, 1), tz="UTC")
NO_LOCKS = ("ENOLCK", "EOPNOTSUPP", "ENOTSUP", "EBADF", "ENOSYS")
SAME = ("lake", "./x/../lake", "link", "link/", "file://HERE/lake", "file://localhost/HERE/link")


@pytest.fixture
def server():
    """Return a server that tells the truth."""
    with RawServer(counting({})).running() as running:
        yield running


@pytest.fixture
def no_locks(monkeypatch):
    """Make the file system one without locks."""

    def refuse(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def ended_process():
    """Return the number of a process of this host that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("name", NO_LOCKS)
async def test_a_file_system_without_locks_is_not_locked(
    server, tmp_path, monkeypatch, caplog, name
):
    """Where flock is not supported, a run logs that once, and leaves no claim file."""
    number = getattr(errno, name)

    def refuse(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    report = await export(server, JsonLinesSink(tmp_path), FIRST)
    assert (report.written, report.complete) == (4, True)
    assert caplog.text.count("this file system has no locks") == 1
    assert not (tmp_path / "_state" / "lock.claim").exists()


def test_an_error_of_the_disk_is_not_a_lock(tmp_path, monkeypatch):
    """If flock fails for another reason, the error names that reason."""

    def refuse(descriptor, operation):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="Input/output error"), Folder(tmp_path).lock("lock"):
        pass


def test_without_locks_a_claim_keeps_a_second_run_out(tmp_path, no_locks):
    """The error of a second run names the running process of the claim file."""
    with Folder(tmp_path).lock("lock"):
        with (
            pytest.raises(OutputLocked, match=f"process {os.getpid()} on .*remove .*lock.claim"),
            Folder(tmp_path).lock("lock"),
        ):
            pass
        assert (tmp_path / "lock.claim").exists()
    with Folder(tmp_path).lock("lock"):
        pass


def test_without_locks_the_claim_of_an_ended_process_is_replaced(tmp_path, no_locks):
    """A run replaces the claim file of a process that has ended on this host."""
    claim = tmp_path / "lock.claim"
    claim.write_text(f"process {ended_process()} on {socket.gethostname()} since 2026-11-01T00:00")
    with Folder(tmp_path).lock("lock"):
        assert f"process {os.getpid()} on" in claim.read_text()
    assert not claim.exists()


@pytest.mark.parametrize("text", ["process 1 on elsewhere since 2026-11-01T00:00", "", "\xff"])
def test_without_locks_the_claim_of_another_host_raises_an_error(tmp_path, no_locks, text):
    """The error of another host's claim names the file to remove."""
    (tmp_path / "lock.claim").write_text(text, "latin-1")
    refused = pytest.raises(StorageError, match=r"remove .*lock\.claim if that")
    with refused as caught, Folder(tmp_path).lock("lock"):
        pass
    assert not isinstance(caught.value, OutputLocked)


def test_windows_locks_a_byte_beyond_the_text(tmp_path, monkeypatch):
    """On Windows other processes can read who holds the lock."""
    locked = set()

    def locking(descriptor, mode, count):
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        if mode == 1 and at in locked:
            raise OSError(errno.EACCES, "Permission denied")
        (locked.add if mode == 1 else locked.discard)(at)

    fake = types.SimpleNamespace(LK_NBLCK=1, LK_UNLCK=0, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(locks, "sys", types.SimpleNamespace(platform="win32"))
    with Folder(tmp_path).lock("lock"):
        assert min(locked) > (tmp_path / "lock").stat().st_size
        our_lock = pytest.raises(OutputLocked, match=f"process {os.getpid()}")
        with our_lock, Folder(tmp_path).lock("lock"):
            pass
    assert locked == set()


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """Return a folder and a link to it, in the current folder."""
    for name in ("lake", "x"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("lake")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink, ParquetSink])
@pytest.mark.parametrize("name", SAME)
def test_one_output_has_one_lock_under_all_its_names(lake, make, name):
    """A folder, a link to it, a path with "..", and a URI exclude each other."""
    first, second = make("lake"), make(name.replace("HERE", str(lake)))
    with (
        first.storage.lock("_state/lock"),
        pytest.raises(OutputLocked),
        second.storage.lock("_state/lock"),
    ):
        pass


def test_a_link_to_a_file_is_the_file(tmp_path):
    """Two names of one file have one state, and so one lock."""
    (tmp_path / "data").mkdir()
    (tmp_path / "o.jsonl").symlink_to("data/real.jsonl")
    through, direct = (
        JsonLinesSink(tmp_path / "o.jsonl"),
        JsonLinesSink(tmp_path / "data/real.jsonl"),
    )
    assert (through.storage, through.state) == (direct.storage, direct.state)


@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink, ParquetSink])
async def test_a_file_uri_is_a_folder(server, tmp_path, make):
    """A file URI with escapes names a folder, with its storage and its checkpoint."""
    folder = tmp_path / "a lake"
    report = await export(server, make(f"file://{tmp_path}/a%20lake"), FIRST)
    assert isinstance(make(f"file://{folder}").storage, Folder)
    assert report.written == len(keys(folder)) == 4
    assert (await export(server, make(folder), FIRST)).already_done == 4


def test_a_file_uri_of_another_host_raises_an_error():
    """A folder of another machine is not taken for one of this machine."""
    with pytest.raises(ConfigError, match="names a host"):
        local_path("file://elsewhere/lake")


def test_links_in_a_circle_raise_an_error(tmp_path):
    """The error of a circle of links is one line."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises((StorageError, ConfigError), match="symbolic links"):
        JsonLinesSink(tmp_path / "a" / "o.jsonl").storage.names("")


async def test_readers_never_find_half_a_file(server, tmp_path, monkeypatch):
    """At every sync of an export, readers find only finished parts."""
    real, seen = os.fsync, []

    def sync(descriptor):
        strays = [p for p in tmp_path.rglob("*") if p.is_file() and "_state" not in p.parts]
        seen.append([path.name for path in strays if path.suffix != ".parquet"])
        if any(path.suffix == ".parquet" for path in strays):
            table = strays[0].relative_to(tmp_path).parts[0]
            assert pl.scan_parquet(tmp_path / table).collect().height
            assert pl.scan_parquet(tmp_path / table / "**/*.parquet").collect().height
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    await export(server, ParquetSink(tmp_path), FIRST)
    assert len(seen) >= 8
    assert not any(seen)


@pytest.mark.parametrize("make", [JsonLinesSink, ParquetSink])
async def test_a_cancelled_export_releases_its_lock_at_every_step(server, tmp_path, make):
    """However early or late an export is cancelled, it then holds no lock."""
    sink, cancelled = make(tmp_path), 0
    for steps in (*range(24), *(2**n for n in range(5, 13))):
        running = asyncio.ensure_future(export(server, sink, FIRST))
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        cancelled += running.cancelled()
        with sink.storage.lock("_state/lock"):
            pass
    assert cancelled >= 20
    await export(server, sink, FIRST)
    assert [key[0] for key in keys(tmp_path)] == SIDS


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    """A lock ends with its process, also after SIGKILL."""
    with holding_lock(tmp_path, "lock") as other:
        with pytest.raises(OutputLocked), Folder(tmp_path).lock("lock"):
            pass
        other.kill()
    with Folder(tmp_path).lock("lock"):
        pass


async def test_an_object_store_replaces_unsettled_rows_too(server, tmp_path):
    """In a storage that can't rename, a later answer replaces the earlier one as well."""
    memory = MemoryFileSystem(skip_instance_cache=True)
    sink = ParquetSink(tmp_path)
    files = pafs.PyFileSystem(pafs.FSSpecHandler(memory))
    sink.storage = ObjectStore(files, f"/{tmp_path.name}", "memory://lake")
    for settle in (timedelta(days=3650), timedelta(days=3650), timedelta(0)):
        await export(server, sink, FIRST, settle=settle)
    table = pq.read_table(f"/{tmp_path.name}/worker_statistics", filesystem=files).to_pylist()
    assert sorted((row["worker_sid"], row["reservations_created"]) for row in table) == [
        (sid, 3) for sid in SIDS
    ]


async def test_two_runs_into_a_file_uri_store_each_key_once(server, tmp_path):
    """A second run into the same URI raises OutputLocked, and a later one finds all done."""
    place = f"file://{tmp_path}/lake"
    async with etl.Writer(ParquetSink(place)):
        with pytest.raises(OutputLocked):
            await export(server, ParquetSink(place), FIRST)
    await export(server, ParquetSink(place), FIRST)
    await export(server, ParquetSink(place), FIRST)
    assert [key[0] for key in keys(tmp_path / "lake")] == SIDS
