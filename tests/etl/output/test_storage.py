"""Storage puts files atomically."""

import os
from urllib.parse import quote

import pyarrow.fs as pafs
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from taskrouter_stats.errors import ConfigError, OutputLocked, StorageError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.output.storage import Folder, ObjectStore, shown_uri
from tests.support.lock_holder import holding_lock
from tests.support.secret_leaks import TOKEN, leaked, texts_of


@pytest.fixture(params=["folder", "object store"])
def storage(request, tmp_path):
    """Return storages of both kinds, the object store in memory."""
    if request.param == "folder":
        return Folder(tmp_path)
    memory = pafs.PyFileSystem(pafs.FSSpecHandler(MemoryFileSystem(skip_instance_cache=True)))
    return ObjectStore(memory, str(tmp_path), "memory://lake")


def test_files_are_put_and_read(storage):
    """A storage returns, lists, replaces and removes the files that were put."""
    storage.put("a/b/one", b"1")
    storage.put("a/two", b"2")
    storage.put("a/two", b"22")
    assert storage.names("a") == ["a/b/one", "a/two"]
    assert storage.sizes("a") == {"a/b/one": 1, "a/two": 2}
    assert storage.get("a/two") == b"22"
    storage.remove("a/two")
    storage.remove("a/two")
    assert storage.names("a") == ["a/b/one"]


def test_a_missing_folder_is_empty(storage):
    """A folder that does not exist has no files."""
    assert storage.names("nowhere") == []


def test_a_folder_that_can_not_be_read_is_not_empty(tmp_path, monkeypatch):
    """A folder that may be entered, but not listed, raises an error: its files may be committed."""

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    Folder(tmp_path).put("_state/commit", b"1")
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        Folder(tmp_path).names("_state")


def test_a_missing_file_raises_an_error_with_its_name(storage):
    """The error of a missing file names the file and the reason."""
    with pytest.raises(StorageError, match="missing"):
        storage.get("missing")


def test_a_failed_write_leaves_the_older_file(tmp_path, monkeypatch):
    """If a file can't be synced, the older file stays, and no temporary file does."""
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
def test_no_text_shows_the_keys_of_a_bucket(uri, ending):
    """No repr, place or error of a store or sink shows an S3 secret in a URI."""
    uri %= ending
    shown = [shown_uri(uri)]
    for make in (ParquetSink, JsonLinesSink, CsvSink, ObjectStore.at, ObjectStore.at):
        try:
            made = make(uri)
        except ConfigError as error:
            shown += texts_of(error)
        else:
            store = getattr(made, "storage", made)
            shown += [repr(made), repr(store), store.place]
    assert leaked(*map(str, shown)) == []
    assert shown[0].endswith(f"bucket/lake{ending}")


def test_a_lock_is_held_by_one_process(tmp_path):
    """The error of a second process names the first; after its end the second one gets the lock."""
    with (
        holding_lock(tmp_path, "_state/lock") as other,
        pytest.raises(OutputLocked, match=f"process {other.pid} on "),
        Folder(tmp_path).lock("_state/lock"),
    ):
        pass
    with Folder(tmp_path).lock("_state/lock"):
        pass


def test_the_error_of_an_unknown_place_hides_its_options():
    """The error of a URI that no filesystem knows does not show its options."""
    with pytest.raises(ConfigError, match="nowhere://lake: pyarrow") as caught:
        ObjectStore.at("nowhere://lake?secret=hush")
    assert "hush" not in str(caught.value)
