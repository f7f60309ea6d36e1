"""Kinds 1 to 4 for all tables: a run is complete only if each row that was asked for is there."""

import logging

import pyarrow.parquet as pq
import pytest

from taskrouter_stats import errors, etl
from tests.truth.raw_server import RawServer, error, http, page, worker_sid
from tests.truth.whole_workspace import (
    QUEUES,
    balanced,
    export_all,
    flat,
    items_of,
    resource,
    sid,
    whole,
)

SIDES = {"above": {"reservations_accepted": 1}, "below": {"reservations_accepted": 2}}
SPLIT = {"tables": ("task_queue_statistics",), "split_by_wait_time": [10, 5]}


def of_queue(question, number):
    """Return whether a request is for the statistics of this TaskQueue."""
    wanted = question.sid == sid("WQ", number)
    return wanted and question.path.endswith("/CumulativeStatistics")


def with_splits(splits, number=1):
    """Answer for one TaskQueue with these counts by threshold."""
    return lambda question: (
        http(flat(question, split_by_wait_time=splits)) if of_queue(question, number) else None
    )


async def export(lie, folder, **options):
    """Export into Parquet from a server that lies."""
    with RawServer(whole(lie)).running() as server:
        report = await export_all(server, etl.ParquetSink(folder), **options)
    assert balanced(report)
    return report


@pytest.mark.parametrize("splits", [{"5": SIDES}, {"7": SIDES, "8": SIDES}])
async def test_an_answer_with_other_thresholds_is_not_stored(splits, tmp_path):
    """An answer that lacks a threshold of the query, and has another, answers another query."""
    report = await export(with_splits(splits), tmp_path, **SPLIT)
    assert (report.complete, report.written, report.failed) == (False, QUEUES - 1, 1)
    assert "split_by_wait_time: requested 5,10, got" in report.failures[0].message


async def test_a_threshold_spelled_in_two_ways_is_not_stored(tmp_path):
    """Two counts for one threshold fail the query; neither of them is chosen."""
    splits = {"5": SIDES, "05": {"above": {"reservations_accepted": 99}}, "10": SIDES}
    report = await export(with_splits(splits), tmp_path, **SPLIT)
    assert (report.complete, report.failed) == (False, 1)
    assert "expected each key once, got '5, 05, 10'" in report.failures[0].message


@pytest.mark.parametrize("splits", [None, {}])
async def test_answers_without_thresholds_are_told(splits, tmp_path, caplog):
    """An answer without any threshold may be true, so it is stored, and a log line counts it."""
    with caplog.at_level(logging.WARNING, "taskrouter_stats"):
        report = await export(with_splits(splits), tmp_path, **SPLIT)
    assert report.complete
    words = "1 of 3 answers for task_queue_statistics lack split_by_wait_time, which was requested"
    assert words in caplog.messages


async def test_the_order_of_thresholds_is_no_other_query(tmp_path):
    """The same thresholds in another order, or twice, are done already in the next run."""
    await export(lambda question: None, tmp_path, **SPLIT)
    again = await export(
        lambda question: None, tmp_path, **{**SPLIT, "split_by_wait_time": [5, 10, 5]}
    )
    assert again.already_done == again.planned == QUEUES


@pytest.mark.parametrize("code", [None, 20404])
async def test_channels_of_a_worker_that_exists_are_never_left_out(code, tmp_path):
    """A "not found" for the channels of a Worker that exists is an error of the export."""

    def lie(question):
        if question.path.endswith("/Channels"):
            return error(404, code)
        if question.path.endswith(worker_sid(1)) or question.path.endswith(worker_sid(2)):
            return http(items_of("workers", question)[int(question.sid.removeprefix("WK"), 16) - 1])
        return None

    with pytest.raises(errors.NotFound):
        await export(lie, tmp_path, tables=("worker_channels",))


async def test_a_worker_deleted_meanwhile_has_no_channels(tmp_path):
    """A Worker that the server does not find either is gone, and the export is complete."""

    def lie(question):
        parts = question.path.split("/")
        return error(404, 20404) if worker_sid(1) in parts else None

    report = await export(lie, tmp_path, tables=("worker_channels",))
    assert report.complete
    assert pq.read_table(tmp_path / "worker_channels").num_rows == 1


async def test_a_resource_without_a_date_has_a_row(tmp_path):
    """What the server lists has a row, also if its ``date_created`` is null."""

    def lie(question):
        named = [resource("WQ", 1), resource("WQ", 2, date_created=None)]
        return page("task_queues", named) if question.path.endswith("/TaskQueues") else None

    await export(lie, tmp_path, tables=("task_queues",))
    assert pq.read_table(tmp_path / "task_queues").num_rows == 2


async def test_a_row_of_a_named_dimension_that_cannot_be_stored_is_an_error(tmp_path):
    """An export that leaves out a row of a dimension that the caller named raises an error."""
    deep = []
    for _ in range(900):
        deep = [deep]

    def lie(question):
        named = [resource("WQ", 1), resource("WQ", 2, unknown=deep)]
        return page("task_queues", named) if question.path.endswith("/TaskQueues") else None

    with pytest.raises(errors.StorageError, match="a row of task_queues could not be stored"):
        await export(lie, tmp_path, tables=("task_queues",))
    assert pq.read_table(tmp_path / "task_queues").num_rows == 1
