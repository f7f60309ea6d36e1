"""The writer of an export: it gathers rows, flushes them to the sink, and then commits them.

Only the commit, which is a file of the checkpoint, marks queries as done. All blocking work runs in
a thread, one step at a time. A cancelled caller waits until its step has ended, so that no file is
closed during a step. Any error of a step ends the writer: it commits nothing more, and every later
call raises that error.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self, TypeVar

from attrs import define, field

from taskrouter_stats.errors import StorageError, TaskRouterStatsError
from taskrouter_stats.etl.failed_query import reason_of
from taskrouter_stats.etl.rows import Tables
from taskrouter_stats.etl.sinks.base import Sink
from taskrouter_stats.etl.state.checkpoint import (
    Checkpoint,
    Commit,
    Position,
    by_query_group,
    split_key,
)
from taskrouter_stats.etl.state.failures import FAILURES_FILE, merge_failures
from taskrouter_stats.etl.verification import COUNTS

from .batch import Batch, PendingRows
from .memory_limit import MAX_PENDING_BYTES
from .row_writer import RowWriter
from .threads import in_thread, wait_through_cancel

__all__ = ["FAILURES_FILE", "PendingRows", "Writer"]

T = TypeVar("T")

_LOGGER: Final = logging.getLogger("taskrouter_stats")

BATCH_SIZE: Final = 1000
"""Answers after which the writer flushes: a kill loses fewer than these."""

FLUSH_SECONDS: Final = 5.0
"""Seconds after which the writer flushes fewer answers, if the sink appends to files."""

PARTS_FLUSH_SECONDS: Final = 30.0
"""The same, if each flush adds parts, so that there are fewer small ones."""

_MAX_SUM: Final = 2**62
"""Limit of a sum: the checkpoint's JSON holds integers of 64 bits, for sums and their steps."""

_NOT_COMMITTED: Final = "the output could not be committed to its end"


@define(eq=False)
class Writer(RowWriter):
    """Durable writer: ``async with Writer(sink) as writer``. Several exports may share it.

    Attributes:
        sink: the format and the place of the rows.
        fresh: whether to rename an existing output first.
        run: the run's name, part of the names of its files.
        checkpoint: the commits of the output.
        unavailable: the expired and gone queries of the output, of earlier runs too.
        failures: queries that a later run may finish; written to ``failures.jsonl`` at the end.
        error: the error that ended the writer, or None.

    Raises:
        OutputLocked: another process writes to the output.
        StorageError: the output can't be read or written.
    """

    sink: Sink
    fresh: bool = False
    checkpoint: Checkpoint = field(init=False)
    _pending: list[PendingRows] = field(factory=list[PendingRows], init=False)
    _pending_bytes: int = field(default=0, init=False)
    _flush_task: "asyncio.Task[None] | None" = field(default=None, init=False)
    _write_lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _output_lock: ExitStack = field(factory=ExitStack, init=False)

    def __attrs_post_init__(self) -> None:
        self.checkpoint = Checkpoint(self.sink.storage, self.sink.state, self.sink.format)

    async def __aenter__(self) -> Self:
        try:
            await in_thread(self._open)
        except BaseException as error:
            self._output_lock.close()  # a cancelled caller does not reach __aexit__
            if isinstance(error, TaskRouterStatsError) or not isinstance(error, Exception):
                raise
            raise self._fail(error) from error
        self._flush_task = asyncio.create_task(self._flush_periodically())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._flush_task is not None:
                self._flush_task.cancel()
                await wait_through_cancel(self._flush_task)
        finally:
            try:
                ending = asyncio.ensure_future(self._end())
                await wait_through_cancel(ending)
                ending.result()
            except StorageError as failed:
                if error is None or failed is error:
                    raise
                error.add_note(f"{_NOT_COMMITTED}: {failed}")
            finally:
                self._output_lock.close()
                if self.error is not None and self.error is not error:
                    _LOGGER.error("%s: %s", _NOT_COMMITTED, self.error)

    @property
    def place(self) -> str:
        """The place of the rows."""
        return self.sink.storage.place

    @property
    def format(self) -> str:
        """The sink's format."""
        return self.sink.format

    @property
    def takes_snapshots(self) -> bool:
        """Whether the sink has all tables, not only one of statistics."""
        return self.sink.table is None

    @property
    def table(self) -> str | None:
        """The only table of the sink; None for all."""
        return self.sink.table

    @property
    def sums(self) -> Mapping[str, Mapping[str, int]]:
        """Totals of all committed rows, by query group and count."""
        return self.checkpoint.sums

    def is_done(self, key: str) -> bool:
        """Return whether a query is committed, by this run or an earlier one."""
        return self.checkpoint.is_done(key)

    async def add(self, item: PendingRows) -> None:
        """Add rows to the batch, and commit a full batch.

        Raises:
            StorageError: the batch can't be stored, and none of its queries is done.
        """
        self._raise_error()
        self._pending.append(item)
        self._pending_bytes += item.estimated_bytes
        if len(self._pending) >= BATCH_SIZE or self._pending_bytes >= MAX_PENDING_BYTES:
            await self.commit()

    async def commit(self) -> None:
        """Write the batch to the sink, then mark its queries as done.

        Raises:
            StorageError: the batch can't be stored, and none of its queries is done.
        """
        async with self._write_lock:
            self._raise_error()
            items, self._pending, self._pending_bytes = self._pending, [], 0
            batch, record = Batch(items, self._same_position()), self.unavailable.changes()
            if not items and record is None:
                return
            try:
                await in_thread(lambda: self._store(batch, record))
            finally:
                batch.report()

    async def run_blocking(self, work: Callable[[], T]) -> T:
        """Run blocking work on the storage in a thread, between two commits."""
        async with self._write_lock:
            return await in_thread(work)

    async def _end(self) -> None:
        """Commit the last batch, then the end of the run with its failures."""
        await self.commit()
        async with self._write_lock:
            self._raise_error()
            await in_thread(lambda: self._store(None, None))

    async def _flush_periodically(self) -> None:
        """Commit at intervals, so that slow rows do not wait for a full batch."""
        parts = self.sink.format.startswith("Parquet")
        try:
            while True:
                await asyncio.sleep(PARTS_FLUSH_SECONDS if parts else FLUSH_SECONDS)
                await self.commit()
        except Exception as error:  # noqa: BLE001 (the next call raises it)
            self._fail(error)

    def _raise_error(self) -> None:
        if self.error is not None:
            raise self.error

    def _fail(self, error: BaseException) -> StorageError:
        """End the writer with this error, and return it as a ``StorageError``."""
        if self.error is None:
            self.error = _as_storage_error(self.sink.storage.place, error)
        return self.error

    def _open(self) -> None:
        sink = self.sink
        if self.fresh:
            with sink.storage.lock(f"{sink.state}/lock"):
                sink.start_over(self.run)
        with ExitStack() as stack:
            stack.enter_context(sink.storage.lock(f"{sink.state}/lock"))
            self.checkpoint.open()
            self._windows |= self.checkpoint.windows
            self.unavailable.open(sink.storage, sink.state)
            sink.begin(self.run, self.checkpoint)
            self.checkpoint.commit(Commit(self.run, self._same_position()))
            self._output_lock = stack.pop_all()

    def _store(self, batch: Batch | None, record: bytes | None) -> None:
        """Write a batch, or None for the end of the run; any error ends the writer."""
        try:
            self.checkpoint.check()
            if record is not None:
                self.unavailable.store(self.sink.storage, self.sink.state, record)
            if batch is None:
                self._store_failures()
                self.sink.check(self.checkpoint)
                self.checkpoint.commit(Commit(self.run, self._same_position(), ended=True))
            else:
                self._store_batch(batch)
        except BaseException as error:  # noqa: BLE001 (no error may stay in the thread)
            failed = self._fail(error)
            raise failed from None if failed is error else error

    def _store_batch(self, batch: Batch) -> None:
        batch.write(self.sink)
        stored = batch.stored()
        if stored:
            done = by_query_group(item.key for item, _ in stored if item.key is not None)
            windows = tuple(sorted({item.window for item, _ in stored if item.window is not None}))
            sums = self._sums(stored)
            self.checkpoint.commit(Commit(self.run, batch.position, done, sums, windows=windows))
        batch.committed = True

    def _store_failures(self) -> None:
        lines = [failure.to_line() for failure in self.failures]
        merge_failures(self.sink.storage, self.sink.state, lines, self.is_resolved)

    def _same_position(self) -> Position:
        """Return the position of a step that writes no rows."""
        last = self.checkpoint.last
        return Position() if last is None else Position(lengths=last.position.lengths)

    def _sums(self, stored: list[tuple[PendingRows, Tables]]) -> dict[str, Counter[str]]:
        """Return what these rows add to the totals, by query group and count."""
        sums: dict[str, Counter[str]] = {}
        for item, tables in stored:
            if item.key is None:
                continue
            query_group = split_key(item.key)[0]
            counts, known = sums.setdefault(query_group, Counter()), self.checkpoint.sums
            before = known.get(query_group, {})
            for row in tables.get("worker_statistics", ()):
                counts["workers"] += 1
                for name in COUNTS:
                    total = before.get(name, 0) + counts[name] + (row[name] or 0)
                    bounded = max(-_MAX_SUM, min(total, _MAX_SUM))
                    counts[name] = bounded - before.get(name, 0)
        return sums


def _as_storage_error(place: str, error: BaseException) -> StorageError:
    """Return an error as a ``StorageError`` that names the place."""
    if isinstance(error, StorageError):
        return error
    if isinstance(error, OSError):
        return StorageError(f"{place}: {error.strerror or error}")
    return StorageError(
        f"{place} could not be written: {type(error).__name__}: {reason_of(error)}; only stored "
        "rows are marked as done. This looks like a defect: please report it"
    )
