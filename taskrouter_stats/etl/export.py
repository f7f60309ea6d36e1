"""One export: outcome, rows, sink, flush, and only then the checkpoint.

An export runs one pass for each statistics table of a plan, all at the same time, and stores what
the server lists. It sends the queries that no earlier run has finished. It can be stopped, killed
and run again at any moment: a later run sends the queries that were not committed, and no others.
Several exports, each with its own session, may share one output.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final, cast

import attrs
from attrs import define, field

from taskrouter_stats.core.outcome import Progress
from taskrouter_stats.errors import ConfigError, InvalidParameter, StorageError, UsageError
from taskrouter_stats.session import TaskRouterSession

from .grace import cancel_after_grace
from .output.memory_limit import MAX_PENDING_BYTES, MemoryLimit
from .output.row_writer import RowWriter
from .output.writer import Writer
from .planning.plan import DimensionPlan, Plan, TablePlan
from .report import ExportReport, QueryCounts, Verification
from .resource_list import ResourceList
from .rows import SETTLE_DELAY
from .schemas import SCHEMAS
from .sinks.base import Sink
from .snapshots import Snapshots
from .state.overlaps import planned_windows
from .table_pass import MAX_FAILURES, TablePass
from .verification import compare

__all__ = ["Export", "check_output", "export"]

_SUMS: Final = tuple(attrs.fields_dict(QueryCounts))
"""Counts of the report that are sums over its tables."""


async def export(
    session: TaskRouterSession,
    plan: Plan,
    sink: Sink,
    *,
    stop: asyncio.Event | None = None,
    settle: timedelta = SETTLE_DELAY,
    fresh: bool = False,
    verify: bool = False,
) -> ExportReport:
    """Fetch a plan into a sink; run it again to resume, or to fetch what is new.

    A query is marked as done only after its rows are durable. One process at a time writes to an
    output. An error that ends one table does not end the others: it is raised at the end.

    Args:
        session: sends the requests; it paces and retries them.
        plan: what to fetch, from :func:`plan` or :func:`worker_plan`.
        sink: where rows are written.
        stop: once set, the export sends no new query; it stores the answers of those in flight.
        settle: time after a window's end, >= 0, after which its statistics no longer change. A
            window that ended later, or that the server did not count to its end, is stored with
            ``complete`` false and not marked as done.
        fresh: move the content of the output aside and start over.
        verify: compare sums with ``Workers/CumulativeStatistics``, one request a window.

    Raises:
        UsageError, InvalidParameter: an argument is wrong; the output was not touched.
        ConfigError: the output holds windows of another length, zone or thresholds that overlap
            the plan's, or it can't hold all tables of the plan.
        OutputLocked: another run writes to this output.
        StorageError: the output can't be read or written; no query is marked as done whose rows
            are not durable.
        TaskRouterStatsError: the error that ended a stream or a list; all answers before it are
            stored, and those of the other tables.
    """
    _check_arguments(session=session, plan=plan, sink=sink, stop=stop, settle=settle)
    writer = Writer(sink, fresh)
    check_output(plan, writer)
    async with writer:
        run = Export(session, plan, writer, stop, settle, verify)
        await run.run()
    return run.report


def _check_arguments(**given: object) -> None:
    """Raise an error for an argument of the wrong type, before the output is touched."""
    for name, expected, words in (
        ("session", TaskRouterSession, "a TaskRouterSession"),
        ("plan", Plan, "a plan from etl.plan(…) or etl.worker_plan(…)"),
        ("stop", asyncio.Event | None, "an asyncio.Event or None"),
        ("settle", timedelta, "a timedelta such as timedelta(hours=1)"),
    ):
        if not isinstance(given[name], expected):
            kind = type(given[name]).__name__
            raise UsageError(f"export(): {name}= is of type {kind}: expected {words}")
    if not hasattr(given["sink"], "storage"):
        kind = type(given["sink"]).__name__
        raise UsageError(
            f'export(): sink= is of type {kind}: expected a sink such as etl.ParquetSink("lake/")'
        )
    if cast("timedelta", given["settle"]) < timedelta(0):
        raise InvalidParameter("settle", given["settle"], "a timedelta, not negative")


def check_output(plan: Plan, writer: RowWriter) -> None:
    """Check that an output can hold all that a plan fetches.

    Raises:
        ConfigError: the output holds one table, and the plan fetches another one, or more.
    """
    if writer.takes_snapshots:
        return
    named = [dimension.name for dimension in plan.dimensions if dimension.required]
    names = [*(table.name for table in plan.tables), *named]
    if len(names) > 1 or named:
        raise ConfigError(
            f"{writer.place} holds one table of statistics, and the plan has "
            f"{', '.join(names)}: name a folder for all tables"
        )
    held = writer.table
    if held is not None and names != [SCHEMAS[held].parent or held]:
        raise ConfigError(
            f"{writer.place} holds only {held}, and the plan fetches {', '.join(names)}: name "
            "another output, or plan the table that it holds (tables=, --tables)"
        )


@define(eq=False)
class Export:
    """An export of one plan, into an output that other exports may share.

    Attributes:
        session: sends the requests.
        plan: what to fetch.
        writer: stores the rows; it is open.
        stop: once set, the export sends no new query.
        settle: time after a window's end after which its statistics no longer change.
        verify: whether to compare sums with the server's.
    """

    session: TaskRouterSession
    plan: Plan
    writer: RowWriter
    stop: asyncio.Event | None = None
    settle: timedelta = SETTLE_DELAY
    verify: bool = False
    _began_at: float = field(factory=time.monotonic, init=False)
    _lists: dict[str, ResourceList] = field(init=False)
    _passes: list[TablePass] = field(init=False)
    _snapshots: Snapshots = field(init=False)
    _errors: list[tuple[str, Exception]] = field(factory=list[tuple[str, Exception]], init=False)
    _checks: list[Verification] = field(factory=list[Verification], init=False)
    _verified: int = field(default=0, init=False)
    _finished: bool = field(default=False, init=False)
    _ended: tuple[float, bool] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        began = datetime.now(UTC)
        self.plan = plan = self.plan.at(began)
        if not self.writer.takes_snapshots:
            self.plan = plan = plan.without_dimensions()
        self._lists = {name: ResourceList(self.session, plan, name) for name in plan.lists}
        self._passes = [self._pass(table, began) for table in plan.tables]
        self._snapshots = Snapshots(self.session, plan, self.writer, self._lists, began)

    def _pass(self, table: TablePlan, began: datetime) -> TablePass:
        return TablePass(
            self.session,
            table,
            self.plan.windows,
            None if table.kind is None else self._lists[table.kind.name],
            self.writer,
            began,
            self.stop,
            self.settle,
            MemoryLimit(MAX_PENDING_BYTES // len(self.plan.tables)),
        )

    @property
    def progress(self) -> Progress:
        """The progress of all tables; ``total`` leaves out queries that earlier runs have done."""
        each = [run.progress for run in self._passes]
        totals = [progress.total for progress in each]
        total = None if None in totals else sum(number or 0 for number in totals)
        done, rate = sum(one.done for one in each), sum(one.rate for one in each)
        return Progress(
            done=done,
            failed=sum(one.failed for one in each),
            total=total,
            retried=sum(one.retried for one in each),
            refused=sum(one.refused for one in each),
            elapsed=max((one.elapsed for one in each), default=0.0),
            rate=rate,
            eta=None if total is None or rate <= 0 else (total - done) / rate,
        )

    @property
    def report(self) -> ExportReport:
        """The report so far."""
        elapsed, stopped = self._ended or (time.monotonic() - self._began_at, self._stopping)
        tables = tuple(run.report for run in self._passes)
        sums: Any = {name: sum(getattr(table, name) for table in tables) for name in _SUMS}
        pages = {name: listed.pages for name, listed in self._lists.items()}
        if self._snapshots.sent:
            pages["worker_channels"] = self._snapshots.sent
        failures = chain.from_iterable(
            (*run.failures, *run.missing.failures) for run in self._passes
        )
        sent = sum(table.sent for table in tables) + sum(pages.values()) + self._verified
        return ExportReport(
            run=self.writer.run,
            place=self.writer.place,
            workspace_sid=self.plan.workspace_sid,
            windows=len(self.plan.windows),
            workers=sum(one.resources for one in tables if one.table == "worker_statistics"),
            sent=sent,
            elapsed=elapsed,
            listed=all(table.listed for table in tables),
            finished=self._finished and self.writer.error is None,
            stopped=stopped,
            failures=tuple(failures)[:MAX_FAILURES],
            checks=tuple(self._checks),
            tables=tables,
            pages={name: count for name, count in pages.items() if count},
            **sums,
        )

    async def run(self) -> ExportReport:
        """Fetch and store the plan, and return the report.

        Raises:
            ConfigError, StorageError, TaskRouterStatsError: as :func:`export` does.
        """
        check_output(self.plan, self.writer)
        for table in self.plan.tables:
            self.writer.check_windows(planned_windows(table.template, self.plan.windows))
        try:
            await self._run_all()
            await self.writer.commit()
            self._errors += self._snapshots.errors
            if self._errors:
                raise self._first_error()
            await self._verify()
            self._finished = True
        finally:
            self._ended = time.monotonic() - self._began_at, self._stopping
        return self.report

    @property
    def _stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def _run_all(self) -> None:
        """Run all passes and snapshots; an error that ends one of them does not end the others.

        Raises:
            StorageError: nothing can be stored any more.
        """
        try:
            async with asyncio.TaskGroup() as group:
                filling = [group.create_task(each.fill()) for each in self._lists.values()]
                early, late = self._dimensions()
                await self._together(group, [*self._passes, *early])
                for dimension in late:
                    self._lists[dimension.list_name].closed = True
                await self._together(group, late)
                for task in filling:
                    task.cancel()
        except BaseExceptionGroup as several:
            raise _first(several) from None

    def _dimensions(self) -> tuple[list[DimensionPlan], list[DimensionPlan]]:
        """Return the dimensions to read at once, and those to take from what the passes read.

        What the caller gave is read only as fast as its queries are sent.
        """
        read = {table.kind.name for table in self.plan.tables if table.kind is not None}
        given = {name for name in read if self._lists[name].is_given}
        dimensions = self.plan.dimensions
        return (
            [dimension for dimension in dimensions if dimension.list_name not in given],
            [dimension for dimension in dimensions if dimension.list_name in given],
        )

    async def _together(
        self, group: asyncio.TaskGroup, parts: Sequence[TablePass | DimensionPlan]
    ) -> None:
        """Run these parts at the same time, to the end of the last one."""
        tasks = [group.create_task(self._run_part(part)) for part in parts]
        if tasks:
            await asyncio.wait(tasks)

    async def _run_part(self, part: TablePass | DimensionPlan) -> None:
        """Run a pass or store a dimension, and keep its error, unless nothing can be stored."""
        try:
            if isinstance(part, TablePass):
                await part.run()
            else:
                await self._snapshots.add(part, self.stop)
        except (StorageError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 (raised once all parts have ended)
            self._errors.append((part.name, error))

    def _first_error(self) -> Exception:
        """Return the first error, with the others as notes."""
        (name, first), *others = self._errors
        reported = {str(first)}
        for other, error in others:
            if str(error) not in reported:
                reported.add(str(error))
                first.add_note(f"{other} ended early as well: {type(error).__name__}: {error}")
        if len(self._passes) > 1:
            stored = "" if self._errors[1:] else "; the other tables are stored"
            first.add_note(f"this error ended {name}{stored}")
        return first

    async def _verify(self) -> None:
        workers = [table for table in self.plan.tables if table.name == "worker_statistics"]
        whole = not self.plan.given.get("workers") and all(one.part.count == 1 for one in workers)
        if not (self.verify and workers and whole) or self._stopping:
            return
        sums, windows = self.writer.sums, self.plan.windows
        async with cancel_after_grace(self.stop):
            compared = compare(self.session, workers[0], windows, sums)
            async with aclosing(compared) as verifications:
                async for verification, sent in verifications:
                    self._checks.append(verification)
                    self._verified += sent
                    if self._stopping:
                        return


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", first))
    return first
