"""The place of a poll's output."""

import pytest

from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.output.storage import ObjectStore
from taskrouter_stats.etl.polling.encodings import JsonLinesEncoding, ParquetEncoding
from taskrouter_stats.etl.polling.place import Place
from tests.etl.polling.polled import WS


@pytest.mark.parametrize("as_path", [str, lambda path: path, ParquetSink])
def test_a_folder_means_parquet(tmp_path, as_path):
    """A folder's path or its sink is the same place, in Parquet, with a state of its own."""
    place = Place.of(as_path(tmp_path), WS)
    assert isinstance(place.encoding, ParquetEncoding)
    assert place.storage.place == str(tmp_path)
    assert place.lock == f"_poll/{WS}/lock"


def test_two_workspaces_have_two_locks(tmp_path):
    """Polls of two Workspaces may share an output, and never a temporary file."""
    first, second = (Place.of(tmp_path, sid) for sid in (WS, "WS" + "2" * 32))
    assert first.lock != second.lock
    assert first.storage.staging != second.storage.staging != ParquetSink(tmp_path).state


@pytest.mark.parametrize(("compression", "ending"), [(None, "jsonl"), ("gzip", "jsonl.gz")])
def test_json_lines(tmp_path, compression, ending):
    """A sink of JSON Lines gives its format and its compression."""
    place = Place.of(JsonLinesSink(tmp_path, compression=compression), WS)
    assert isinstance(place.encoding, JsonLinesEncoding)
    assert place.encoding.ending == ending


def test_an_object_store_is_a_place():
    """A URI of an object store is a place in Parquet."""
    place = Place.of("mock://bucket/lake", WS)
    assert isinstance(place.storage, ObjectStore)


@pytest.mark.parametrize(
    "make",
    [
        CsvSink,
        lambda path: JsonLinesSink(path / "rows.jsonl"),
        lambda path: JsonLinesSink(path, table="worker_statistics"),
        lambda path: ParquetSink(path, table="worker_statistics"),
    ],
)
def test_other_sinks_are_refused(tmp_path, make):
    """A sink of another format, of one file or of one table raises an error that names others."""
    with pytest.raises(ConfigError, match=r'etl\.ParquetSink\("lake/"\)'):
        Place.of(make(tmp_path), WS)


@pytest.mark.parametrize("output", [None, 7, object()])
def test_other_objects_are_refused(output):
    """An object that is not a sink or a path raises an error that says what is."""
    with pytest.raises((ConfigError, InvalidParameter)):
        Place.of(output, WS)
