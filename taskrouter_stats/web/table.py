"""One page of a table's rows, as a browser asks for it: searched, filtered, sorted. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from attrs import frozen

from .summaries import Row

__all__ = ["TableView"]

_MAX_SIZE: Final = 200
_MAX_TEXT: Final = 100
_MAX_DIGITS: Final = 6
"""Digits of a page's number: a longer number is the last page."""


@frozen
class TableView:
    """What a browser wants to see of a table.

    Attributes:
        text: what the name contains, without regard to case, or the whole SID; empty for all rows.
        activity: the rows with this Activity; empty for all.
        sort: the column to sort by.
        descending: whether the greatest value comes first. Rows without a value come last anyway.
        page: the page, from 1; a number beyond the last page means the last one.
        size: rows of a page, 1 to 200.
    """

    text: str
    activity: str
    sort: str
    descending: bool
    page: int
    size: int

    @classmethod
    def read(cls, given: Mapping[str, str], columns: tuple[str, ...]) -> Self:
        """Return the view that a URL's parameters ask for; what is not valid is ignored.

        Args:
            given: the parameters ``q``, ``activity``, ``sort`` (``-waiting`` descends), ``page``
                and ``size``.
            columns: the columns that rows can be sorted by, the usual one first.
        """
        sort = given.get("sort", "")
        column = sort.removeprefix("-")
        if column not in columns:
            sort = column = columns[0]
        return cls(
            text=given.get("q", "")[:_MAX_TEXT].strip().casefold(),
            activity=given.get("activity", ""),
            sort=column,
            descending=sort.startswith("-"),
            page=max(1, _number(given.get("page", ""), 1)),
            size=min(_MAX_SIZE, max(1, _number(given.get("size", ""), 25))),
        )

    def show(self, rows: Iterable[Row]) -> Row:
        """Return the page: its ``rows``, its number, the number of pages and of rows found."""
        found = [row for row in rows if self._matches(row)]
        filled = [row for row in found if row[self.sort] is not None]
        empty = [row for row in found if row[self.sort] is None]
        filled.sort(key=self._key, reverse=self.descending)
        pages = max(1, -(-len(found) // self.size))
        page = min(self.page, pages)
        start = (page - 1) * self.size
        shown = (filled + empty)[start : start + self.size]
        return {"rows": shown, "found": len(found), "page": page, "pages": pages}

    def _matches(self, row: Row) -> bool:
        if self.activity and row.get("activity") != self.activity:
            return False
        return self.text in row["name"].casefold() or self.text == row["sid"].casefold()

    def _key(self, row: Row) -> Any:
        value = row[self.sort]
        return value.casefold() if isinstance(value, str) else value


def _number(text: str, default: int) -> int:
    """Return a whole number of ASCII digits, bounded; the default for anything else."""
    if not (text.isascii() and text.isdecimal()):
        return default
    return int(text) if len(text) <= _MAX_DIGITS else 10**_MAX_DIGITS
