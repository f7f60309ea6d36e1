"""``--retry-failed``: plans of the queries that failed in earlier runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import orjson

from taskrouter_stats import Window
from taskrouter_stats.cli.options.selection import Selection
from taskrouter_stats.core.local_time import find_zone
from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl import FailedQuery, Plan, RowWriter, Writer, plan
from taskrouter_stats.etl.failed_query import reason_of
from taskrouter_stats.etl.output.writer import FAILURES_FILE
from taskrouter_stats.etl.planning.tables import STATISTICS
from taskrouter_stats.models import check_sid
from taskrouter_stats.models.sids import sid_of

__all__ = ["load_failures", "retry_plans"]

_TIMES: Final = ("window_start", "window_end")
_Group = tuple[str, str, str | None, str | None]
"""Workspace, table, TaskChannel and thresholds of failed queries."""


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
        found: list[FailedQuery] = []
        for number, line in enumerate(storage.get(name).splitlines(), 1):
            try:
                found.append(_failure(orjson.loads(line)))
            except (KeyError, TypeError, ValueError) as error:
                raise StorageError(
                    f"{storage.place}/{name}: line {number} is not a failed query "
                    f"({_problem(error)}): correct or remove this line"
                ) from None
        return found

    failures = await writer.run_blocking(read)
    return [failure for failure in failures if not writer.is_resolved(failure.key)]


def retry_plans(
    failures: Sequence[FailedQuery], workspaces: Sequence[str], selection: Selection
) -> list[Plan]:
    """Return plans for exactly these queries; one plan has the windows of the same resources.

    Args:
        failures: the failed queries, of all tables.
        workspaces: only these workspaces; empty for all.
        selection: only these workers and this TaskChannel, if given.
    """
    for option, given in (("--task-queue", selection.task_queue), ("--shard", selection.shard)):
        if given is not None:
            raise ConfigError(f"--retry-failed and {option} exclude each other: omit {option}")
    sids = None if selection.workers is None else set(map(sid_of, selection.workers))
    channel, chosen = sid_of(selection.task_channel or ""), set(map(sid_of, workspaces))
    queries: dict[tuple[_Group, Window], dict[str, None]] = {}
    for failure in failures:
        window = _window(failure)
        selected = (
            (sids is None or sid_of(failure.sid) in sids)
            and (not channel or sid_of(failure.task_channel or "") == channel)
            and (not chosen or sid_of(failure.workspace_sid) in chosen)
        )
        if selected and window is not None:
            queries.setdefault((_group(failure), window), {})[failure.sid] = None
    plans: dict[tuple[_Group, tuple[str, ...]], list[Window]] = {}
    for (group, window), listed in queries.items():
        plans.setdefault((group, tuple(listed)), []).append(window)
    return [_plan(group, listed, windows) for (group, listed), windows in plans.items()]


def _group(failure: FailedQuery) -> _Group:
    """Return what the queries of one plan have in common."""
    split = failure.split_by_wait_time
    return failure.workspace_sid, failure.table, failure.task_channel, split


def _plan(group: _Group, sids: Sequence[str], windows: Sequence[Window]) -> Plan:
    """Return the plan of one table, without dimensions."""
    workspace, table, channel, split = group
    kind = STATISTICS[table].kind
    given: Any = {} if kind is None else {kind.name: sids}
    thresholds = None if split is None else [int(part) for part in split.split(",")]
    return plan(
        workspace,
        windows,
        [table],
        task_channel=channel,
        split_by_wait_time=thresholds,
        **given,
    ).without_dimensions()


def _failure(line: dict[str, Any]) -> FailedQuery:
    fields = {name: line[name] for name in attrs.fields_dict(FailedQuery) if name in line}
    for name in _TIMES:
        fields[name] = None if fields[name] is None else datetime.fromisoformat(fields[name])
    check_sid("workspace_sid", fields["workspace_sid"], "WS")
    if fields["table"] not in STATISTICS:
        raise ValueError(f"table {fields['table']!r}: expected one of {', '.join(STATISTICS)}")
    kind = STATISTICS[fields["table"]].kind
    check_sid("sid", fields["sid"], "WS" if kind is None else kind.prefix)
    failure = FailedQuery(**fields)
    if (window := _window(failure)) is not None:  # raises for times that make no window
        _plan(_group(failure), [failure.sid], [window])
    return failure


def _problem(error: Exception) -> str:
    return f"without {error}" if isinstance(error, KeyError) else reason_of(error)


def _window(failed: FailedQuery) -> Window | None:
    if failed.window_start is None or failed.window_end is None:
        return None
    window = Window.between(failed.window_start, failed.window_end)
    zone = find_zone(failed.tz)  # None: Python can give a zone without an IANA name
    return window if zone is None else attrs.evolve(window, tz=zone)
