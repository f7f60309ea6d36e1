"""Keeps one budget of one session in step with the store, in one task.

Five to ten times a second, while there is something to say or to ask, the task takes a step on the
newest state that it knows and writes the result, if nobody wrote meanwhile. Otherwise the store
answers with what was written, and the step is repeated on that. While the store does not answer,
requests go on by this process's copy, and the task asks for the store each second.
"""

import asyncio
import math
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

import attrs

from .codec import UnreadableState, decode, encode
from .interval import INTERVAL, ReportInterval
from .report import Lease, Report
from .shared_budget import QUIET, SharedBudget
from .shared_throttle import SharedThrottle
from .store import NOTHING, Store, Stored, StoreUnavailable
from .store_clock import StoreClock

__all__ = ["Synchronizer"]

BURST: Final = 3.0
"""Reports that need not wait for the interval: those of interactive requests. As many more tell of
refusals."""
HEARTBEAT: Final = 1.0
"""Seconds between two reports while requests are in flight and nothing else is to be reported."""
SLACK: Final = 0.05
"""Seconds for which slots are wanted beyond the next report's answer: timers may be late."""
PROBE: Final = 1.0
"""Seconds between two calls of a store that does not answer."""
FIRST_PROBE: Final = 0.05
"""Part of that until the first call after one that failed: a single answer may be lost."""
CONNECT: Final = 4.0
"""Factor of the patience for the first call, which may have to connect."""
ATTEMPTS: Final = 10
"""Attempts of one report; after so many lost comparisons it waits for the next interval."""
TTL: Final = 600.0
"""Seconds without a write after which the store forgets a budget."""


@attrs.frozen(eq=False)
class Doubt:
    """A write of which the answer was lost: it happened, or it may still happen, or neither."""

    version: str
    state: SharedBudget
    lease: Lease
    report: Report


class Synchronizer:
    """The task of one budget of one session.

    Args:
        store: the store.
        key: the budget's key in the store.
        client: a random name of this session.
        patience: seconds after which an unanswered call counts as failed, > 0.
        tell: called with the error of each call that failed, and with None when the store is back.
        warn: called with each text that the user should read.
    """

    def __init__(
        self,
        store: Store,
        key: str,
        client: str,
        patience: float,
        tell: Callable[[StoreUnavailable | None], None],
        warn: Callable[[str], None],
    ) -> None:
        self._store, self._key, self._client = store, key, client
        self._patience, self._tell, self._warn = patience, tell, warn
        self._loop = asyncio.get_running_loop()
        self._clock = StoreClock()
        self._version, self._blob = NOTHING, b""
        self._written: SharedBudget | None = None
        self._asked = self._is_sole = False
        self._probe = PROBE
        self._seq = random.getrandbits(31)
        self._doubts: dict[int, Doubt] = {}
        self._interval, self._tokens = ReportInterval(), BURST
        self._last = self._filled_at = self._sleeps_until = -math.inf
        self._ahead = (0, 0)
        self._wake = asyncio.Event()
        self._closed = False
        self.throttle: SharedThrottle
        self.steps = self.calls = 0

    def wake(self) -> None:
        """Let the task look whether a report is due, if it may be due sooner than known before."""
        if self._due_at(self._loop.time()) < self._sleeps_until:
            self._wake.set()

    def close(self) -> None:
        """Let the task give back what it has, and end."""
        self._closed = True
        self.throttle.close()
        self._wake.set()

    async def run(self) -> None:
        """Report until closed."""
        await self._due()
        while not self._closed:
            await self.report()
            await self._due()
        self.throttle.close()
        if not self.throttle.is_alone and self.throttle.is_busy:
            await self.report()

    async def report(self) -> None:
        """Report once, or go on alone if the store does not answer."""
        throttle = self.throttle
        self._last = self._loop.time()
        self._tokens -= 1.0
        throttle.is_urgent = throttle.is_refused = False
        self._ahead, throttle.used = throttle.used, (0, 0)
        try:
            await self._commit()
        except Exception as error:  # noqa: BLE001 - requests go on, whatever is wrong here
            if not isinstance(error, StoreUnavailable):
                error = StoreUnavailable(f"{type(error).__name__} in the shared pacer: {error}")
            self._asked = self._is_sole = False
            first = 1.0 if throttle.is_alone else FIRST_PROBE
            self._probe = first * PROBE * (0.75 + 0.5 * random.random())
            self._tell(error)
            self._last = self._loop.time()
            if not throttle.is_alone:
                throttle.go_alone(self._last, self._client)

    async def _due(self) -> None:
        """Wait until a report is due."""
        while not self._closed:
            now = self._loop.time()
            at = self._due_at(now)
            if at <= now:
                return
            self._wake.clear()
            self._sleeps_until = at
            try:
                async with asyncio.timeout_at(None if at == math.inf else at):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _due_at(self, now: float) -> float:
        """Return when the next report is due, as far as known; infinity: it has nothing to say."""
        self._tokens = min(BURST, self._tokens + max(0.0, now - self._filled_at) / INTERVAL)
        self._filled_at = now
        throttle = self.throttle
        need = 1.0 - BURST if throttle.is_refused else 1.0
        free = now + max(0.0, need - self._tokens) * INTERVAL
        if throttle.is_alone:
            return self._last + self._probe
        if throttle.is_urgent or throttle.is_refused:
            return free
        if throttle.is_busy:
            quiet = throttle.pause_left(self._last) - self._interval.seconds
            is_quiet = quiet > 0.0 and not throttle.has_news
            wait = max(self._interval.seconds, min(QUIET, quiet) if is_quiet else 0.0)
            return max(free, self._last + wait)
        return self._last + HEARTBEAT if throttle.in_flight else math.inf

    async def _commit(self) -> None:
        """Take a step on the newest state, and write it.

        Raises:
            StoreUnavailable: the store did not answer, or cannot be used.
        """
        if not self._is_sole:
            patience = self._patience if self._asked else CONNECT * self._patience
            answer = await self._call(self._store.read(self._key), patience)
            self._is_sole = self._asked and answer.version == self._version
            self._asked = True
            self._learn(answer)
        attempt = 0
        for attempt in range(ATTEMPTS):
            if await self._attempt():
                self._is_sole = self._is_sole and not attempt
                break
        now, throttle = self._loop.time(), self.throttle
        if throttle.state is not None:
            wait, shared = throttle.known_wait(now), throttle.state.throttle
            self._interval.reported(attempt, shared, wait, now + throttle.shift)

    async def _attempt(self) -> bool:
        """Take one step; return whether the store took it."""
        throttle, now = self.throttle, self._loop.time()
        known, is_own = self._newest()
        self._resolve(known)
        interval = self._interval.seconds
        horizon = interval + 2.0 * self._clock.rtt + SLACK
        self._seq += 1
        report = throttle.report(now, self._client, self._seq, self._ahead, horizon, interval)
        reported = (
            attrs.evolve(report, sent=(), replies=(), unused=(), sent_alone=(), pace=0.0)
            if is_own
            else report
        )
        try:
            lease = known.step(reported, self._clock.at(now), self._clock.offset or 0.0)
            blob = encode(known)
        except (ArithmeticError, ValueError, LookupError, TypeError) as error:
            self._drop_blob(error)
            return False
        doubt = self._doubts[self._seq] = Doubt(self._version, known, lease, report)
        answer = await self._call(
            self._store.compare_and_set(self._key, self._version, blob, ttl=TTL)
        )
        if answer.committed:
            self._doubts.clear()
            self._version, self._blob = answer.version, blob
            self._written = known.copy() if self._is_sole else None
            self._accept(doubt)
            self.steps += 1
        else:
            del self._doubts[self._seq]
            self._learn(answer)
        return answer.committed

    def _newest(self) -> tuple[SharedBudget, bool]:
        """Return the newer of the stored state and this process's copy, and whether it is that."""
        offset, throttle = self._clock.offset or 0.0, self.throttle
        stored = self._stored()
        copy = throttle.state
        if copy is None or (stored is not None and stored.steps >= copy.steps):
            return stored or SharedBudget.begin(self._clock.at(self._loop.time())), False
        own = copy.copy()
        own.origin = offset - throttle.shift
        own.throttle.estimator.log.merge(throttle.others_sent, math.inf)
        own.restore(self._clock.at(self._loop.time()))
        return own, True

    def _stored(self) -> SharedBudget | None:
        """Return the stored state, or None if there is none that can be read."""
        written, self._written = self._written, None
        if written is not None:  # nobody else wrote since: there is nothing to read
            return written
        try:
            return decode(self._blob) if self._blob else None
        except UnreadableState as error:
            self._drop_blob(error)
            return None

    def _drop_blob(self, error: Exception) -> None:
        """Go on without what is stored: the next write replaces it.

        Raises:
            StoreUnavailable: there is nothing to drop, so it was not the stored state that failed.
        """
        if not self._blob:
            raise StoreUnavailable(f"{type(error).__name__} in the shared state")
        self._blob, self._written = b"", None
        self._warn(f"the stored state is unreadable and will be replaced: {error}")

    def _resolve(self, known: SharedBudget) -> None:
        """Find out whether a write happened of which the answer was lost."""
        mine = known.clients.get(self._client)
        doubt = None if mine is None else self._doubts.get(mine.seq)
        if doubt is not None:
            self._doubts.clear()
            self._accept(doubt)
        elif any(doubt.version != self._version for doubt in self._doubts.values()):
            self._doubts = {
                seq: doubt for seq, doubt in self._doubts.items() if doubt.version == self._version
            }

    def _accept(self, doubt: Doubt) -> None:
        offset = self._clock.offset or 0.0
        was_alone, now = self.throttle.is_alone, self._loop.time()
        shift = offset - doubt.state.origin
        self.throttle.accept(doubt.state, doubt.lease, shift, now, doubt.report)
        if was_alone:
            self._tell(None)

    def _learn(self, answer: Stored) -> None:
        self._version, self._blob, self._written = answer.version, answer.blob, None

    async def _call(
        self, call: Coroutine[Any, Any, Stored], patience: float | None = None
    ) -> Stored:
        """Return the store's answer.

        The time is measured twice by half, so that a loop that was busy does not take an answer
        that waits to be read for a silent store.

        Raises:
            StoreUnavailable: no answer came in time, or the store cannot be used.
        """
        called_at = self._loop.time()
        patience = self._patience if patience is None else patience
        self.calls += 1
        task = asyncio.ensure_future(call)
        try:
            for _ in range(2):
                done, _ = await asyncio.wait({task}, timeout=patience / 2.0)
                if done:
                    break
            else:
                raise StoreUnavailable(f"no answer within {1000.0 * patience:.0f} ms")
            try:
                answer = task.result()
            except StoreUnavailable:
                raise
            except Exception as error:
                raise StoreUnavailable(f"{type(error).__name__} in the store") from error
        finally:
            task.cancel()
        self._clock.answered(answer.now, called_at, self._loop.time())
        return answer
