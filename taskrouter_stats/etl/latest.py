"""Which rows of a table are right, when windows that had not settled were fetched more than once.

All rows of one answer have the same key but for the Activity, and the same ``fetched_at``. Of
several answers to one query the latest is right; so an Activity that only an older one names goes
as well.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from .schemas import SCHEMAS

__all__ = ["answer_columns", "latest_rows"]

_PER_ANSWER: Final = {"activity_sid"}
"""Key columns that tell rows of one answer apart."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def answer_columns(table: str) -> tuple[str, ...]:
    """Return the columns that tell an answer from the answers to other queries."""
    schema = SCHEMAS[table]
    if "fetched_at" not in schema.names:  # a snapshot is never fetched again
        return schema.key
    return tuple(name for name in schema.key if name not in _PER_ANSWER)


def latest_rows(table: str, rows: Iterable[Mapping[str, Any]]) -> tuple[set[int], int]:
    """Return the numbers of the rows that are right, from 0, and the count of all rows.

    Raises:
        KeyError, ValueError: for what is not a row of this table.
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
    """Return a key of 16 bytes, so that a million keys fit into memory; null is an empty text."""
    values = ("" if row[name] is None else str(row[name]) for name in columns)
    return blake2b("\0".join(values).encode(errors="surrogatepass"), digest_size=16).digest()


def _time(value: datetime | str | None) -> datetime:
    if not value:
        return _NEVER
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
