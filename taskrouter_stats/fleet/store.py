"""The store that processes share: one blob per key, moved by compare-and-set on the store's clock.

A store keeps no rule of a rate limit. It holds bytes, gives each write a new version, and tells its
clock with every answer, so that all processes measure time by the same clock.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from taskrouter_stats.errors import StorageError

__all__ = ["NOTHING", "MemoryStore", "Store", "StoreUnavailable", "Stored"]

NOTHING = "0"
"""The version of a key that holds nothing."""


@frozen
class Stored:
    """What a store answers.

    Attributes:
        committed: whether the write happened; False for a read, and if the version was another.
        now: seconds on the store's own clock.
        version: version of what is stored now; ``"0"``: nothing is stored.
        blob: what is stored now if nothing was written; empty after a write, or if the key holds
            nothing.
    """

    committed: bool
    now: float
    version: str
    blob: bytes


class Store(Protocol):
    """Two calls. Each is atomic, and raises ``StoreUnavailable`` if it got no answer."""

    async def read(self, key: str) -> Stored:
        """Return what a key holds."""
        ...

    async def compare_and_set(self, key: str, version: str, blob: bytes, *, ttl: float) -> Stored:
        """Write a blob if the key holds ``version``; else return what it holds.

        Args:
            key: the key.
            version: the version that the blob was made from; ``"0"``: the key held nothing.
            blob: what to store.
            ttl: seconds until the store forgets the key unless it is written again, > 0.
        """
        ...

    async def aclose(self) -> None:
        """Close what the store opened; a second call does nothing."""
        ...


class StoreUnavailable(StorageError):
    """The store did not answer a call, or refused it; whether a write happened is unknown.

    Attributes:
        reason: why, in words for a log line, without secrets.
        is_misconfigured: whether only a person can repair it, such as a wrong password.
    """

    def __init__(self, reason: str, is_misconfigured: bool = False) -> None:
        super().__init__(reason, is_misconfigured)
        self.reason = reason
        self.is_misconfigured = is_misconfigured

    def __str__(self) -> str:
        advice = "check the store's URL and permissions; " if self.is_misconfigured else ""
        return (
            f"the store is not usable: {self.reason}; {advice}"
            "requests go on at this process's part of the last known pace"
        )


@frozen
class _Held:
    """What a key holds until ``expires_at``."""

    version: int
    blob: bytes
    expires_at: float


class MemoryStore:
    """A store in this process, for sessions that share a budget within it, threads included.

    Args:
        clock: returns the time, in seconds; it never runs back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    async def read(self, key: str) -> Stored:
        """Return what a key holds."""
        with self._lock:
            return self._answer(key)

    async def compare_and_set(self, key: str, version: str, blob: bytes, *, ttl: float) -> Stored:
        """Write a blob if the key holds ``version``; else return what it holds."""
        with self._lock:
            found = self._answer(key)
            if found.version != version:
                return found
            written = int(version) + 1
            self._held[key] = _Held(written, blob, found.now + ttl)
            return Stored(committed=True, now=found.now, version=str(written), blob=b"")

    async def aclose(self) -> None:
        """Do nothing: other sessions may use the store."""

    def _answer(self, key: str) -> Stored:
        now, held = self._clock(), self._held.get(key)
        if held is None or held.expires_at <= now:
            return Stored(committed=False, now=now, version=NOTHING, blob=b"")
        return Stored(committed=False, now=now, version=str(held.version), blob=held.blob)
