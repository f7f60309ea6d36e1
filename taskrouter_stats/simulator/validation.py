"""The simulator's arguments, checked before anything is made of them."""

import ipaddress
import math
from collections.abc import Sequence
from typing import cast

from taskrouter_stats.errors import InvalidParameter

from .limits import WINDOWS


def integer(name: str, value: object, least: int, most: int) -> int:
    """Return the value if it is an integer in that range.

    Raises:
        InvalidParameter: It isn't.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidParameter(name, value, f"an integer from {least} to {most}")
    return value


def seconds(name: str, value: object) -> float:
    """Return the value if it is a duration.

    Raises:
        InvalidParameter: It isn't.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return value
    raise InvalidParameter(name, value, "seconds, 0 or more")


def seconds_or_none(name: str, value: object) -> float | None:
    """Return the value if it is a duration, or ``None`` for none.

    Raises:
        InvalidParameter: It is neither.
    """
    return None if value is None else seconds(name, value)


def share(name: str, value: object) -> float:
    """Return the value if it is a share of a whole.

    Raises:
        InvalidParameter: It isn't.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return value
    raise InvalidParameter(name, value, "a share from 0 to 1")


def concurrency(value: object, most: int) -> int | None:
    """Return the value if it can be a number of requests at once, or ``None`` for any number.

    Raises:
        InvalidParameter: It is neither.
    """
    return None if value is None else integer("concurrency", value, 1, most)


def steps(value: object, most: int) -> list[tuple[float, int]]:
    """Return the value if it tells how a limit changes.

    Raises:
        InvalidParameter: It doesn't.
    """
    try:
        pairs = [(at, limit) for at, limit in cast("Sequence[tuple[object, object]]", value)]
    except (TypeError, ValueError):
        raise InvalidParameter("steps", value, "pairs of seconds and a limit") from None
    return [(seconds("steps", at), integer("steps", limit, 1, most)) for at, limit in pairs]


def window(value: object) -> str:
    """Return the value if it names a window model.

    Raises:
        InvalidParameter: It doesn't.
    """
    if not isinstance(value, str) or value not in WINDOWS:
        raise InvalidParameter("window", value, "one of " + ", ".join(WINDOWS))
    return value


def address(value: object) -> str:
    """Return the value if it is an IP address; names could mean several.

    Raises:
        InvalidParameter: It isn't.
    """
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        rule = "an IP address of this machine, for example 127.0.0.1"
        raise InvalidParameter("host", value, rule) from None


def auth(value: object) -> tuple[str, str]:
    """Return the value if it can be sent as a user name and a password.

    Raises:
        InvalidParameter: It can't; the message doesn't repeat it.
    """
    match value:
        case (str(user), str(password)) if user and password and ":" not in user:
            return user, password
        case _:
            raise InvalidParameter("auth", "…", "a user name without a colon, and a password")
