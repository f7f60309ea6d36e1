"""The pacer that processes share: what a user makes, and what a session opens of it."""

import asyncio
import logging
import secrets
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final, NoReturn, cast

import attrs
import orjson

from taskrouter_stats.core.plain_numbers import plain_number
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import Throttle
from taskrouter_stats.core.throttle.concurrency import CrowdLimit
from taskrouter_stats.core.throttle.dump import Plain, dump_throttle
from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.session.budget_throttle import Demand, PacingOptions

from .client import Client
from .redis_store import RedisStore
from .shared_budget import SharedBudget
from .shared_throttle import SharedThrottle
from .store import Store, StoreUnavailable
from .synchronizer import Synchronizer

__all__ = ["SharedPacer"]

_LOGGER = logging.getLogger("taskrouter_stats.fleet")

CLOSE_SECONDS: Final = 0.5
"""Seconds that the end of a session waits for the store at most."""


def _schema() -> int:
    """Return a number that another release has as well only if its state has the same fields."""
    state = dump_throttle(Throttle(0.0))
    fields = {path: list(cast("dict[str, Plain]", part)) for path, part in state.items()}
    names = [
        [field.name for field in attrs.fields(kind)] for kind in (SharedBudget, Client, CrowdLimit)
    ]
    return zlib.crc32(orjson.dumps([fields, names])) % 100_000


class SharedPacer:
    """One pacing for all processes that use the same store.

    ``TaskRouterSession(credentials, pacer=SharedPacer("redis://…"))``: what one process learns
    of a rate limit all know within a fifth of a second, and interactive requests of any process
    go before bulk requests of all. While the store does not answer, each process goes on at its
    part of the last known pace.

    Args:
        store: URL of a Redis or Valkey server, or a store, such as ``fleet.store.MemoryStore``,
            which is not closed.
        prefix: first part of each key in the store; processes with another prefix are other
            clients.
        patience: seconds after which a call of the store that was not answered counts as failed,
            >= 0.01.

    Raises:
        InvalidParameter: an argument has the wrong type or is out of bounds.
        ConfigError: the URL is not usable.
        MissingExtra: the ``redis`` extra is not installed.
    """

    def __init__(self, store: str | Store, *, prefix: str = "trs", patience: float = 0.25) -> None:
        rule = "expected letters, digits and any of - _ . :"
        if not isinstance(prefix, str) or not prefix or set("{}* \t\r\n") & set(prefix):
            raise InvalidParameter("prefix", prefix, rule)
        seconds = plain_number(patience)
        if seconds is None or not 0.01 <= seconds < float("inf"):  # noqa: PLR2004 (documented)
            raise InvalidParameter("patience", patience, "expected seconds, 0.01 or more")
        store = masked(store)
        if isinstance(store, str):
            RedisStore(store)  # a URL that is not usable is reported now
        elif not callable(getattr(store, "compare_and_set", None)):
            rule = "expected a URL such as redis://localhost:6379, or a store"
            raise InvalidParameter("store", type(store).__name__, rule)
        self._store = store
        self._prefix, self._patience = f"{prefix}:{_schema()}", seconds

    def open(self, options: PacingOptions) -> "OpenFleet":
        """Return the shared budgets of a session that opens in the running loop."""
        is_own = isinstance(self._store, str)
        store = RedisStore(self._store) if isinstance(self._store, str) else self._store
        return OpenFleet(store, self._prefix, self._patience, options, closes_store=is_own)

    def __repr__(self) -> str:
        return f"<SharedPacer {self._prefix}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a shared pacer does not pickle: call SharedPacer(…) in the other process")


class OpenFleet:
    """The shared budgets of one open session."""

    def __init__(
        self,
        store: Store,
        prefix: str,
        patience: float,
        options: PacingOptions,
        *,
        closes_store: bool,
    ) -> None:
        self._store, self._prefix, self._patience = store, prefix, patience
        self._options, self._closes_store = options, closes_store
        self._client = secrets.token_hex(6)
        self._budgets: dict[BudgetKey, Synchronizer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost: set[BudgetKey] = set()
        self._warned: set[str] = set()

    def throttle(
        self, key: BudgetKey, demand: Callable[[], Demand], grant: Callable[[], None]
    ) -> SharedThrottle:
        """Return the throttle of a budget, and start the task that keeps it in step."""
        name = f"{self._prefix}:{{{':'.join(key)}}}"
        tell = partial(self._tell, key)
        synchronizer = Synchronizer(
            self._store, name, self._client, self._patience, tell, self._warn
        )
        throttle = SharedThrottle(self._options, demand, grant, synchronizer.wake)
        synchronizer.throttle = throttle
        self._budgets[key] = synchronizer
        task = asyncio.create_task(synchronizer.run(), name=f"taskrouter_stats {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return throttle

    def forget(self, key: BudgetKey) -> None:
        """End the task of a budget."""
        self._lost.discard(key)
        self._budgets.pop(key).close()

    async def aclose(self) -> None:
        """Give unused slots back, and end the tasks."""
        for key in list(self._budgets):
            self.forget(key)
        tasks = set(self._tasks)
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                if self._closes_store:
                    await self._store.aclose()

    def _tell(self, key: BudgetKey, error: StoreUnavailable | None) -> None:
        """Log when a budget is the first to lose the store, and when the last has it again."""
        was_lost = bool(self._lost)
        if error is None:
            self._lost.discard(key)
            if was_lost and not self._lost:
                _LOGGER.info("the shared pacer's store is back")
            return
        self._lost.add(key)
        if not was_lost:
            level = logging.ERROR if error.is_misconfigured else logging.WARNING
            _LOGGER.log(level, "%s", error)

    def _warn(self, text: str) -> None:
        """Log a text once."""
        if text not in self._warned:
            self._warned.add(text)
            _LOGGER.warning("%s", text)
