"""CSV for Excel: a byte order mark once in each file, and no text that is a formula."""

import csv
import gzip
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.errors import InvalidParameter, StorageError
from taskrouter_stats.etl import SCHEMAS, CsvSink, compact
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, Position

MARK = b"\xef\xbb\xbf"
TABLE = "worker_statistics"


def rows(number, name, **more):
    """Return the row of one worker, as an export gives it to a sink."""
    row = dict.fromkeys(SCHEMAS[TABLE].names)
    return {TABLE: [{**row, "worker_sid": f"WK{number}", "worker_name": name, **more}]}


def begun(sink, *commits, run="run"):
    """Return a sink at the beginning of a run, after these commits."""
    checkpoint = Checkpoint(sink.storage, sink.state, sink.format)
    checkpoint.open()
    for commit in commits:
        checkpoint.commit(commit)
    sink.begin(run, checkpoint)
    return sink


def read(path):
    """Return a file's bytes, decompressed if its name says so."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def names(path):
    """Return the workers' names in a file, as a program reads them."""
    text = read(path).decode("utf-8-sig")
    return [row["worker_name"] for row in csv.DictReader(io.StringIO(text, newline=""))]


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_a_file_for_excel_has_one_byte_order_mark(tmp_path, name):
    """The mark stands at the file's start once, whatever batches and runs append."""
    path = tmp_path / name
    sink = begun(CsvSink(path, table=TABLE, excel=True))
    sink.write([rows(1, "Zoë")])
    position = sink.write([rows(2, "Łukasz")])
    sink = begun(CsvSink(path, table=TABLE, excel=True), Commit("run", position, ended=True))
    sink.write([rows(3, "Ada")])
    assert read(path).startswith(MARK + b"account_sid,")
    assert read(path).count(MARK) == 1
    assert names(path) == ["Zoë", "Łukasz", "Ada"]


def test_a_killed_run_leaves_no_second_mark(tmp_path):
    """After a kill at any byte of the first or the second batch, the file has one mark."""
    path = tmp_path / "rows.csv"
    sink = begun(CsvSink(path, table=TABLE, excel=True))
    first = sink.write([rows(1, "Zoë")])
    one = path.stat().st_size
    sink.write([rows(2, "Ada")])
    whole = path.read_bytes()
    for length in (*range(8), one - 1, one, one + 1, len(whole) - 1):
        path.write_bytes(whole[:length])
        kept = length >= one
        committed = Commit("run", first) if kept else Commit("run")  # as a writer begins
        for number in (1, 2):
            (tmp_path / "rows.csv._state" / f"commit-{number:010}.json").unlink(missing_ok=True)
        sink = begun(CsvSink(path, table=TABLE, excel=True), committed)
        sink.write([rows(3, "Eve")])
        assert (path.read_bytes().find(MARK), path.read_bytes().count(MARK)) == (0, 1)
        assert names(path) == (["Zoë"] if kept else []) + ["Eve"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_compaction_keeps_the_mark_and_the_guards(tmp_path, name):
    """A compacted file for Excel still has one mark, and its text is guarded once."""
    path = tmp_path / name
    sink = CsvSink(path, table=TABLE, excel=True)
    checkpoint = Checkpoint(sink.storage, sink.state, sink.format)
    checkpoint.open()
    sink.begin("run", checkpoint)
    for worker in (1, 2, 1):
        checkpoint.commit(Commit("run", sink.write([rows(worker, "=1+1")])))
    assert compact(path).removed == 1
    assert (read(path).find(MARK), read(path).count(MARK)) == (0, 1)
    assert names(path) == ["'=1+1", "'=1+1"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1 555 0100", "'+1 555 0100"),
        ("-Ann", "'-Ann"),
        ("@sum(a1)", "'@sum(a1)"),
        ("\t=1", "'\t'=1"),
        ("\r\n=1", "'\r\n'=1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("Ann;=1+1", "Ann;'=1+1"),
        ('Ann;"=1"', 'Ann;\'"=1"'),
        ("Ann = Bob; a-b", "Ann = Bob; a-b"),
        ("Zoë", "Zoë"),
        ("", ""),
    ],
)
def test_text_that_a_spreadsheet_takes_for_a_formula_is_guarded(tmp_path, text, written):
    """A ``'`` stands before a formula, and other text stays as it is."""
    sink = begun(CsvSink(tmp_path / "rows.csv", table=TABLE, excel=True))
    sink.write([rows(1, text)])
    assert names(tmp_path / "rows.csv") == [written]


def test_negative_numbers_stay_numbers_and_json_is_guarded_as_text(tmp_path):
    """No number gets a ``'``, and a formula inside of JSON gets one."""
    sink = begun(CsvSink(tmp_path / "rows.csv", table=TABLE, excel=True))
    sink.write([rows(1, "Ada", reservations_created=-5, extra={"note": "a;=1"})])
    (row,) = csv.DictReader(io.StringIO((tmp_path / "rows.csv").read_text("utf-8-sig"), newline=""))
    assert (row["reservations_created"], row["extra"]) == ("-5", '{"note":"a;\'=1"}')


@given(st.text("aZ =+-@;,\"'\t\r\n\uff1d", max_size=12))
def test_no_cell_begins_as_a_formula_wherever_excel_separates(text):
    """Wherever a cell starts there is no formula, and the guards are all that was added."""
    sink = object.__new__(CsvSink)
    sink._excel, sink._has_columns = True, {TABLE}
    data = sink.encode(TABLE, [rows(1, text)[TABLE][0]], first=False).decode()
    (cells,) = csv.reader(io.StringIO(data, newline=""))
    written = cells[SCHEMAS[TABLE].names.index("worker_name")]
    starts = [written, *(cell.lstrip('"') for cell in re.split("[;\t\r\n]", data))]
    assert [cell for cell in starts if cell.lstrip(' "')[:1] in set("=+@-\uff1d")] == []
    assert written.replace("'", "") == text.replace("'", "")


def test_without_excel_files_hold_the_text_itself(tmp_path):
    """A file for programs has no mark, and a name that looks like a formula is the name."""
    begun(CsvSink(tmp_path / "rows.csv", table=TABLE)).write([rows(1, "=1+1")])
    assert not read(tmp_path / "rows.csv").startswith(MARK)
    assert names(tmp_path / "rows.csv") == ["=1+1"]


def test_an_output_for_excel_takes_no_other_rows(tmp_path):
    """A run without ``excel=`` is refused, since its text would be a formula there."""
    sink = begun(CsvSink(tmp_path, excel=True), Commit("run", Position()))
    assert sink.format == "CSV for Excel"
    with pytest.raises(StorageError, match="holds CSV for Excel, not CSV: take another output"):
        begun(CsvSink(tmp_path))


def test_excel_is_true_or_false(tmp_path):
    """Text that looks like a refusal is refused: it would count as true."""
    with pytest.raises(InvalidParameter, match="excel='str': expected True or False"):
        CsvSink(tmp_path, excel="no")
