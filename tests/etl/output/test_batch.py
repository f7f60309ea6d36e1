"""An answer that can't be written does not affect the others of its batch."""

import pytest

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl import JsonLinesSink
from taskrouter_stats.etl.output.batch import MIN_SUSPECT, Batch, PendingRows
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Position
from tests.etl.export_runs import json_lines
from tests.etl.test_sinks import tables


class Picky(JsonLinesSink):
    """A sink that can't write some Workers, and counts its attempts."""

    bad, attempts = (), 0

    def write(self, batch):
        """Write all rows of the batch, or raise the error that a value causes."""
        self.attempts += 1
        if any(item["worker_statistics"][0]["worker_sid"] in self.bad for item in batch):
            raise TypeError("this value can't be written")
        return super().write(batch)


def written(tmp_path, count, bad, items=None):
    """Return a batch of Workers after it was written, its sink and each item's result."""
    sink, results = Picky(tmp_path / "rows.jsonl"), {}
    sink.begin("run", Checkpoint(sink.storage, sink.state, sink.format))
    sink.bad = [f"WK{number}" for number in bad]
    some = [
        PendingRows(lambda n=n: tables(n), None, 1, lambda e, n=n: results.update({n: e}))
        for n in range(count)
    ]
    batch = Batch([*some, *(items or [])], Position())
    batch.write(sink)
    batch.committed = True
    batch.report()
    return batch, sink, results


@pytest.mark.parametrize("bad", [(), (0,), (63,), (5, 6), (0, 20, 63)])
def test_all_other_answers_are_written(tmp_path, bad):
    """The file holds the other answers once and in order, after few attempts."""
    batch, sink, results = written(tmp_path, 64, bad)
    rows = [row["worker_sid"] for row in json_lines(tmp_path / "rows.jsonl")]
    assert rows == [f"WK{number}" for number in range(64) if number not in bad]
    assert [number for number, error in results.items() if error is not None] == list(bad)
    assert batch.position.lengths == {"rows.jsonl": (tmp_path / "rows.jsonl").stat().st_size}
    assert sink.attempts <= 1 + 14 * len(bad)


def test_rows_that_can_not_be_made_cost_one_item(tmp_path):
    """Any error of making rows concerns one answer only."""
    results = []
    broken = PendingRows(lambda: 1 / 0, None, 1, results.append)
    written(tmp_path, 3, (), [broken])
    assert [type(error) for error in results] == [ZeroDivisionError]
    assert len(json_lines(tmp_path / "rows.jsonl")) == 3


def test_a_sink_that_writes_no_answer_raises_its_error(tmp_path):
    """If none of twenty answers can be written, the batch raises the sink's error."""
    batch, _, _ = written(tmp_path / "few", MIN_SUSPECT - 1, range(MIN_SUSPECT))
    assert len(batch.errors) == MIN_SUSPECT - 1
    with pytest.raises(TypeError, match="can't be written"):
        written(tmp_path / "many", MIN_SUSPECT, range(MIN_SUSPECT))


def test_a_storage_error_ends_the_batch(tmp_path):
    """A StorageError ends the batch at once, and no item gets a result."""
    results = []

    class Full(JsonLinesSink):
        def write(self, batch):
            raise StorageError("disk full")

    batch = Batch([PendingRows(lambda: tables(1), None, 1, results.append)] * 2, Position())
    with pytest.raises(StorageError, match="disk full"):
        batch.write(Full(tmp_path / "rows.jsonl"))
    batch.report()
    assert results == []
