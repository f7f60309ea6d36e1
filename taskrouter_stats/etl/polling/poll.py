"""Polls a Workspace: a snapshot of its real-time statistics at each beat, into files."""

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from math import inf
from typing import Any, Final, cast

from attrs import define, field

from taskrouter_stats.core.local_time import plain_zone
from taskrouter_stats.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    NotFound,
    UsageError,
)
from taskrouter_stats.etl.output.threads import in_thread
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.etl.sinks.base import Sink
from taskrouter_stats.models import check_sid
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession

from .beat import Beat
from .place import Place
from .report import PollReport
from .snapshot import Snapshot
from .store import SnapshotStore
from .taker import DEFAULT_TABLES, TABLES, SnapshotTaker

__all__ = ["Poll", "poll"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_LEAST, _MOST = timedelta(seconds=1), timedelta(days=1)
_EVERY_RULE: Final = "expected a timedelta from 1 second to 1 day, such as timedelta(seconds=30)"

_REFUSALS: Final = (BadRequest, Forbidden, NotFound)
"""Errors of a first snapshot without any row that end the poll: the caller must change a thing."""

_WITH_DIGIT: Final = re.compile(r"\S*\d\S*")
"""Words of an error's text that differ each time: SIDs, durations, the IDs of requests."""

_TICK: Final = timedelta(seconds=1)
"""The longest step back of the time of day that counts as a clock that stands still."""

_JUMP: Final = 1.0
"""Seconds by which the time of day may drift between two snapshots without a warning."""


async def poll(
    session: TaskRouterSession,
    workspace_sid: str,
    output: Sink | str | os.PathLike[str],
    *,
    every: timedelta = timedelta(seconds=30),
    tables: tuple[str, ...] = DEFAULT_TABLES,
    tz: str | tzinfo = UTC,
    duration: timedelta | None = None,
    stop: asyncio.Event | None = None,
    on_snapshot: Callable[[Row], object] | None = None,
) -> PollReport:
    """Store a snapshot of a Workspace's real-time statistics at each beat, until it is stopped.

    Beats have a fixed distance on a monotonic clock. A beat that is late, because the snapshot
    before it took long, is skipped and counted. What can't be fetched is missing from its
    snapshot; the table ``snapshots`` says so. Run it again to continue, after a kill as well.

    Args:
        session: sends the requests, in bulk: requests of ``fetch`` go before most of them.
        workspace_sid: the Workspace (WS…).
        output: a folder or URI for Parquet, or a ``ParquetSink`` or ``JsonLinesSink`` for one. An
            export may write into the same folder meanwhile.
        every: the time from one beat to the next, from 1 second to 1 day.
        tables: what to fetch: ``workspace_real_time_statistics``,
            ``task_queue_real_time_statistics`` (a request for every 50 TaskQueues),
            ``worker_activity`` (one for every 1,000 Workers), ``workers_real_time_statistics`` and
            ``workflow_real_time_statistics`` (one for each Workflow). Tables by status, priority
            and Activity come with them.
        tz: the zone of the column ``day``, an IANA name or a tzinfo.
        duration: the time after which no snapshot begins, > 0; None for never: it then polls
            until it is stopped.
        stop: once set, the poll ends after the snapshot under way.
        on_snapshot: called after each snapshot with its row of the table ``snapshots``; an error
            that it raises ends the poll.

    Raises:
        UsageError, InvalidSid, InvalidParameter, ConfigError: an argument is wrong; the output was
            not touched. ``ConfigError`` also if the output holds the other format.
        OutputLocked: another poll of this Workspace writes to this output.
        StorageError: the output can't be read or written; stored snapshots are whole.
        Unauthorized: the server refuses the credentials.
        ApiError: the server refused every request of the first snapshot.
    """
    run = Poll(session, workspace_sid, output, every, tables, tz, duration, stop, on_snapshot)
    return await run.run()


@define(eq=False)
class Poll:
    """One poll; the arguments are those of :func:`poll`."""

    session: TaskRouterSession
    workspace_sid: str
    output: Sink | str | os.PathLike[str] = field(repr=False)
    every: timedelta = timedelta(seconds=30)
    tables: tuple[str, ...] = DEFAULT_TABLES
    tz: Any = UTC
    duration: timedelta | None = None
    stop: asyncio.Event | None = None
    on_snapshot: Callable[[Row], object] | None = None
    _place: Place = field(init=False, repr=False)
    _taker: SnapshotTaker = field(init=False, repr=False)
    _counts: Counter[str] = field(factory=Counter[str], init=False, repr=False)
    _elapsed: float = field(default=0.0, init=False, repr=False)
    _clocks: tuple[datetime, float] | None = field(default=None, init=False, repr=False)
    _account: str | None = field(default=None, init=False, repr=False)
    _logged: dict[str, str] = field(factory=dict[str, str], init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.session, TaskRouterSession):
            kind = type(self.session).__name__
            raise UsageError(f"poll(): session= is of type {kind}: expected a TaskRouterSession")
        self.workspace_sid = sid_of(check_sid("workspace_sid", self.workspace_sid, "WS"))
        _check_times(self.every, self.duration)
        _check_tables(self.tables)
        self.tz = plain_zone(self.tz)
        self._place = Place.of(self.output, self.workspace_sid)
        self._taker = SnapshotTaker(self.session, self.workspace_sid, self.tables)

    @property
    def report(self) -> PollReport:
        """The report so far."""
        counts: Any = dict(self._counts)
        return PollReport(
            place=self._place.storage.place,
            workspace_sid=self.workspace_sid,
            elapsed=self._elapsed,
            stopped=self._stopping,
            **counts,
        )

    async def run(self) -> PollReport:
        """Poll until the end, and return the report.

        Raises:
            TaskRouterStatsError: as :func:`poll` does.
        """
        store = SnapshotStore(self._place.storage, self._place.encoding, self.workspace_sid)
        with ExitStack() as lock:
            await in_thread(partial(self._open, store, lock))
            await self._take_all(store)
        return self.report

    def _open(self, store: SnapshotStore, lock: ExitStack) -> None:
        lock.enter_context(self._place.storage.lock(self._place.lock))
        store.open()
        self._counts["cut"] = store.cut
        if store.cut:
            _LOGGER.warning("snapshots of an earlier poll that a kill had cut: %d", store.cut)

    async def _take_all(self, store: SnapshotStore) -> None:
        clock = asyncio.get_running_loop().time
        beat = Beat(self.every.total_seconds(), clock())
        end = inf if self.duration is None else clock() + self.duration.total_seconds()
        try:
            while not self._stopping:
                delay = beat.delay(clock())
                if clock() + delay >= end:
                    return
                if delay > 0:
                    await self._wait(delay)
                    continue
                await self._take_one(store, beat)
        finally:
            self._elapsed = clock() - beat.started_at
            self._counts["skipped"] += beat.missed(min(clock(), end))

    async def _take_one(self, store: SnapshotStore, beat: Beat) -> None:
        clock = asyncio.get_running_loop().time
        skipped = beat.take(clock())
        snapshot = self._new_snapshot(beat, skipped, clock())
        self._counts["skipped"] += skipped
        await self._taker.take(snapshot, self.stop)
        refused = snapshot.errors and all(isinstance(one, _REFUSALS) for one in snapshot.errors)
        if refused and not snapshot.rows and not self.report.snapshots:
            raise snapshot.errors[0]
        self._account = snapshot.account_sid
        await in_thread(partial(store.append, snapshot))
        self._count(snapshot)
        for folder in store.due(snapshot.time):
            await in_thread(partial(store.merge, folder))
            if self._stopping or beat.lateness(clock()) > beat.every / 2:
                break  # the next snapshot is more urgent than the other folders

    def _new_snapshot(self, beat: Beat, skipped: int, now: float) -> Snapshot:
        time, jump = _utc_now(), 0.0
        if self._clocks is not None:
            last, steady = self._clocks
            jump = (time - last).total_seconds() - (now - steady)
            if last - _TICK < time <= last:  # a clock that stands still gives no time twice
                time = last + timedelta.resolution
        self._clocks = time, now
        return Snapshot(
            self.workspace_sid,
            time,
            self.tz,
            beat.every,
            beat=beat.number,
            late=beat.lateness(now),
            skipped=skipped,
            clock_jump=jump if abs(jump) >= _JUMP else 0.0,
            account_sid=self._account,
        )

    def _count(self, snapshot: Snapshot) -> None:
        counts = self._counts
        counts["complete" if snapshot.complete else "partial"] += 1
        counts["rows"] += sum(snapshot.rows.values())
        counts["requests"] += snapshot.requests
        counts["refused"] += snapshot.refused
        self._log(snapshot)
        if self.on_snapshot is not None:
            self.on_snapshot(snapshot.mark())

    def _log(self, snapshot: Snapshot) -> None:
        """Log gaps, and problems when they change in more than numbers and SIDs."""
        if snapshot.skipped:
            _LOGGER.warning("beats skipped before %s: %d", snapshot.time, snapshot.skipped)
        if snapshot.clock_jump:
            words = "this machine's time of day jumped by %.0f s, or the machine was suspended"
            _LOGGER.warning(words, snapshot.clock_jump)
        reasons = snapshot.reasons
        kinds = {table: _WITH_DIGIT.sub("", reason) for table, reason in reasons.items()}
        for table, reason in reasons.items():
            if self._logged.get(table) != kinds[table]:
                _LOGGER.warning("the snapshot of %s lacks %s: %s", snapshot.time, table, reason)
        for table in self._logged.keys() - kinds.keys():
            _LOGGER.warning("%s is complete again at %s", table, snapshot.time)
        self._logged = kinds

    @property
    def _stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than until ``stop`` is set."""
        if self.stop is None:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            pass


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _check_times(every: object, duration: object) -> None:
    if not isinstance(every, timedelta) or not _LEAST <= every <= _MOST:
        raise InvalidParameter("every", every, _EVERY_RULE)
    if duration is not None and (not isinstance(duration, timedelta) or duration <= timedelta(0)):
        raise InvalidParameter("duration", duration, "expected a timedelta > 0, or None for no end")


def _check_tables(tables: object) -> None:
    is_list = isinstance(tables, (tuple, list))
    names = cast("Sequence[object]", tables) if is_list else ()
    if not names or any(name not in TABLES for name in names):
        rule = f"expected a tuple with some of {', '.join(TABLES)}"
        raise InvalidParameter("tables", repr(tables), rule)  # pyright: ignore[reportUnknownArgumentType]
