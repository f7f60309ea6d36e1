"""Metric families of a snapshot, in the rules of Prometheus exporters.

Cumulative statistics are sums over a sliding window, which fall as well as rise: they are gauges.
There is no average, minimum or maximum, and no label for a single Worker.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from taskrouter_stats.errors import MissingExtra, PayloadError
from taskrouter_stats.models import LiveWorker

from .snapshot import Snapshot

__all__ = ["exposition", "families", "prometheus"]

_MAX_VALUES: Final = 100
"""Values of an attribute that get a separate label; the rarest beyond count as ``other``."""
_RESERVATIONS: Final = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
_TASKS: Final = ("created", "completed", "canceled", "deleted", "moved", "timed_out_in_workflow")

Sample = tuple[str, str, dict[str, str], float | None]
"""Name without prefix, help, labels without the Workspace, value; without a value no sample."""


def prometheus() -> Any:
    """Return prometheus_client.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return import_module("prometheus_client")
    except ImportError:
        raise MissingExtra("The exporter", "prometheus") from None


def families(
    snapshots: Mapping[str, Snapshot | None], *, ttl: float, attribute: str | None
) -> list[Any]:
    """Return the metric families of some Workspaces; None for one that did not answer in time."""
    library = import_module("prometheus_client.core")
    found: dict[str, Any] = {}
    for workspace, snapshot in snapshots.items():
        for name, text, labels, value in _samples(snapshot, ttl, attribute):
            if value is not None:
                full = f"taskrouter_{name}"
                if full not in found:
                    label_names = ["workspace", *labels]
                    found[full] = library.GaugeMetricFamily(full, text, labels=label_names)
                found[full].add_metric([workspace, *labels.values()], value)
    return list(found.values())


def exposition(found: Iterable[Any]) -> bytes:
    """Return families in the text format."""
    library = prometheus()
    registry = library.CollectorRegistry()
    registry.register(_Families(list(found)))
    return bytes(library.generate_latest(registry))


class _Families:
    """A collector of given families."""

    def __init__(self, found: list[Any]) -> None:
        self._found = found

    def collect(self) -> list[Any]:
        """Return the families."""
        return self._found


def _samples(snapshot: Snapshot | None, ttl: float, attribute: str | None) -> Iterator[Sample]:
    is_up = snapshot is not None and not snapshot.errors
    cached = f"1 if the last fetch brought everything in time; answers are cached for {ttl:g} s"
    yield "up", cached, {}, float(is_up)
    if snapshot is not None:
        yield from _now(snapshot)
        yield from _window(snapshot)
        yield from _queues(snapshot)
        if attribute is not None and snapshot.workers is not None:
            yield from _by_attribute(snapshot, attribute)


def _now(snapshot: Snapshot) -> Iterator[Sample]:
    now = snapshot.real_time
    if now is None:
        return
    for activity in now.activity_statistics or ():
        labels = {"activity": activity.friendly_name or activity.sid or ""}
        yield "workers", "Workers by Activity now", labels, activity.workers
    for status, count in (now.tasks_by_status or {}).items():
        yield "tasks", "Tasks by status now", {"status": status}, count
    age = now.longest_task_waiting_age
    yield "longest_task_waiting_age_seconds", "Age of the longest-waiting Task", {}, age


def _window(snapshot: Snapshot) -> Iterator[Sample]:
    past = snapshot.cumulative
    if past is None:
        return
    if past.start_time is not None and past.end_time is not None:
        seconds = (past.end_time - past.start_time).total_seconds()
        yield "window_seconds", "Length of the sliding window", {}, seconds
    for event in _RESERVATIONS:
        count = getattr(past, f"reservations_{event}")
        yield "window_reservations", "Reservations in the sliding window", {"event": event}, count
    for event in _TASKS:
        count = getattr(past, f"tasks_{event}")
        yield "window_tasks", "Tasks in the sliding window", {"event": event}, count


def _queues(snapshot: Snapshot) -> Iterator[Sample]:
    for queue in snapshot.queues or ():
        now = queue.statistics
        labels = {"queue_sid": now.task_queue_sid or "", "queue": queue.name}
        for status, count in (now.tasks_by_status or {}).items():
            yield "queue_tasks", "Tasks of a queue now", {**labels, "status": status}, count
        age = now.longest_task_waiting_age
        yield "queue_longest_task_waiting_age_seconds", "Age of its oldest Task", labels, age
        available = now.total_available_workers
        yield "queue_available_workers", "Available Workers of a queue", labels, available
        yield "queue_eligible_workers", "Workers of a queue", labels, now.total_eligible_workers


def _by_attribute(snapshot: Snapshot, attribute: str) -> Iterator[Sample]:
    values = [_value(worker, attribute) for worker in snapshot.workers or ()]
    kept = {value for value, _ in Counter(values).most_common(_MAX_VALUES)}
    counts = Counter(
        (value if value in kept else "other", worker.activity_name or "")
        for worker, value in zip(snapshot.workers or (), values, strict=True)
    )
    text = "Workers by an attribute and by Activity now"
    for (value, activity), count in sorted(counts.items()):
        labels = {"attribute": attribute, "value": value, "activity": activity}
        yield "workers_by_attribute", text, labels, count


def _value(worker: LiveWorker, attribute: str) -> str:
    """Return the attribute as text; empty without it, and for a list or an object."""
    try:
        value = worker.attributes_dict.get(attribute)
    except PayloadError:
        return ""
    return str(value) if isinstance(value, (str, int, float, bool)) else ""
