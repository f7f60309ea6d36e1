"""Functions that read one JSON value for a field: text, numbers, times, SIDs.

cattrs calls each with a decoded JSON value and a type, which the function ignores. Each raises
:class:`UnreadableError` for a value that the field cannot hold.
"""

import math
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeGuard, cast

from .sids import IS_SID, SidKind, sid_kind

__all__ = [
    "LARGEST_COUNT",
    "UnreadableError",
    "count",
    "flag",
    "json_object",
    "seconds",
    "sid_reader",
    "text",
    "time",
    "utc_text",
    "utc_time",
]

_LONGEST_NUMBER: Final = 40
"""Characters of text that is read as a number, at most."""
_LONGEST_QUOTE: Final = 60
"""Characters of a value that an error repeats, at most."""
LARGEST_COUNT: Final = 2**63 - 1
_JSON_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


class UnreadableError(ValueError):
    """A value that its field cannot hold."""

    def __init__(self, expected: str, got: object) -> None:
        name = _JSON_NAMES.get(type(got))
        if name is None:
            quote = repr(got)
            name = quote if len(quote) <= _LONGEST_QUOTE else quote[:_LONGEST_QUOTE] + "…"
        super().__init__(f"expected {expected}, got {name}")


def _number(expected: str, value: object) -> float:
    """Return a finite float from numeric text or from a number of another type."""
    if _is_numeric_text(value) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise UnreadableError(expected, value) from None
        if math.isfinite(number):
            return number
    raise UnreadableError(expected, value)


def _is_numeric_text(value: object) -> TypeGuard[str]:
    """Return whether text may be a number; ``1_000`` is a number only in Python source."""
    return (
        isinstance(value, str)
        and len(value) <= _LONGEST_NUMBER
        and value.isascii()
        and "_" not in value
    )


def seconds(value: object, _: type) -> float:
    """Return seconds as a float."""
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -LARGEST_COUNT <= value <= LARGEST_COUNT:
        return float(value)
    return _number("a number", value)


def count(value: object, _: type) -> int:
    """Return a whole number of 64 bits."""
    number = value if type(value) is int else _integer(value)
    if -LARGEST_COUNT - 1 <= number <= LARGEST_COUNT:
        return number
    raise UnreadableError("a whole number of 64 bits", value)


def _integer(value: object) -> int:
    """Return a whole number from text or from a float without a fraction."""
    if _is_numeric_text(value):
        try:
            return int(value)
        except ValueError:
            pass  # "5.0" is a count as well
    number = _number("a whole number", value)
    if not number.is_integer():
        raise UnreadableError("a whole number", value)
    return int(number)


def text(value: object, _: type) -> str:
    """Return text unchanged."""
    if type(value) is str:
        return value
    raise UnreadableError("text", value)


def flag(value: object, _: type) -> bool:
    """Return JSON's true or false."""
    if value is True or value is False:
        return value
    raise UnreadableError("a boolean", value)


def time(value: object, _: type) -> datetime:
    """Return an ISO 8601 time in UTC; Twilio documents that one without an offset is GMT.

    The first and the last year of ``datetime`` are refused: ``datetime`` may not hold such a time
    in another zone.
    """
    if type(value) is not str:
        raise UnreadableError("an ISO 8601 time", value)
    return utc_time(value)


@lru_cache(maxsize=256)
def utc_time(text: str) -> datetime:
    """Return a time from text, cached: the replies of a run repeat the times of its windows."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not UTC:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableError("an ISO 8601 time", text) from None
    if MINYEAR < found.year < MAXYEAR:
        return found
    raise UnreadableError(f"an ISO 8601 time of the years {MINYEAR + 1} to {MAXYEAR - 1}", text)


def utc_text(moment: datetime) -> str:
    """Return an aware time as ISO 8601 text in UTC, with ``Z``."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def json_object(value: object, _: type) -> dict[str, Any]:
    """Return a JSON object unchanged."""
    if type(value) is dict:
        return cast("dict[str, Any]", value)
    raise UnreadableError("an object", value)


def sid_reader(kind: SidKind) -> Callable[[object, Any], str]:
    """Return the function that reads a SID of one kind."""
    prefix, matches = kind.prefix, IS_SID[kind.prefix]
    expected = f"{sid_kind(prefix)} ({prefix} and 32 hexadecimal digits)"

    def sid(value: object, _: Any) -> str:
        if type(value) is str and matches(value):
            return value
        raise UnreadableError(expected, value)

    return sid
