"""``--retry-failed``: what earlier runs wrote down as failed, as plans that ask for just that."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import orjson

from taskrouter_stats import Window
from taskrouter_stats.cli.options.workers import WorkerSelection
from taskrouter_stats.core.local_time import find_zone
from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl import FailedQuery, WorkerPlan, Writer
from taskrouter_stats.etl.writer import FAILURES_FILE
from taskrouter_stats.models import check_sid

__all__ = ["load_failures", "retry_plans"]

_TIMES: Final = ("window_start", "window_end")
_SIDS: Final = {"workspace_sid": "WS", "worker_sid": "WK"}


async def load_failures(store: Writer) -> list[FailedQuery]:
    """The failures of an open store that still await their answer.

    Raises:
        StorageError: when they can't be read.
    """
    storage, name = store.sink.storage, f"{store.sink.state}/{FAILURES_FILE}"

    def read() -> list[FailedQuery]:
        if name not in storage.names(store.sink.state):
            return []
        try:
            return [_failure(orjson.loads(line)) for line in storage.get(name).splitlines()]
        except (KeyError, TypeError, ValueError):
            raise StorageError(f"{storage.place}/{name} is not a list of failed queries") from None

    return [one for one in await store.run_blocking(read) if not store.is_resolved(one.key)]


def retry_plans(
    failures: Sequence[FailedQuery], workspaces: Sequence[str], whom: WorkerSelection
) -> list[WorkerPlan]:
    """Plans for these queries and no others: windows that failed for the same workers go together.

    Args:
        failures: what failed.
        workspaces: only these; all when there are none.
        whom: only these workers and this TaskChannel, where it says so.
    """
    if whom.task_queue is not None:
        raise ConfigError("--retry-failed and --task-queue exclude each other")
    asked: dict[tuple[str, str | None, Window], dict[str, None]] = {}
    for one in failures:
        window = _window(one)
        wanted = whom.workers is None or one.worker_sid in whom.workers
        fits = whom.task_channel in (None, one.task_channel)
        here = not workspaces or one.workspace_sid in workspaces
        if wanted and fits and here and window is not None:
            asked.setdefault((one.workspace_sid, one.task_channel, window), {})[one.worker_sid] = (
                None
            )
    plans: dict[tuple[str, str | None, tuple[str, ...]], list[Window]] = {}
    for (workspace, channel, window), sids in asked.items():
        plans.setdefault((workspace, channel, tuple(sids)), []).append(window)
    return [
        WorkerSelection(sids, None, channel).plan(workspace, windows)
        for (workspace, channel, sids), windows in plans.items()
    ]


def _failure(found: dict[str, Any]) -> FailedQuery:
    known = {name: found[name] for name in attrs.fields_dict(FailedQuery) if name in found}
    for name in _TIMES:
        known[name] = None if known[name] is None else datetime.fromisoformat(known[name])
    for name, prefix in _SIDS.items():
        check_sid(name, known[name], prefix)
    failure = FailedQuery(**known)
    _window(failure)  # raises for times that make no window
    return failure


def _window(failed: FailedQuery) -> Window | None:
    if failed.window_start is None or failed.window_end is None:
        return None
    window = Window.between(failed.window_start, failed.window_end)
    zone = find_zone(failed.tz)  # None: Python can give a zone without an IANA name
    return window if zone is None else attrs.evolve(window, tz=zone)
