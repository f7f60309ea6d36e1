"""What the dashboard shows of the server's answers."""

from datetime import UTC, datetime

import pytest

from taskrouter_stats import BudgetSnapshot, Window, models
from taskrouter_stats.web.summaries import (
    activity_rows,
    budget_row,
    queue_row,
    queue_totals,
    statistics_row,
    window_text,
    worker_row,
)

WORKSPACE = "WS" + "a" * 32


def worker(activity, seconds, *, available=False):
    """Return a row of a Worker."""
    return worker_row(
        models.LiveWorker(
            sid="WK" + "a" * 32,
            activity_name=activity,
            available=available,
            seconds_in_activity=seconds,
            as_of=datetime.now(UTC),
            by_server_clock=True,
        )
    )


def queue(**fields):
    """Return a row of a TaskQueue."""
    sid = "WQ" + "a" * 32
    return queue_row(models.TaskQueueRealTime(task_queue_sid=sid, **fields), None)


def test_activities_are_counted():
    """An Activity has its Workers, the median and the longest time; unknown times do not count."""
    rows = [worker("Break", 5.0), worker("Break", 9.0), worker("Break", None)]
    rows += [worker("Available", None, available=True), worker(None, 1.0)]
    assert [tuple(row.values()) for row in activity_rows(rows)] == [
        ("Break", 3, False, 5.0, 9.0),
        ("(unknown)", 1, False, 1.0, 1.0),
        ("Available", 1, True, None, None),
    ]


def test_a_worker_without_a_name_has_its_sid():
    """The row of a Worker without a name shows the SID."""
    assert worker("Break", 1.0)["name"] == "WK" + "a" * 32


def test_waiting_tasks_are_pending_and_reserved():
    """Tasks that a Worker accepted do not wait, and an age without such a Task is not shown."""
    status = {"pending": 2, "reserved": 1, "assigned": 7, "wrapping": 4}
    row = queue(tasks_by_status=status, longest_task_waiting_age=90.0)
    assert (row["waiting"], row["oldest"], row["assigned"], row["wrapping"]) == (3, 90.0, 7, 4)
    idle = queue(tasks_by_status={"assigned": 1}, longest_task_waiting_age=0.0)
    assert (idle["waiting"], idle["oldest"]) == (0, None)


def test_what_the_server_does_not_say_is_none():
    """Without counts by status nothing is shown as zero."""
    silent = queue()
    assert (silent["waiting"], silent["oldest"], silent["available"]) == (None, None, None)
    assert queue_totals([silent]) == dict.fromkeys(
        ("waiting", "assigned", "wrapping", "oldest")
    ) | {"total": 1}


def test_totals_are_sums():
    """The totals are sums of what is known, and the oldest age is the greatest."""
    rows = [
        queue(tasks_by_status={"pending": 2}, longest_task_waiting_age=4.0),
        queue(tasks_by_status={"pending": 1, "assigned": 3}, longest_task_waiting_age=9.0),
        queue(),
    ]
    totals = queue_totals(rows)
    assert (totals["total"], totals["waiting"], totals["assigned"]) == (3, 3, 3)
    assert totals["oldest"] == 9.0


@pytest.mark.parametrize(
    ("created", "accepted", "share"),
    [(4, 3, 0.75), (0, 0, None), (None, None, None), (4, None, None)],
)
def test_acceptance_is_accepted_of_created(created, accepted, share):
    """Acceptance is a share of created Reservations, and unknown without any."""
    statistics = models.WorkspaceCumulativeStatistics(
        workspace_sid=WORKSPACE, reservations_created=created, reservations_accepted=accepted
    )
    assert statistics_row(statistics)["acceptance"] == share


def test_a_pace_without_a_bound_is_none():
    """JSON has no infinity, so a pace without a bound is None."""
    budget = BudgetSnapshot(
        "AC", "WS", "Worker-List", None, None, float("inf"), 0, 0, 0, 0, "leave"
    )
    assert budget_row(budget)["pace"] is None


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window.last(minutes=90), "last 90 min"),
        (Window.last(hours=8), "last 8 h"),
        (Window.last(days=2), "last 2 d"),
    ],
)
def test_windows_are_in_the_largest_unit(window, text):
    """A relative window is given in days, hours or minutes without a fraction."""
    assert window_text(window) == text
