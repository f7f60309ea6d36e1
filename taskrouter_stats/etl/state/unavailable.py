"""Queries without statistics: windows that expired, and Workers that are gone.

The output's state holds them with the server's reason, so that later runs count them as expired
or gone. A later run does not send queries of an expired window. It sends those of a gone Worker
until two "not found" answers, at least seven days apart, were confirmed; then it stops.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
import orjson
from attrs import define, field, frozen

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.output.storage import Storage

from .checkpoint import split_key

__all__ = ["GONE_GRACE", "UnavailableQueries"]

GONE_GRACE: Final = timedelta(days=7)
"""Time for which later runs still send the queries of a gone Worker; a choice of this package."""

_NAME: Final = "unavailable.json"
_VERSION: Final = 1


@frozen
class _Gone:
    """The first and the last confirmed "not found" of a query, with the server's words."""

    first: datetime
    last: datetime
    reason: str

    @property
    def final(self) -> bool:
        return self.last - self.first >= GONE_GRACE


@define(eq=False)
class UnavailableQueries:
    """The expired and gone queries of one output.

    Attributes:
        changed: whether this differs from the stored file.
    """

    changed: bool = field(default=False, init=False)
    _expired: dict[str, str] = field(factory=dict[str, str], init=False)
    _gone: dict[str, dict[str, _Gone]] = field(factory=dict[str, dict[str, _Gone]], init=False)

    def open(self, storage: Storage, folder: str) -> None:
        """Read the file of earlier runs.

        Args:
            storage: holds the output.
            folder: the state folder within the storage.

        Raises:
            StorageError: the file can't be read.
        """
        name = f"{folder}/{_NAME}"
        if name not in storage.names(folder):
            return
        try:
            found = orjson.loads(storage.get(name))
            if found["version"] != _VERSION:
                raise ValueError
            self._expired = {
                str(query_group): str(why) for query_group, why in found["expired"].items()
            }
            self._gone = {
                query_group: {sid: _read(record) for sid, record in sids.items()}
                for query_group, sids in found["gone"].items()
            }
        except (AttributeError, KeyError, TypeError, ValueError):
            raise StorageError(
                f"{storage.place}/{name} can't be read: expected a file of this version of "
                "taskrouter-stats: restore it; --fresh starts over"
            ) from None

    def changes(self) -> bytes | None:
        """Return the file's new content, or None if nothing changed since the last call.

        Call it in the event loop, where this changes; :meth:`store` may run in a thread.
        """
        if not self.changed:
            return None
        self.changed = False
        gone = {
            query_group: {sid: attrs.asdict(record) for sid, record in sids.items()}
            for query_group, sids in self._gone.items()
        }
        plain = {"version": _VERSION, "expired": self._expired, "gone": gone}
        return orjson.dumps(plain, option=orjson.OPT_UTC_Z)

    def store(self, storage: Storage, folder: str, data: bytes) -> None:
        """Store the content that :meth:`changes` returned, where :meth:`open` reads it.

        Raises:
            StorageError: the file can't be written.
        """
        storage.put(f"{folder}/{_NAME}", data)

    def is_expired(self, key: str) -> bool:
        """Return whether the window of this query expired."""
        return split_key(key)[0] in self._expired

    def is_gone(self, key: str) -> bool:
        """Return whether the Worker of this query is gone and the grace period is over."""
        query_group, sid = split_key(key)
        record = self._gone.get(query_group, {}).get(sid)
        return record is not None and record.final

    def has(self, key: str) -> bool:
        """Return whether this query is recorded as expired or gone, grace period or not."""
        query_group, sid = split_key(key)
        return query_group in self._expired or sid in self._gone.get(query_group, {})

    def add_expired(self, key: str, reason: str) -> None:
        """Record that the window of this query expired, for all Workers."""
        query_group = split_key(key)[0]
        if query_group not in self._expired:
            self._expired[query_group] = reason
            self.changed = True

    def add_gone(self, key: str, at: datetime, reason: str) -> None:
        """Record that the server did not find the Worker of this query at that time."""
        query_group, sid = split_key(key)
        sids = self._gone.setdefault(query_group, {})
        known = sids.get(sid)
        first = at if known is None else min(known.first, at)
        sids[sid] = _Gone(first, at, reason)
        self.changed = True

    def remove(self, key: str) -> None:
        """Remove the record of a gone Worker, because the server answered this query."""
        query_group, sid = split_key(key)
        if self._gone.get(query_group, {}).pop(sid, None) is not None:
            self.changed = True


def _read(record: dict[str, Any]) -> _Gone:
    first, last = (datetime.fromisoformat(record[name]) for name in ("first", "last"))
    return _Gone(first.astimezone(UTC), last.astimezone(UTC), str(record["reason"]))
