"""``--retry-failed``: plans of the queries that failed in earlier runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import orjson

from taskrouter_stats import Window
from taskrouter_stats.cli.options.workers import WorkerSelection
from taskrouter_stats.core.local_time import find_zone
from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl import FailedQuery, RowWriter, WorkerPlan, Writer
from taskrouter_stats.etl.writer import FAILURES_FILE
from taskrouter_stats.models import check_sid
from taskrouter_stats.models.sids import sid_of

__all__ = ["load_failures", "retry_plans"]

_TIMES: Final = ("window_start", "window_end")
_SIDS: Final = {"workspace_sid": "WS", "worker_sid": "WK"}


async def load_failures(writer: RowWriter) -> list[FailedQuery]:
    """Return the failures of an open output that no later run answered; none without state.

    Raises:
        StorageError: the file cannot be read, or is not a list of failures.
    """
    if not isinstance(writer, Writer):
        return []
    storage, name = writer.sink.storage, f"{writer.sink.state}/{FAILURES_FILE}"

    def read() -> list[FailedQuery]:
        if name not in storage.names(writer.sink.state):
            return []
        try:
            return [_failure(orjson.loads(line)) for line in storage.get(name).splitlines()]
        except (KeyError, TypeError, ValueError):
            raise StorageError(f"{storage.place}/{name} is not a list of failed queries") from None

    failures = await writer.run_blocking(read)
    return [failure for failure in failures if not writer.is_resolved(failure.key)]


def retry_plans(
    failures: Sequence[FailedQuery], workspaces: Sequence[str], selection: WorkerSelection
) -> list[WorkerPlan]:
    """Return plans for exactly these queries; one plan has the windows of the same workers.

    Args:
        failures: the failed queries.
        workspaces: only these workspaces; empty for all.
        selection: only these workers and this TaskChannel, if given.
    """
    if selection.task_queue is not None:
        raise ConfigError("--retry-failed and --task-queue exclude each other: omit --task-queue")
    chosen = set(map(sid_of, workspaces))
    sids = None if selection.workers is None else set(map(sid_of, selection.workers))
    channel = sid_of(selection.task_channel or "")
    queries: dict[tuple[str, str | None, Window], dict[str, None]] = {}
    for failure in failures:
        window = _window(failure)
        selected = (
            (sids is None or sid_of(failure.worker_sid) in sids)
            and (not channel or sid_of(failure.task_channel or "") == channel)
            and (not chosen or sid_of(failure.workspace_sid) in chosen)
        )
        if selected and window is not None:
            group = (failure.workspace_sid, failure.task_channel, window)
            queries.setdefault(group, {})[failure.worker_sid] = None
    plans: dict[tuple[str, str | None, tuple[str, ...]], list[Window]] = {}
    for (workspace, kept_channel, window), workers in queries.items():
        plans.setdefault((workspace, kept_channel, tuple(workers)), []).append(window)
    return [
        WorkerSelection(workers, None, kept_channel).plan(workspace, windows)
        for (workspace, kept_channel, workers), windows in plans.items()
    ]


def _failure(line: dict[str, Any]) -> FailedQuery:
    fields = {name: line[name] for name in attrs.fields_dict(FailedQuery) if name in line}
    for name in _TIMES:
        fields[name] = None if fields[name] is None else datetime.fromisoformat(fields[name])
    for name, prefix in _SIDS.items():
        check_sid(name, fields[name], prefix)
    failure = FailedQuery(**fields)
    _window(failure)  # raises for times that make no window
    return failure


def _window(failed: FailedQuery) -> Window | None:
    if failed.window_start is None or failed.window_end is None:
        return None
    window = Window.between(failed.window_start, failed.window_end)
    zone = find_zone(failed.tz)  # None: Python can give a zone without an IANA name
    return window if zone is None else attrs.evolve(window, tz=zone)
