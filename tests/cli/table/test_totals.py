"""The rows and sums of the table."""

from datetime import UTC, datetime

import attrs

from taskrouter_stats import Success, Window, queries
from taskrouter_stats.cli.table.totals import TopWorkers
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.etl import rows
from taskrouter_stats.models import ActivityDuration, Worker, WorkerCumulative, WorkerStatistics

WS, WK = "WS" + "1" * 32, "WK" + "2" * 32
WINDOW = Window.between(datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC))


def answered(name, created, accepted=0, rejected=0, lunch=None):
    """Return the rows of an answered query."""
    query = queries.worker_statistics(WS, WK, WINDOW)
    query = attrs.evolve(query, context=Worker(sid=WK, friendly_name=name))
    cumulative = WorkerCumulative(
        reservations_created=created,
        reservations_accepted=accepted,
        reservations_rejected=rejected,
        activity_durations=(ActivityDuration(friendly_name="Lunch", total=lunch),),
    )
    value = WorkerStatistics(worker_sid=WK, workspace_sid=WS, cumulative=cumulative)
    return rows(Success(query, value, Meta()))


def test_the_busiest_workers_are_first():
    """Workers are sorted by created reservations, then accepted ones, then name."""
    workers = TopWorkers(3)
    for values in (("d", 1), ("b", 5, 2), ("a", 5, 3), ("c", 5, 2), ("e", 4)):
        workers.add(answered(*values))
    assert [row.name for row in workers.top] == ["a", "b", "c"]


def test_the_sums_are_over_all_workers():
    """The sums include workers that the table does not show."""
    workers = TopWorkers(1)
    for count in range(1, 4):
        workers.add(answered("w", count, accepted=count, rejected=1, lunch=10.5))
    total = workers.total
    assert (total.name, total.created, total.ends["accepted"], total.other) == (
        "3 workers",
        6,
        6,
        3,
    )
    assert total.seconds == {"Lunch": 31.5}
    assert total.span == 3 * 3600


def test_a_worker_without_numbers_counts_as_a_worker():
    """A worker without numbers adds 1 to the number of workers, and nothing else."""
    workers = TopWorkers(1)
    query = queries.worker_statistics(WS, WK, WINDOW)
    value = WorkerStatistics(worker_sid=WK, workspace_sid=WS, cumulative=WorkerCumulative())
    workers.add(rows(Success(query, value, Meta())))
    assert workers.workers == 1
    assert workers.top[0].name == WK
    assert workers.total.created == 0


def test_size_0_keeps_no_worker():
    """With size 0, no row is kept."""
    workers = TopWorkers(0)
    workers.add(answered("w", 1))
    assert workers.top == []
