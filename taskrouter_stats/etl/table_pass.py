"""One pass over a statistics table: send its queries, store the answers, count every query.

The passes of an export run at the same time, since the rate limit of each operation is its own.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from attrs import define, field

from taskrouter_stats.core.outcome import Failure, Outcome, Progress, Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import PayloadError, StorageError
from taskrouter_stats.session import OutcomeStream, TaskRouterSession

from .answer_time import answer_time
from .failed_query import FailedQuery, failure_kind, reason_of
from .grace import cancel_after_grace, end_after_grace
from .missing import MissingResources
from .output.batch import PendingRows
from .output.memory_limit import MemoryLimit
from .output.row_writer import RowWriter
from .planning.plan import TablePlan, key_of, may_be_expired
from .report import TableReport
from .resource_list import ResourceList
from .rows import estimated_bytes, is_settled, rows, without_contradictions
from .state.overlaps import stored_window

__all__ = ["MAX_FAILURES", "NO_PROGRESS", "TablePass"]

MAX_FAILURES: Final = 10_000
"""Failures that the report names one by one; it only counts the others. The file of failures names
every one, so that a later run can try all of them again."""

NO_PROGRESS: Final = Progress(0, 0, None, 0, 0, 0.0, 0.0, None)

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_COUNTED: Final = ("written", "incomplete", "already_done", "failed", "gone", "expired", "refused")
"""Fields of the report that are counted under their own names."""


@define(eq=False)
class TablePass:
    """One pass over a statistics table, into an output that other passes share.

    Attributes:
        session: sends the requests.
        planned: the table.
        windows: the windows to fetch, absolute, oldest first.
        resources: the list that the windows are multiplied with; None for the Workspace.
        writer: stores the rows; it is open.
        began: when the export began, aware.
        stop: once set, the pass sends no new query.
        settle: time after a window's end after which its statistics no longer change.
        memory_limit: the limit on the answers of this pass in memory.
        failures: the first failures, at most ``MAX_FAILURES``.
        missing: queries of resources that may be gone.
        error: the error that ended the pass early, or None.
    """

    session: TaskRouterSession
    planned: TablePlan
    windows: tuple[Window, ...]
    resources: ResourceList | None
    writer: RowWriter
    began: datetime
    stop: asyncio.Event | None
    settle: timedelta
    memory_limit: MemoryLimit
    failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    missing: MissingResources = field(init=False)
    error: Exception | None = field(default=None, init=False)
    _known: list[Query[Any]] = field(factory=list[Query[Any]], init=False)
    _listed: bool = field(default=False, init=False)
    _list_error: PayloadError | None = field(default=None, init=False)
    _finished: bool = field(default=False, init=False)
    _counts: Counter[str] = field(factory=Counter[str], init=False)
    _stream: OutcomeStream[Any] | None = field(default=None, init=False)
    _expired: tuple[datetime, str] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        workspace = self.planned.template.workspace_sid
        given = self.resources is not None and self.resources.is_given
        self.missing = MissingResources(self.session, self.planned.kind, workspace, given)

    @property
    def name(self) -> str:
        """The table's name."""
        return self.planned.name

    @property
    def progress(self) -> Progress:
        """The stream's progress; ``total`` leaves out queries that need no request."""
        reported = NO_PROGRESS if self._stream is None else self._stream.progress
        total = None
        if self._listed:
            total = self._planned - self._counts["already_done"] - self._counts["skipped"]
        return Progress(
            reported.done,
            reported.failed,
            total,
            reported.retried,
            reported.refused,
            reported.elapsed,
            reported.rate,
            None,
        )

    @property
    def report(self) -> TableReport:
        """The report so far; queries that may be gone count as failed."""
        counts: Any = {name: self._counts[name] for name in _COUNTED}
        counts["failed"] += len(self.missing.failures)
        return TableReport(
            table=self.planned.name,
            resources=len(self._known),
            planned=self._planned,
            retried=self.progress.retried,
            sent=self._counts["sent"] + self.missing.sent,
            listed=self._listed,
            finished=self._finished,
            error=None if self.error is None else f"{type(self.error).__name__}: {self.error}",
            **counts,
        )

    async def run(self) -> None:
        """Fetch and store the table.

        Raises:
            Exception: the error that ended the stream or the list; all answers before it are
                given to the writer.
        """
        self._stream = self.session.stream(self._queries())
        try:
            async with self._stream as outcomes:
                await self._store_outcomes(outcomes)
            if not self._stopping:
                await self._confirm_missing()
            self._finished = True
        except Exception as error:
            self.error = error
            raise
        finally:
            self.writer.failures += self.missing.failures
            if self._counts["without_splits"]:
                words = "%d of %d answers for %s lack split_by_wait_time, which was requested"
                counts = self._counts["without_splits"], self._counts["answered"]
                _LOGGER.warning(words, *counts, self.name)

    @property
    def _stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    @property
    def _planned(self) -> int:
        return len(self._known) * len(self.windows)

    async def _queries(self) -> AsyncGenerator[Query[Any]]:
        """Yield the queries to send, oldest window first, as memory allows."""
        for window in self.windows:
            if self._stopping:
                return
            async with aclosing(self._for_window(window)) as found:
                async for query in found:
                    key = key_of(query)
                    if self._is_known(key, window):
                        continue
                    await self.memory_limit.wait(exclusive=self._decides_expiry(window))
                    if self._stopping:
                        return
                    if not self._is_known(key, window) and self.writer.claim(key):
                        self.memory_limit.start()
                        yield query
        if self._list_error is not None:
            raise self._list_error

    async def _for_window(self, window: Window) -> AsyncGenerator[Query[Any]]:
        """Yield the query of each resource, and read the list for the first window.

        If an item of the list can't be read, the others get their queries all the same.
        """
        if self._listed or self._list_error is not None:
            for query in self._known:
                yield query.with_window(window)
            return
        if self.resources is None:
            self._known.append(self.planned.template)
            yield self.planned.template.with_window(window)
        else:
            try:
                async with aclosing(self.resources.read()) as found:
                    async for resource in found:
                        if self.planned.part.has(resource.sid):
                            self._known.append(self.planned.query_for(resource))
                            yield self._known[-1].with_window(window)
            except PayloadError as error:
                self._list_error = error
                return
        self._listed = True

    def _is_known(self, key: str, window: Window) -> bool:
        """Return whether this query needs no request, and count it then."""
        writer = self.writer
        if writer.is_done(key):
            self._counts["already_done"] += 1
            return True
        if self._expired is not None and window.start and window.start <= self._expired[0]:
            writer.unavailable.add_expired(key, self._expired[1])
        kind = ""
        if writer.unavailable.is_expired(key):
            kind = "expired"
        elif writer.unavailable.is_gone(key):
            kind = "gone"
        if kind:
            self._counts[kind] += 1
            self._counts["skipped"] += 1
        return bool(kind)

    def _decides_expiry(self, window: Window) -> bool:
        """Return whether the next answer may show that all queries of this window expired."""
        return may_be_expired(window, self.began) and not self._counts["answered"]

    async def _store_outcomes(self, outcomes: OutcomeStream[Any]) -> None:
        async with end_after_grace(outcomes, self.stop):
            async for outcome in outcomes:
                size = estimated_bytes(outcome.value) if isinstance(outcome, Success) else 0
                try:
                    await self._store_outcome(outcome, size)
                finally:
                    self.memory_limit.finish(size)

    async def _store_outcome(self, outcome: Outcome[Any], size: int) -> None:
        outcome = without_contradictions(outcome)
        now, key = answer_time(outcome.meta, datetime.now(UTC)), key_of(outcome.query)
        self._counts["sent"] += outcome.meta.attempts + outcome.meta.refused
        self._counts["refused"] += outcome.meta.refused
        if isinstance(outcome, Success):
            self._counts["answered"] += 1
            self._counts["without_splits"] += _lacks_splits(outcome)
            final = is_settled(outcome, now, self.settle) is True
            make = partial(rows, outcome, fetched_at=now, settle=self.settle)
            on_stored = partial(self._count_stored, outcome, final)
            stored = stored_window(outcome.query)
            item = PendingRows(make, key if final else None, size, on_stored, stored)
            await self.writer.add(item)
            return
        window, missing = outcome.query.window, self.missing.failures
        match failure_kind(outcome.error, window, now):
            case "expired" if window is not None and window.start is not None:
                newest = self._expired[0] if self._expired is not None else window.start
                self._expired = max(newest, window.start), reason_of(outcome.error)
                self.writer.unavailable.add_expired(key, self._expired[1])
                self._counts["expired"] += 1
            case "gone" if self.planned.kind is not None and len(missing) < MAX_FAILURES:
                missing.append(FailedQuery.of(outcome))
            case _:
                self._count_failure(outcome)

    def _count_stored(self, outcome: Success[Any], final: bool, error: Exception | None) -> None:
        """Count an answer as written once its rows are durable, or as failed on an error."""
        key = key_of(outcome.query)
        if error is None:
            self._counts["written"] += 1
            self._counts["incomplete"] += not final
            self.writer.unavailable.remove(key)
            if self.writer.is_done(key):
                self.writer.release(key)
            return
        words = f"the server answered, but {self.writer.format} can't hold the rows"
        failed = StorageError(f"{words}: {type(error).__name__}: {reason_of(error)}")
        self._count_failure(Failure(outcome.query, failed, outcome.meta))

    def _count_failure(self, failure: Failure) -> None:
        """Count a failure, and let a later run or another export of this run try again."""
        self._counts["failed"] += 1
        failed = FailedQuery.of(failure)
        self.writer.release(failed.key)
        self.writer.failures.append(failed)
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(failed)

    async def _confirm_missing(self) -> None:
        gone: list[FailedQuery] = []
        async with cancel_after_grace(self.stop):
            gone = await self.missing.confirm()
        for failed in gone:
            self.writer.unavailable.add_gone(failed.key, datetime.now(UTC), failed.message)
            self._counts["gone"] += 1


def _lacks_splits(success: Success[Any]) -> bool:
    """Return whether the answer has no threshold, although the query has some.

    Twilio does not document whether an answer without Tasks has thresholds, so it is believed.
    """
    if "SplitByWaitTime" not in dict(success.query.filters):
        return False
    statistics = getattr(success.value, "cumulative", success.value)
    return not getattr(statistics, "split_by_wait_time", None)
