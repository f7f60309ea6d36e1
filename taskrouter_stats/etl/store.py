"""The durable side of an export: rows are gathered, written, and only then marked as done.

Everything that blocks runs in a thread, one step at a time; a step that has begun is waited for
even by a caller who is cancelled, so that no file is closed under it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from secrets import token_hex
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import attrs
import orjson
from attrs import define, field, frozen

from taskrouter_stats.errors import StorageError

from .checkpoint import Checkpoint, Commit, Position, by_question, split
from .failures import FAILURES, merge_failures
from .overlaps import StoredWindow, refuse_overlaps, stored_windows
from .report import FailedQuery
from .rows import Tables
from .sinks.base import Sink

__all__ = ["COUNTS", "FAILURES", "Item", "Store"]

T = TypeVar("T")

MOST: Final = 1000
"""Items after which rows are written, and lost again to a kill."""

PATIENCE: Final = 5.0
"""Seconds after which they are written however few they are; longer where that makes a part."""

PATIENCE_PARTS: Final = 30.0

COUNTS: Final = tuple(
    f"reservations_{name}"
    for name in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
)
"""What is added up for ``--verify``."""


@frozen
class Item:
    """Something to store.

    Attributes:
        make: makes its rows, in the thread that writes them.
        key: the query that is done once they are durable; None if none is.
    """

    make: Callable[[], Tables]
    key: str | None = None


@define(eq=False)
class Store:
    """One output, open: ``async with Store(sink) as store``. Several exports may share it.

    Attributes:
        sink: where rows go.
        fresh: whether to move what is there aside first.
        run: the run's name, part of the names of its files.
        failures: what failed and a later run may mend; in ``failures.jsonl`` once this ends.

    Raises:
        OutputLocked: when another process writes there.
        StorageError: when it can't be read or written.
    """

    sink: Sink
    fresh: bool = False
    run: str = field(init=False)
    checkpoint: Checkpoint = field(init=False)
    failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    _planned: set[StoredWindow] = field(factory=set[StoredWindow], init=False)
    _pending: list[Item] = field(factory=list[Item], init=False)
    _clock: "asyncio.Task[None] | None" = field(default=None, init=False)
    _error: StorageError | None = field(default=None, init=False)
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _lock: ExitStack = field(factory=ExitStack, init=False)
    _broken: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        now = datetime.now(UTC)
        self.run = f"{now:%Y%m%dT%H%M%SZ}-{token_hex(4)}"
        self.checkpoint = Checkpoint(self.sink.storage, self.sink.state, self.sink.format)

    async def __aenter__(self) -> Self:
        try:
            await _finish(self._open)
        except BaseException:  # a caller who is cancelled meanwhile gets no chance to leave
            self._lock.close()
            raise
        self._clock = asyncio.create_task(self._write_now_and_then())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._clock is not None:
                self._clock.cancel()
                await _outlast(self._clock)
        finally:
            try:
                if not self._broken:
                    await self.commit(ended=True)
            finally:
                self._lock.close()
        if self._error is not None and kind is None:
            raise self._error

    def is_done(self, key: str) -> bool:
        """Whether a query was answered for good, by this run or an earlier one."""
        return self.checkpoint.is_done(key)

    def check_windows(self, planned: set[StoredWindow]) -> None:
        """Check that rows of these windows may stand in this output, and remember them.

        Raises:
            ConfigError: they overlap others of another length or zone.
        """
        known = self.checkpoint.windows | self._planned
        refuse_overlaps(self.sink.storage.place, known, planned)
        self._planned |= planned

    async def add(self, item: Item) -> None:
        """Take something to store; now and then this writes what has gathered.

        Raises:
            StorageError: when that can't be stored: nothing of it is marked as done.
        """
        if self._error is not None:
            raise self._error
        self._pending.append(item)
        if len(self._pending) >= MOST:
            await self.commit()

    async def commit(self, *, ended: bool = False) -> None:
        """Write what has gathered, then mark it as done.

        Args:
            ended: whether this is the run's last step.

        Raises:
            StorageError: when it can't be stored: nothing of it is marked as done.
        """
        async with self._turn:
            batch, self._pending = self._pending, []
            if batch or ended:
                await _finish(lambda: self._store(batch, ended=ended))

    async def call(self, work: Callable[[], T]) -> T:
        """Do something that blocks with the storage, between two commits."""
        async with self._turn:
            return await _finish(work)

    async def _write_now_and_then(self) -> None:
        """However slowly rows come, none waits longer than this."""
        parts = self.sink.format.startswith("Parquet")
        try:
            while True:
                await asyncio.sleep(PATIENCE_PARTS if parts else PATIENCE)
                await self.commit()
        except StorageError as error:
            self._error = error  # told by the next add, or at the end

    def _open(self) -> None:
        sink = self.sink
        if self.fresh:
            with sink.storage.lock(f"{sink.state}/lock"):
                sink.start_over(self.run)
        with ExitStack() as stack:
            stack.enter_context(sink.storage.lock(f"{sink.state}/lock"))
            self.checkpoint.open()
            sink.begin(self.run, self.checkpoint)
            self.checkpoint.commit(Commit(self.run, self._unmoved()))
            self._lock = stack.pop_all()

    def _store(self, batch: list[Item], *, ended: bool) -> None:
        self._broken = True
        made = [item.make() for item in batch]
        position = self.sink.write(made) if batch else self._unmoved()
        done = by_question(item.key for item in batch if item.key is not None)
        windows = tuple(sorted(stored_windows(made)))
        sums = _sums(batch, made)
        self.checkpoint.commit(Commit(self.run, position, done, sums, ended, windows))
        if ended:
            self._store_failures()
        self._broken = False

    def _store_failures(self) -> None:
        format_ = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        lines = [orjson.dumps(attrs.asdict(one), option=format_) for one in self.failures]
        merge_failures(self.sink.storage, self.sink.state, lines, self.is_done)

    def _unmoved(self) -> Position:
        """Where the output stands when nothing was written: no shorter, and without new parts."""
        last = self.checkpoint.last
        return Position() if last is None else Position(lengths=last.position.lengths)


def _sums(batch: list[Item], made: list[Tables]) -> dict[str, Counter[str]]:
    """Totals of what was added for good, by question."""
    sums: dict[str, Counter[str]] = {}
    for item, tables in zip(batch, made, strict=True):
        if item.key is not None:
            counts = sums.setdefault(split(item.key)[0], Counter())
            for row in tables.get("worker_statistics", ()):
                counts["workers"] += 1
                for name in COUNTS:
                    counts[name] += row[name] or 0
    return sums


async def _finish(work: Callable[[], T]) -> T:
    """Do it in a thread, and be there when it ends, cancelled or not."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    await _outlast(task)
    return task.result()


async def _outlast(task: "asyncio.Future[Any]") -> None:
    """Wait until it is done; only then a cancellation that came meanwhile takes effect."""
    interruption: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        if not task.cancelled():
            task.exception()
        raise interruption
