"""The latest rows of a table in which windows that had not settled were fetched more than once.

The rows of one answer follow each other, with the same ``fetched_at`` and the same key except for
the threshold or the Activity, which may be null or occur twice. Of several answers to one query
only the latest counts: one whose window had settled replaces one whose window had not, and of two
such answers the later one in the file counts, since a clock may have been wrong. All rows of the
latest answer are kept. An older answer is only known by its rows: if the latest answer has no rows
in a CSV file of Activities, the rows of an older one, with ``complete`` false, remain there.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

from taskrouter_stats.models.sids import sid_of

from .schemas import SCHEMAS

__all__ = ["latest_rows"]

_TRUE: Final = (True, "true")
"""The value of ``complete`` in a row whose window had settled; CSV holds text."""


def latest_rows(table: str, rows: Iterable[Mapping[str, Any]]) -> tuple[set[int], int]:
    """Return the numbers, from 0, of the rows of the latest answers, and the count of all rows.

    Raises:
        KeyError, ValueError: an item is not a row of this table.
    """
    columns = SCHEMAS[table].answer_key
    one_row = columns == SCHEMAS[table].key
    latest: dict[bytes, tuple[bool, list[int]]] = {}
    count, previous = 0, None
    for number, row in enumerate(rows):
        answer, final = _digest(row, columns), row.get("complete") in _TRUE
        current = (answer, final, row.get("fetched_at"))
        known = latest.get(answer)
        if known is not None and not one_row and current == previous:
            if known[1][-1] == number - 1:  # a row of the answer that is the latest so far
                known[1].append(number)
        elif known is None or final >= known[0]:
            latest[answer] = (final, [number])
        count, previous = number + 1, current
    return {number for _, numbers in latest.values() for number in numbers}, count


def _digest(row: Mapping[str, Any], columns: tuple[str, ...]) -> bytes:
    """Return a hash of 16 bytes, so that memory holds a million; null counts as empty text."""
    values = ("" if row[name] is None else sid_of(str(row[name])) for name in columns)
    return blake2b("\0".join(values).encode(errors="surrogatepass"), digest_size=16).digest()
