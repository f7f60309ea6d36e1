"""The numbers of the table."""

from datetime import UTC, datetime

import attrs

from taskrouter_stats import Success, Window, queries
from taskrouter_stats.cli.table.totals import TopWorkers
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.models import ActivityDuration, Worker, WorkerCumulative, WorkerStatistics

WS, WK = "WS" + "1" * 32, "WK" + "2" * 32
WINDOW = Window.between(datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC))


def success(name, created, accepted=0, rejected=0, lunch=None):
    """An answered query."""
    query = queries.worker_statistics(WS, WK, WINDOW)
    query = attrs.evolve(query, context=Worker(sid=WK, friendly_name=name))
    cumulative = WorkerCumulative(
        reservations_created=created,
        reservations_accepted=accepted,
        reservations_rejected=rejected,
        activity_durations=(ActivityDuration(friendly_name="Lunch", total=lunch),),
    )
    value = WorkerStatistics(worker_sid=WK, workspace_sid=WS, cumulative=cumulative)
    return Success(query, value, Meta())


def test_the_busiest_come_first():
    """By reservations created, then accepted, then name; no more than asked for."""
    standings = TopWorkers(3)
    for each in (("d", 1), ("b", 5, 2), ("a", 5, 3), ("c", 5, 2), ("e", 4)):
        standings.add(success(*each))
    assert [line.name for line in standings.top] == ["a", "b", "c"]


def test_the_sums_are_over_all_workers():
    """Also over those that the table leaves out."""
    standings = TopWorkers(1)
    for count in range(1, 4):
        standings.add(success("w", count, accepted=count, rejected=1, lunch=10.5))
    total = standings.total
    assert (total.name, total.created, total.ends["accepted"], total.other) == (
        "3 workers",
        6,
        6,
        3,
    )
    assert total.seconds == {"Lunch": 31.5}
    assert total.span == 3 * 3600


def test_a_worker_without_numbers_counts_as_a_worker():
    """A worker of whom the server tells no counts adds nothing but itself."""
    standings = TopWorkers(1)
    query = queries.worker_statistics(WS, WK, WINDOW)
    value = WorkerStatistics(worker_sid=WK, workspace_sid=WS, cumulative=WorkerCumulative())
    standings.add(Success(query, value, Meta()))
    assert standings.workers == 1
    assert standings.top[0].name == WK
    assert standings.total.created == 0


def test_nothing_may_be_kept():
    """A run that shows no table keeps no worker."""
    standings = TopWorkers(0)
    standings.add(success("w", 1))
    assert standings.top == []
