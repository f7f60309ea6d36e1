"""The plan of an export: tables, windows, and the resources that the tables have statistics of.

A statistics table multiplies the windows with a list: of Workers, of TaskQueues, of Workflows, or
with the Workspace alone. A plan is a value; nothing is sent before an export runs it.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from zlib import crc32

import attrs
from attrs import define, field, frozen

from taskrouter_stats.core.query import Listing, Query, make_query, new_query
from taskrouter_stats.core.window import RETENTION, Window
from taskrouter_stats.errors import InvalidParameter, InvalidWindow, UsageError
from taskrouter_stats.models import TaskQueue, Worker, Workflow, check_sid
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session.resource_kinds import ResourceKind, check_resources
from taskrouter_stats.session.worker_queries import WorkersInput

from .tables import DIMENSIONS, KINDS, PER_WORKER, STATISTICS, StatisticsTable, hint_of

__all__ = [
    "DimensionPlan",
    "Part",
    "Plan",
    "TablePlan",
    "key_of",
    "may_be_expired",
    "plan",
    "worker_plan",
]

_MARGIN: Final = timedelta(days=1)
"""Part of ``RETENTION`` in which a window may have expired already: clocks differ, and Twilio does
not document at which time of a day its retention ends."""

_OLDEST: Final = RETENTION - _MARGIN

_BETWEEN_SIDS: Final = re.compile("([:/=&])")
"""What separates the SIDs and filters of a query's key."""

TaskQueuesInput = Iterable[str | TaskQueue] | AsyncIterable[str | TaskQueue]
WorkflowsInput = Iterable[str | Workflow] | AsyncIterable[str | Workflow]


def may_be_expired(window: Window | None, now: datetime) -> bool:
    """Return whether a window is so old that the server may have deleted its statistics.

    Args:
        window: absolute.
        now: aware.
    """
    return window is not None and window.start is not None and now - window.start > _OLDEST


def key_of(query: Query[Any]) -> str:
    """Return the key of a query in the checkpoint: ``query.key`` with its SIDs in lower case."""
    return "".join(map(sid_of, _BETWEEN_SIDS.split(query.key)))


@frozen
class Part:
    """A part of a list, chosen by each SID; the whole list by default.

    Attributes:
        number: the part, 0 to ``count`` - 1.
        count: the number of parts, >= 1.
    """

    number: int = 0
    count: int = 1

    def has(self, sid: str) -> bool:
        """Return whether this part has a SID; of all parts exactly one has it."""
        return self.count == 1 or crc32(sid_of(sid).encode()) % self.count == self.number


@frozen(kw_only=True)
class TablePlan:
    """The queries of one statistics table.

    Attributes:
        table: the table.
        template: the query of every resource and window, with placeholders for both.
        part: the part of the list that is fetched.
    """

    table: StatisticsTable
    template: Query[Any]
    part: Part = Part()

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def kind(self) -> ResourceKind | None:
        """The kind of resources that the windows are multiplied with; None for the Workspace."""
        return self.table.kind

    @property
    def filters(self) -> Mapping[str, str]:
        """The filters of every query, by their names in the URL."""
        return dict(self.template.filters)

    def query_for(self, resource: Any) -> Query[Any]:
        """Return the query for a resource, with the template's window."""
        template = self.template
        sids = (template.workspace_sid, resource.sid)
        return new_query(
            template.endpoint, sids, template.window, template.filters, context=resource
        )


@frozen
class DimensionPlan:
    """A dimension table of a plan: what the server lists when the export runs.

    Attributes:
        name: the table.
        required: whether the caller named it; the failure of another one is only logged.
        part: the part of the list that is stored.
    """

    name: str
    required: bool = True
    part: Part = Part()

    @property
    def list_name(self) -> str:
        """The name of the list that the table's rows come from."""
        return "workers" if self.name == PER_WORKER else self.name


@frozen(kw_only=True)
class Plan:
    """Tables of one Workspace by windows. Make it with :func:`plan` or :func:`worker_plan`.

    Attributes:
        workspace_sid: the Workspace (WS…).
        windows: the windows to fetch, oldest first once they are absolute.
        tables: the statistics tables.
        dimensions: the dimension tables.
        given: what the caller gave in place of a list, by the list's name.
    """

    workspace_sid: str
    windows: tuple[Window, ...]
    tables: tuple[TablePlan, ...] = ()
    dimensions: tuple[DimensionPlan, ...] = ()
    given: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)

    def at(self, now: datetime) -> "Plan":
        """Return the same plan with absolute windows, oldest first, each once."""
        windows = {window.at(now): None for window in self.windows}
        ordered = sorted(windows, key=lambda window: (window.start, window.end))
        return attrs.evolve(self, windows=tuple(ordered))

    def without_dimensions(self) -> "Plan":
        """Return the same plan for an output without dimension tables."""
        return attrs.evolve(self, dimensions=())

    @property
    def lists(self) -> tuple[str, ...]:
        """The names of the lists that a run reads or gets from the caller, each once."""
        names = [table.kind.name for table in self.tables if table.kind is not None]
        names += [dimension.list_name for dimension in self.dimensions]
        return tuple(dict.fromkeys(names))

    def listing(self, name: str) -> Listing[Any] | None:
        """Return the listing of a list, or None if the caller gave SIDs or records."""
        given: Any = self.given.get(name)
        if given is None:
            return Listing(DIMENSIONS[name], (self.workspace_sid,))
        return cast("Any", given) if isinstance(given, Listing) else None


def plan(
    workspace_sid: str,
    windows: Window | Iterable[Window],
    tables: Iterable[str] = tuple(STATISTICS),
    *,
    workers: WorkersInput | Listing[Worker] | None = None,
    task_queues: TaskQueuesInput | Listing[TaskQueue] | None = None,
    workflows: WorkflowsInput | Listing[Workflow] | None = None,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Plan:
    """Plan to fetch tables of a Workspace for every window.

    A statistics table brings the tables of its parts, such as ``task_queue_wait_splits``, and the
    dimension of its list, which is read anyway; ``worker_statistics`` also brings ``activities``.
    Relative windows become absolute once, when the export starts.

    Args:
        workspace_sid: the Workspace (WS…).
        windows: such as ``Window.days(first, last, tz="America/New_York")``. Local days are exact
            on days when clocks change, and each row names its zone.
        tables: ``worker_statistics``, ``task_queue_statistics``, ``workflow_statistics``,
            ``workspace_statistics``, ``workers_statistics`` (all Workers together), and dimensions:
            ``workers``, ``task_queues``, ``workflows``, ``activities``, ``task_channels``,
            ``worker_channels`` (one request for each Worker).
        workers: SIDs, Workers or a listing of them, sync or async; None for all. A plan with an
            async generator can be read once.
        task_queues: the same for TaskQueues.
        workflows: the same for Workflows.
        task_channel: only this TaskChannel, by SID or ``unique_name``; None for all.
        split_by_wait_time: thresholds in seconds, > 0, of the tables ``…_wait_splits``.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter, UsageError: an argument is wrong; nothing was
            sent.
    """
    check_sid("workspace_sid", workspace_sid, "WS")
    found = _windows(windows)
    names = _names(tables)
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    planned = tuple(
        _table_plan(STATISTICS[name], workspace_sid, found[0], filters)
        for name in STATISTICS
        if name in names
    )
    if split_by_wait_time is not None and not any(table.table.splits_waits for table in planned):
        raise InvalidParameter(
            "split_by_wait_time", split_by_wait_time, "no table of this plan has waiting times"
        )
    made = Plan(
        workspace_sid=workspace_sid,
        windows=found,
        tables=planned,
        dimensions=_dimensions(names, planned),
    )
    given = {"workers": workers, "task_queues": task_queues, "workflows": workflows}
    return attrs.evolve(made, given=_given(made, given))


def worker_plan(
    workspace_sid: str,
    windows: Window | Iterable[Window],
    *,
    workers: WorkersInput | Listing[Worker] | None = None,
    task_channel: str | None = None,
) -> Plan:
    """Plan to fetch every worker's statistics for every window: :func:`plan` with one table.

    Args:
        workspace_sid: the Workspace (WS…).
        windows: such as ``Window.days(first, last, tz="America/New_York")``.
        workers: SIDs, Workers or a listing of them, sync or async; None for all.
        task_channel: only this TaskChannel, by SID or ``unique_name``; None for all.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter, UsageError: as :func:`plan`.
    """
    tables = ("worker_statistics",)
    return plan(workspace_sid, windows, tables, workers=workers, task_channel=task_channel)


def _windows(windows: object) -> tuple[Window, ...]:
    several = isinstance(windows, Iterable) and not isinstance(windows, str)
    found = tuple(cast("Iterable[Window]", windows)) if several else (cast("Window", windows),)
    if not found:
        raise InvalidWindow(
            "windows= is empty: expected at least one Window, such as Window.last(hours=8)"
        )
    for window in found:
        if not isinstance(window, Window):
            raise InvalidWindow(
                f"windows={window!r}: expected Window objects, such as Window.last(hours=8)"
            )
    return found


def _names(given: object) -> tuple[str, ...]:
    tables: Any = given
    if not isinstance(tables, Iterable) or isinstance(tables, (bytes, Mapping)):
        raise InvalidParameter("tables", given, 'a list of names, such as ["worker_statistics"]')
    names: tuple[Any, ...] = (tables,) if isinstance(tables, str) else tuple(cast("Any", tables))
    for name in names:
        if name not in STATISTICS and name not in DIMENSIONS:
            raise InvalidParameter("tables", name, hint_of(name))
    if not names:
        raise InvalidParameter("tables", names, f"at least {hint_of(None)}")
    return names


def _table_plan(
    table: StatisticsTable, workspace_sid: str, window: Window, filters: Mapping[str, object]
) -> TablePlan:
    sids = [workspace_sid]
    if table.kind is not None:
        sids.append(table.kind.prefix + "0" * 32)
    chosen = {name: value for name, value in filters.items() if name in table.endpoint.filters}
    template = make_query(table.endpoint, *sids, window=window, **chosen)
    return TablePlan(table=table, template=template)


def _dimensions(names: Sequence[str], planned: Iterable[TablePlan]) -> tuple[DimensionPlan, ...]:
    """Return the dimensions that were named, and those that the statistics tables bring."""
    brought = {table.kind.name for table in planned if table.kind is not None}
    if "workers" in brought:
        brought.add("activities")
    return tuple(
        DimensionPlan(name, required=name in names)
        for name in DIMENSIONS
        if name in names or name in brought
    )


def _given(made: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check what the caller gave in place of lists, and return it in a form to read again."""
    found: dict[str, Any] = {}
    for name, source in given.items():
        check_resources(KINDS[name], source, made.workspace_sid)
        if source is None:
            continue
        if name not in made.lists:
            raise InvalidParameter(name, "…", f"no table of this plan has statistics of {name}")
        readable: Any = source
        if isinstance(source, Iterable) and not isinstance(source, AsyncIterable):
            readable = tuple(cast("Any", source))  # read once for each run
        elif isinstance(source, AsyncIterator):
            readable = _ReadOnce(cast("Any", source))
        found[name] = readable
    return found


@define(eq=False)
class _ReadOnce(AsyncIterable[Any]):
    """Resources from an async iterator, which has nothing left for a second reader."""

    _source: AsyncIterator[Any] | None

    def __aiter__(self) -> AsyncIterator[Any]:
        source, self._source = self._source, None
        if source is None:
            raise UsageError("an async generator is read once: make a new plan, or give a list")
        return source
