"""Where files go: whole or not at all."""

import multiprocessing
import os
from urllib.parse import quote

import pyarrow.fs as pafs
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from taskrouter_stats.errors import ConfigError, OutputLocked, StorageError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.storage import Folder, ObjectStore, shown_uri
from tests.support.canaries import TOKEN, leaked, told_by


@pytest.fixture(params=["folder", "object store"])
def storage(request, tmp_path):
    """Both kinds, the object store in memory."""
    if request.param == "folder":
        return Folder(tmp_path)
    memory = pafs.PyFileSystem(pafs.FSSpecHandler(MemoryFileSystem(skip_instance_cache=True)))
    return ObjectStore(memory, str(tmp_path), "memory://lake")


def test_files_are_put_and_found(storage):
    """What was put is got, listed with its folders, replaced and removed."""
    storage.put("a/b/one", b"1")
    storage.put("a/two", b"2")
    storage.put("a/two", b"22")
    assert storage.names("a") == ["a/b/one", "a/two"]
    assert storage.get("a/two") == b"22"
    storage.remove("a/two")
    storage.remove("a/two")
    assert storage.names("a") == ["a/b/one"]


def test_a_folder_that_is_not_there_is_empty(storage):
    """Nothing is below a folder that nobody made."""
    assert storage.names("nowhere") == []


def test_a_file_that_is_not_there_is_an_error_that_names_it(storage):
    """Reading what isn't there says which file and why."""
    with pytest.raises(StorageError, match="missing"):
        storage.get("missing")


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    """When a file can't be synced, neither it nor its draft stays, and the older one does."""
    folder = Folder(tmp_path)
    folder.put("file", b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        folder.put("file", b"new")
    assert folder.names("") == ["file"]
    assert folder.get("file") == b"old"


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://AKIAKEY:{TOKEN.secret}@bucket/lake%s",
        f"s3://AKIAKEY:{quote(TOKEN.secret, safe='').replace('%', '%%')}@bucket/lake%s?region=eu",
        f"s3://bucket/lake%s?secret_key={TOKEN.secret}",
        f"odd://AKIAKEY:{TOKEN.secret}@bucket/lake%s",
    ],
)
@pytest.mark.parametrize("ending", ["", "/a.parquet"])
def test_the_keys_of_a_bucket_are_shown_nowhere(uri, ending):
    """Neither a store's repr and place nor an error of any sink shows an S3 secret in a URI."""
    uri %= ending
    shown = [shown_uri(uri)]
    for make in (ParquetSink, JsonLinesSink, CsvSink, ObjectStore.at, ObjectStore.at):
        try:
            made = make(uri)
        except ConfigError as error:
            shown += told_by(error)
        else:
            store = getattr(made, "storage", made)
            shown += [repr(made), repr(store), store.place]
    assert leaked(*map(str, shown)) == []
    assert shown[0].endswith(f"bucket/lake{ending}")


def holding(root, held, leave):
    """Hold the lock in another process until told to leave."""
    with Folder(root).lock("_state/lock"):
        held.set()
        leave.wait(20)


def test_a_lock_is_held_by_one_process_and_named(tmp_path):
    """A second process is told who writes there; when that one has ended, it may."""
    context = multiprocessing.get_context("spawn")
    held, leave = context.Event(), context.Event()
    other = context.Process(target=holding, args=(tmp_path, held, leave))
    other.start()
    try:
        assert held.wait(20)
        with (
            pytest.raises(OutputLocked, match=f"process {other.pid} on "),
            Folder(tmp_path).lock("_state/lock"),
        ):
            pass
    finally:
        leave.set()
        other.join(20)
    with Folder(tmp_path).lock("_state/lock"):
        pass


def test_an_unknown_place_is_refused_without_its_options():
    """A URI that no filesystem knows is refused, and its options, maybe secrets, not told."""
    with pytest.raises(ConfigError, match="nowhere://lake: pyarrow") as caught:
        ObjectStore.at("nowhere://lake?secret=hush")
    assert "hush" not in str(caught.value)
