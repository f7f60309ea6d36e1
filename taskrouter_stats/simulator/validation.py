"""Validation of the simulator's arguments."""

import ipaddress
import math
from collections.abc import Sequence
from typing import cast

from taskrouter_stats.errors import InvalidParameter

from .limits import WINDOWS

__all__ = [
    "address",
    "auth",
    "concurrency",
    "integer",
    "seconds",
    "seconds_or_none",
    "share",
    "steps",
    "window",
]


def integer(name: str, value: object, least: int, most: int) -> int:
    """Return the value if it is an integer in that range.

    Raises:
        InvalidParameter: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidParameter(name, value, f"an integer from {least} to {most}")
    return value


def seconds(name: str, value: object) -> float:
    """Return the value if it is finite seconds, >= 0.

    Raises:
        InvalidParameter: It is not.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return value
    raise InvalidParameter(name, value, "seconds, 0 or more")


def seconds_or_none(name: str, value: object) -> float | None:
    """Return the value if it is finite seconds, >= 0, or ``None``.

    Raises:
        InvalidParameter: It is neither.
    """
    return None if value is None else seconds(name, value)


def share(name: str, value: object) -> float:
    """Return the value if it is a share from 0 to 1.

    Raises:
        InvalidParameter: It is not.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return value
    raise InvalidParameter(name, value, "a share from 0 to 1")


def concurrency(value: object, most: int) -> int | None:
    """Return the value if it is a number of requests at once, >= 1, or ``None`` for no bound.

    Raises:
        InvalidParameter: It is neither.
    """
    return None if value is None else integer("concurrency", value, 1, most)


def steps(value: object, most: int) -> list[tuple[float, int]]:
    """Return the value if it is pairs of seconds and a limit.

    Raises:
        InvalidParameter: It is not.
    """
    try:
        pairs = [(at, limit) for at, limit in cast("Sequence[tuple[object, object]]", value)]
    except (TypeError, ValueError):
        raise InvalidParameter("steps", value, "pairs of seconds and a limit") from None
    return [(seconds("steps", at), integer("steps", limit, 1, most)) for at, limit in pairs]


def window(value: object) -> str:
    """Return the value if it is the name of a window model.

    Raises:
        InvalidParameter: It is not.
    """
    if not isinstance(value, str) or value not in WINDOWS:
        raise InvalidParameter("window", value, "one of " + ", ".join(WINDOWS))
    return value


def address(value: object) -> str:
    """Return the value if it is an IP address; a host name could mean several.

    Raises:
        InvalidParameter: It is not.
    """
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        rule = "an IP address of this machine, for example 127.0.0.1"
        raise InvalidParameter("host", value, rule) from None


def auth(value: object) -> tuple[str, str]:
    """Return the value if it is a user name and a password for HTTP Basic.

    Raises:
        InvalidParameter: It is not; the message does not repeat the value.
    """
    match value:
        case (str(user), str(password)) if user and password and ":" not in user:
            return user, password
        case _:
            raise InvalidParameter("auth", "…", "a user name without a colon, and a password")
