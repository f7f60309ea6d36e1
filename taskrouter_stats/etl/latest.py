"""The latest rows of a table in which windows that had not settled were fetched more than once.

All rows of one answer have the same key except for the Activity, and the same ``fetched_at``. Of
several answers to one query only the latest counts, so an Activity that only an older answer names
is dropped too.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from taskrouter_stats.models.sids import sid_of

from .schemas import SCHEMAS

__all__ = ["answer_columns", "latest_rows"]

_PER_ANSWER: Final = {"activity_sid"}
"""Key columns that differ between the rows of one answer."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def answer_columns(table: str) -> tuple[str, ...]:
    """Return the columns that are equal exactly in answers to the same query."""
    schema = SCHEMAS[table]
    if "fetched_at" not in schema.names:  # no run fetches a snapshot again
        return schema.key
    return tuple(name for name in schema.key if name not in _PER_ANSWER)


def latest_rows(table: str, rows: Iterable[Mapping[str, Any]]) -> tuple[set[int], int]:
    """Return the numbers, from 0, of the latest rows, and the count of all rows.

    Raises:
        KeyError, ValueError: an item is not a row of this table.
    """
    of_answer, of_row = answer_columns(table), SCHEMAS[table].key
    newest: dict[bytes, datetime] = {}
    latest: dict[bytes, tuple[bytes, datetime, int]] = {}
    count = 0
    for number, row in enumerate(rows):
        count += 1
        answer, key = _digest(row, of_answer), _digest(row, of_row)
        fetched = _time(row.get("fetched_at"))
        if fetched >= newest.get(answer, _NEVER):
            newest[answer] = fetched
            latest[key] = (answer, fetched, number)
    keep = {number for answer, fetched, number in latest.values() if fetched == newest[answer]}
    return keep, count


def _digest(row: Mapping[str, Any], columns: tuple[str, ...]) -> bytes:
    """Return a hash of 16 bytes, so that memory holds a million; null counts as empty text."""
    values = ("" if row[name] is None else sid_of(str(row[name])) for name in columns)
    return blake2b("\0".join(values).encode(errors="surrogatepass"), digest_size=16).digest()


def _time(value: datetime | str | None) -> datetime:
    if not value:
        return _NEVER
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
