"""Queries that get no statistics: windows that expired, and Workers that are gone.

They are kept in the output's state with the server's reason, so that a later run counts them as
what they are. An expired window is not asked for again. A Worker who is gone is: a query counts
as gone for good only when two answers, at least seven days apart, said so.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
import orjson
from attrs import define, field, frozen

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.storage import Storage

from .checkpoint import split_key

__all__ = ["GONE_GRACE", "UnavailableQueries"]

GONE_GRACE: Final = timedelta(days=7)
"""How long a Worker who is gone is asked about again; a choice of this package."""

_NAME: Final = "unavailable.json"
_VERSION: Final = 1


@frozen
class _Gone:
    """When a query was first and last answered with "not found", and in which words."""

    first: datetime
    last: datetime
    reason: str

    @property
    def final(self) -> bool:
        return self.last - self.first >= GONE_GRACE


@define(eq=False)
class UnavailableQueries:
    """The record of one output, in the folder ``folder`` of a storage.

    Attributes:
        changed: whether it differs from what is stored.
    """

    storage: Storage
    folder: str
    changed: bool = field(default=False, init=False)
    _expired: dict[str, str] = field(factory=dict[str, str], init=False)
    _gone: dict[str, dict[str, _Gone]] = field(factory=dict[str, dict[str, _Gone]], init=False)

    def open(self) -> None:
        """Read what earlier runs recorded.

        Raises:
            StorageError: when it can't be read.
        """
        name = f"{self.folder}/{_NAME}"
        if name not in self.storage.names(self.folder):
            return
        try:
            found = orjson.loads(self.storage.get(name))
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
                f"{self.storage.place}/{name} can't be read: a record of this version is "
                "expected; --fresh starts over"
            ) from None

    def changes(self) -> bytes | None:
        """Return the whole record to be stored, or None when nothing changed since the last call.

        It is made in the loop, where the record changes, and stored in a thread.
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

    def store(self, data: bytes) -> None:
        """Store what :meth:`changes` returned.

        Raises:
            StorageError: when it can't be stored.
        """
        self.storage.put(f"{self.folder}/{_NAME}", data)

    def is_expired(self, key: str) -> bool:
        """Return whether the server no longer has the window of this query."""
        return split_key(key)[0] in self._expired

    def is_gone(self, key: str) -> bool:
        """Return whether this query needs no answer any more, since its Worker is gone."""
        query_group, sid = split_key(key)
        record = self._gone.get(query_group, {}).get(sid)
        return record is not None and record.final

    def has(self, key: str) -> bool:
        """Return whether this query is recorded at all, as expired or as gone."""
        query_group, sid = split_key(key)
        return query_group in self._expired or sid in self._gone.get(query_group, {})

    def add_expired(self, key: str, reason: str) -> None:
        """Record that the server no longer has the window of this query, for all Workers."""
        query_group = split_key(key)[0]
        if query_group not in self._expired:
            self._expired[query_group] = reason
            self.changed = True

    def add_gone(self, key: str, at: datetime, reason: str) -> None:
        """Record that the Worker of this query was not there at that time."""
        query_group, sid = split_key(key)
        sids = self._gone.setdefault(query_group, {})
        known = sids.get(sid)
        first = at if known is None else min(known.first, at)
        sids[sid] = _Gone(first, at, reason)
        self.changed = True

    def remove(self, key: str) -> None:
        """Forget that the Worker of this query was gone: it was answered."""
        query_group, sid = split_key(key)
        if self._gone.get(query_group, {}).pop(sid, None) is not None:
            self.changed = True


def _read(record: dict[str, Any]) -> _Gone:
    first, last = (datetime.fromisoformat(record[name]) for name in ("first", "last"))
    return _Gone(first.astimezone(UTC), last.astimezone(UTC), str(record["reason"]))
