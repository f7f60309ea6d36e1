"""What a field holds, from what JSON holds: text, numbers, times, SIDs.

Each function takes a decoded JSON value and a type that it ignores, as cattrs calls them, and
raises :class:`UnreadableError` for a value that the field cannot hold.
"""

import math
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, Final, TypeGuard, cast

from .sids import KINDS, PATTERNS, SidKind

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
]

_LONGEST_NUMBER: Final = 40
_LONGEST_QUOTE: Final = 60
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
    """A finite float from what is not plainly a number of the right type."""
    if _is_numeric_text(value) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise UnreadableError(expected, value) from None
        if math.isfinite(number):
            return number
    raise UnreadableError(expected, value)


def _is_numeric_text(value: object) -> TypeGuard[str]:
    """Whether it may be a number as text; Python's own ``1_000`` is none on the wire."""
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
    whole = value if type(value) is int else _whole(value)
    if -LARGEST_COUNT - 1 <= whole <= LARGEST_COUNT:
        return whole
    raise UnreadableError("a whole number of 64 bits", value)


def _whole(value: object) -> int:
    """A whole number from text or from a float without a fraction."""
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
    """Return text as it is."""
    if type(value) is str:
        return value
    raise UnreadableError("text", value)


def flag(value: object, _: type) -> bool:
    """Return JSON's own true or false."""
    if value is True or value is False:
        return value
    raise UnreadableError("a boolean", value)


def time(value: Any, _: type) -> datetime:
    """Return an ISO 8601 time in UTC; Twilio documents that one without an offset is GMT.

    The first and the last year of ``datetime`` are refused: in another zone such a time can lie
    outside what ``datetime`` holds.
    """
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is not UTC:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError("an ISO 8601 time", value) from None
    if MINYEAR < found.year < MAXYEAR:
        return found
    raise UnreadableError(f"an ISO 8601 time of the years {MINYEAR + 1} to {MAXYEAR - 1}", value)


def json_object(value: object, _: type) -> dict[str, Any]:
    """Return a JSON object as it is."""
    if type(value) is dict:
        return cast("dict[str, Any]", value)
    raise UnreadableError("an object", value)


def sid_reader(kind: SidKind) -> Callable[[object, Any], str]:
    """Return the function that reads a SID of one kind."""
    prefix, matches = kind.prefix, PATTERNS[kind.prefix]
    article = "an" if KINDS[prefix].startswith("A") else "a"
    expected = f"the SID of {article} {KINDS[prefix]} ({prefix} and 32 hexadecimal digits)"

    def sid(value: object, _: Any) -> str:
        if type(value) is str and matches(value):
            return value
        raise UnreadableError(expected, value)

    return sid
