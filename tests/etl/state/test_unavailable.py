"""The record of expired and gone queries."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.output.storage import Folder
from taskrouter_stats.etl.state.unavailable import GONE_GRACE, UnavailableQueries
from tests.etl.export_runs import days

from .test_checkpoint import worker_key

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FIRST, SECOND = days(2)


def opened(folder):
    """Return the record of an output, read from its file."""
    record = UnavailableQueries()
    record.open(Folder(folder), "_state")
    return record


def stored(record, folder):
    """Store a record's changes in the file of an output."""
    record.store(Folder(folder), "_state", record.changes())


def test_an_expired_window_is_expired_for_all_of_its_workers(tmp_path):
    """A stored record makes one window expired, with its reason, and no other window."""
    record = opened(tmp_path)
    record.add_expired(worker_key(1, FIRST), "HTTP 400, code 14241")
    stored(record, tmp_path)
    again = opened(tmp_path)
    assert again.is_expired(worker_key(2, FIRST))
    assert again.has(worker_key(2, FIRST))
    assert not again.is_expired(worker_key(1, SECOND))
    assert not again.changed


@pytest.mark.parametrize(
    ("steps", "final"),
    [([0], False), ([0, 1, 6], False), ([0, 7], True), ([0, 3, 7], True), ([7, 0], False)],
)
def test_gone_is_final_after_two_answers_seven_days_apart(tmp_path, steps, final):
    """A gone query is recorded at once and final after seven days, even if the clock goes back."""
    key = worker_key(1, FIRST)
    for step in steps:
        record = opened(tmp_path)
        record.add_gone(key, NOW + timedelta(days=step), "HTTP 404, code 20404")
        stored(record, tmp_path)
    again = opened(tmp_path)
    assert timedelta(days=7) == GONE_GRACE
    assert (again.has(key), again.is_gone(key)) == (True, final)
    assert not again.has(worker_key(2, FIRST))


def test_an_answer_removes_the_record_of_a_gone_worker(tmp_path):
    """A query that the server answered is not gone."""
    record = opened(tmp_path)
    record.add_gone(worker_key(1), NOW, "said")
    stored(record, tmp_path)
    record.remove(worker_key(1))
    record.remove(worker_key(2))
    stored(record, tmp_path)
    assert not opened(tmp_path).has(worker_key(1))
    assert record.changes() is None


@pytest.mark.parametrize("text", [b"", b"[]", b'{"version":2}', b'{"version":1,"expired":{}}'])
def test_a_damaged_record_raises_an_error(tmp_path, text):
    """A file with other content raises an error that names the file."""
    Folder(tmp_path).put("_state/unavailable.json", text)
    with pytest.raises(StorageError, match="--fresh starts over"):
        opened(tmp_path)
