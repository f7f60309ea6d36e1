"""What the dashboard shows of the server's answers: plain rows and counts, ready for JSON.

The functions here are pure. A row is a dict; None stands for what the server did not say.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import isfinite
from statistics import median_low
from typing import Any, TypeAlias

from taskrouter_stats.core.window import Window
from taskrouter_stats.models import LiveWorker, TaskQueueRealTime, WorkspaceCumulativeStatistics
from taskrouter_stats.session import BudgetSnapshot

__all__ = [
    "Row",
    "activity_rows",
    "budget_row",
    "queue_row",
    "queue_totals",
    "statistics_row",
    "window_text",
    "worker_row",
]

Row: TypeAlias = dict[str, Any]

_RESERVATIONS = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")


def worker_row(worker: LiveWorker) -> Row:
    """Return a Worker's name, Activity, and the seconds that it has spent there."""
    return {
        "sid": worker.sid,
        "name": worker.friendly_name or worker.sid,
        "activity": worker.activity_name or worker.activity_sid or "(unknown)",
        "available": worker.available,
        "seconds": worker.seconds_in_activity,
    }


def activity_rows(workers: Iterable[Row]) -> list[Row]:
    """Return a row for each Activity that a Worker is in, the one with most Workers first.

    A row has the number of Workers, whether they can receive Tasks, and the median and the longest
    of their seconds in the Activity.
    """
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for worker in workers:
        members[worker["activity"]].append(worker)
    rows = [_activity_row(name, inside) for name, inside in members.items()]
    return sorted(rows, key=lambda row: (-row["workers"], row["name"]))


def _activity_row(name: str, workers: list[Row]) -> Row:
    seconds = [row["seconds"] for row in workers if row["seconds"] is not None]
    return {
        "name": name,
        "workers": len(workers),
        "available": any(row["available"] for row in workers),
        "median": median_low(seconds) if seconds else None,
        "longest": max(seconds, default=None),
    }


def queue_row(queue: TaskQueueRealTime, name: str | None) -> Row:
    """Return a TaskQueue's Tasks and Workers now.

    ``waiting`` counts the Tasks that no Worker has accepted: pending and reserved ones.
    """
    status = queue.tasks_by_status
    count: Mapping[str, int] = {} if status is None else status
    waiting = None if status is None else count.get("pending", 0) + count.get("reserved", 0)
    return {
        "sid": queue.task_queue_sid,
        "name": name or queue.task_queue_sid,
        "waiting": waiting,
        "oldest": queue.longest_task_waiting_age if waiting else None,
        "assigned": count.get("assigned"),
        "wrapping": count.get("wrapping"),
        "available": queue.total_available_workers,
        "eligible": queue.total_eligible_workers,
    }


def queue_totals(queues: Iterable[Row]) -> Row:
    """Return the sums over all TaskQueues, and the age of the oldest Task that waits, seconds."""
    rows = list(queues)
    ages = [row["oldest"] for row in rows if row["oldest"] is not None]
    sums = {name: _sum(rows, name) for name in ("waiting", "assigned", "wrapping")}
    return {"total": len(rows), **sums, "oldest": max(ages, default=None)}


def statistics_row(statistics: WorkspaceCumulativeStatistics) -> Row:
    """Return Reservations and Tasks of the window, and the share of Reservations accepted."""
    reservations = {name: getattr(statistics, f"reservations_{name}") for name in _RESERVATIONS}
    created, accepted = reservations["created"], reservations["accepted"]
    known = created and accepted is not None
    return {
        "reservations": reservations,
        "acceptance": accepted / created if known else None,
        "acceptance_time": statistics.avg_task_acceptance_time if accepted else None,
        "tasks_created": statistics.tasks_created,
        "tasks_completed": statistics.tasks_completed,
        "tasks_canceled": statistics.tasks_canceled,
    }


def budget_row(budget: BudgetSnapshot) -> Row:
    """Return a budget of the session; a pace without a bound is None."""
    return {
        "name": budget.resource_key,
        "limit": budget.limit,
        "remaining": budget.remaining,
        "pace": budget.pace if isfinite(budget.pace) else None,
        "waiting": budget.waiting,
        "in_flight": budget.in_flight,
        "sent": budget.sent,
        "refused": budget.refused,
        "reason": budget.reason,
    }


def window_text(window: Window) -> str:
    """Return a window in words: a relative one in the largest unit that divides it."""
    for minutes, unit in ((24 * 60, "d"), (60, "h")):
        if window.minutes is not None and not window.minutes % minutes:
            return f"last {window.minutes // minutes} {unit}"
    return str(window)


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> int | None:
    """Return the sum of a column; None if no row has a value."""
    values = [row[name] for row in rows if row[name] is not None]
    return sum(values) if values else None
