"""The formats of a poll's files."""

import gzip
import io

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.arrow import arrow_schema
from taskrouter_stats.etl.polling import encodings
from taskrouter_stats.etl.polling.encodings import JsonLinesEncoding, ParquetEncoding
from taskrouter_stats.etl.schemas import SCHEMAS
from tests.etl.polling.polled import EIGHT, snapshot

TABLE = "worker_activity"
ROWS = snapshot(workers=5).tables[TABLE]


def read(data):
    """Return a Parquet file's table."""
    return pq.ParquetFile(io.BytesIO(data)).read()


def test_parquet_has_the_tables_columns():
    """A file has the columns and types of its table, but for the day, which its folder names."""
    table = read(ParquetEncoding().encode(TABLE, ROWS))
    wanted = arrow_schema(SCHEMAS[TABLE])
    assert table.schema.equals(wanted.remove(wanted.get_field_index("day")))
    assert table["worker_sid"].to_pylist() == [row["worker_sid"] for row in ROWS]
    assert table["snapshot_time"].to_pylist() == [EIGHT] * 5


@pytest.mark.parametrize("rows_per_group", [1, 3, 50_000])
def test_joined_parquet_has_all_rows_in_order(monkeypatch, rows_per_group):
    """Files become one file with their rows in order, whatever the size of its row groups."""
    monkeypatch.setattr(encodings, "_ROWS_PER_GROUP", rows_per_group)
    encoding = ParquetEncoding()
    files = [encoding.encode(TABLE, ROWS[start : start + 2]) for start in (0, 2, 4)]
    joined = encoding.join(TABLE, iter(files))
    assert read(joined).equals(read(encoding.encode(TABLE, ROWS)))
    assert pq.ParquetFile(io.BytesIO(joined)).num_row_groups <= 4


def test_files_of_an_older_version_can_be_joined():
    """A column that an older file lacks is null in the joined file."""
    encoding = ParquetEncoding()
    older = io.BytesIO()
    pq.write_table(read(encoding.encode(TABLE, ROWS)).drop_columns("extra"), older)
    joined = read(encoding.join(TABLE, [older.getvalue(), encoding.encode(TABLE, ROWS)]))
    assert joined.num_rows == 10
    assert joined.column_names == read(encoding.encode(TABLE, ROWS)).column_names


def test_a_damaged_file_is_an_error():
    """A file that is not Parquet raises an error that names its table."""
    with pytest.raises(StorageError, match="worker_activity is damaged"):
        ParquetEncoding().join(TABLE, [b"PAR1 and then nothing"])


@pytest.mark.parametrize("compression", ["snappy", "gzip", "none"])
def test_parquet_has_the_sinks_compression(compression):
    """The columns have the compression that the sink names."""
    data = ParquetEncoding(compression).encode(TABLE, ROWS)
    column = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    assert column.compression == {"none": "UNCOMPRESSED"}.get(compression, compression.upper())


def test_lines_are_rows():
    """A line of JSON Lines is a row, with its time in UTC."""
    encoding = JsonLinesEncoding()
    first, *others = encoding.encode(TABLE, ROWS).splitlines()
    assert len(others) == 4
    assert orjson.loads(first)["snapshot_time"] == "2026-11-26T08:00:00Z"
    assert list(orjson.loads(first)) == list(SCHEMAS[TABLE].names)
    assert encoding.ending == "jsonl"


def test_joined_gzip_is_one_gzip():
    """Compressed files joined are one compressed file with all lines."""
    encoding = JsonLinesEncoding("gzip")
    joined = encoding.join(
        TABLE, [encoding.encode(TABLE, ROWS[:2]), encoding.encode(TABLE, ROWS[2:])]
    )
    assert gzip.decompress(joined) == JsonLinesEncoding().encode(TABLE, ROWS)
    assert encoding.ending == "jsonl.gz"


def test_an_empty_join_has_the_tables_columns():
    """A file without rows still has its columns."""
    assert isinstance(read(ParquetEncoding().join(TABLE, [])), pa.Table)
