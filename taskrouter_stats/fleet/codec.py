"""The shared state as bytes, and back.

The log of sends is the largest part: times are rounded up to a grid, so that a request is taken to
have been sent a little later and to be forgotten a little later, and equal times are counted.
"""

import math
from collections import Counter
from itertools import accumulate
from operator import sub
from typing import Any, cast

import attrs
import orjson

from taskrouter_stats.core.throttle.concurrency import CrowdLimit
from taskrouter_stats.core.throttle.dump import dump_throttle, load_throttle

from .client import Client
from .shared_budget import SharedBudget

__all__ = ["UnreadableState", "decode", "encode"]

GRID = 0.025
"""Seconds of one bin of the log: below what one request may overtake another by."""

BINS = 1.0 / GRID
"""Bins of one second."""

_MOST_TIMES = 10_000_000
"""More requests than any budget allows in a log: bytes that lie cannot fill the memory."""

_MOST_CLIENTS = 10_000
"""More processes than share any budget: every step looks at each of them."""

_MOST_BYTES = 10_000_000
"""More bytes than so many processes need."""

_AHEAD = 600.0
"""Seconds after the last step that no time which holds requests back exceeds: the longest pause is
half of it."""

_ESTIMATOR = "throttle.estimator"

_HOLDING = (
    ("state", "cursor"),
    ("state", "hold_until"),
    ("throttle", "_slot_at"),
    ("throttle._pause", "until"),
)
"""Part and field of each time that holds requests back."""

_BOUNDS = {
    ("state", "now"): (-1e11, 1e11),
    ("state", "origin"): (-1e11, 1e11),
    ("throttle", "headroom"): (0.0, 1.0),
    ("throttle.pace", "rate"): (1e-9, 1e200),
    ("throttle.blind", "rate"): (1e-9, 1e200),
    (_ESTIMATOR, "headroom"): (0.0, 1.0),
    (f"{_ESTIMATOR}.latency", "srtt"): (0.0, _AHEAD),
    (f"{_ESTIMATOR}.log", "keep"): (1.0, 1e9),
    (f"{_ESTIMATOR}.agreement", "weight"): (0.0, 1e9),
    ("model", "cost"): (1e-9, 1.0),
    ("model", "memory"): (0.0, 1e9),
    ("model", "window_seconds"): (1e-3, 1e9),
}
"""Part and field of other numbers, with the least and the greatest that a state can have."""

_LOG = f"{_ESTIMATOR}.log"
_FIELDS = tuple(field.name for field in attrs.fields(Client))
_NUMBERS = ("now", "cursor", "hold_until")


class UnreadableState(ValueError):
    """The bytes are not a state that this version wrote."""


def encode(state: SharedBudget) -> bytes:
    """Return the state as JSON."""
    throttle = dump_throttle(state.throttle)
    log = cast("dict[str, Any]", throttle[_LOG])
    log["times"] = _packed(log["times"])
    held = {name: _finite(getattr(state, name)) for name in _NUMBERS}
    clients = {
        name: [_finite(getattr(client, field)) for field in _FIELDS]
        for name, client in state.clients.items()
    }
    return orjson.dumps(
        {
            **held,
            "origin": state.origin,
            "steps": state.steps,
            "crowd": [_finite(state.crowd.limit), _finite(state.crowd.at), state.crowd.fits],
            "clients": clients,
            "throttle": throttle,
        }
    )


def decode(blob: bytes) -> SharedBudget:
    """Return the state.

    Raises:
        UnreadableState: this version did not write the bytes.
    """
    try:
        if len(blob) > _MOST_BYTES:
            raise ValueError(f"expected at most {_MOST_BYTES:,} bytes")
        known = orjson.loads(blob)
        if len(known["clients"]) > _MOST_CLIENTS:
            raise ValueError(f"expected at most {_MOST_CLIENTS:,} processes")
        throttle = known["throttle"]
        throttle[_LOG]["times"] = _unpacked(throttle[_LOG]["times"])
        _check(known)
        limit, refused_at, fits = known["crowd"]
        return SharedBudget(
            load_throttle(throttle),
            origin=_number(known["origin"]),
            steps=_count(known["steps"]),
            crowd=CrowdLimit(_number(limit), _number(refused_at), _count(fits)),
            clients=_clients(known["clients"], _number(known["now"])),
            **{name: _number(known[name]) for name in _NUMBERS},
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise UnreadableState(f"not a shared budget of this version: {error!r}"[:200]) from None


def _check(known: Any) -> None:
    """Raise ``ValueError`` for numbers that would hold every request back for long or for ever."""
    parts = {"state": known, **known["throttle"], "model": known["throttle"][_ESTIMATOR]["model"]}
    for (part, name), (least, greatest) in _BOUNDS.items():
        if not least <= _number(parts[part][name]) <= greatest:
            raise ValueError(f"expected {name} between {least:g} and {greatest:g}")
    latest = _number(known["now"]) + _AHEAD
    for part, name in _HOLDING:
        if _number(parts[part][name]) > latest:
            raise ValueError(f"expected {name} at most {_AHEAD:g} s after the last step")


def _packed(times: list[float]) -> list[int]:
    """Return for each used bin its distance from the one before, and its count."""
    ceil, counts = math.ceil, Counter[int]()
    counts.update([ceil(at * BINS - 1e-6) for at in times])
    numbers = list(counts)
    packed = [0] * (2 * len(numbers))
    packed[::2] = map(sub, numbers, [0, *numbers])
    packed[1::2] = counts.values()
    return packed


def _unpacked(packed: object) -> list[float]:
    numbers = cast("list[int]", packed)
    if not isinstance(packed, list) or not set(map(type, numbers)) <= {int}:
        raise TypeError("expected a list of whole numbers")
    distances, counts = numbers[::2], numbers[1::2]
    if min(numbers[1:], default=0) < 0 or len(counts) != len(distances):
        raise ValueError("expected bins in order, each with a count")
    if sum(counts) > _MOST_TIMES:
        raise ValueError("expected fewer requests")
    times: list[float] = []
    for number, count in zip(accumulate(distances), counts, strict=True):
        times += [number * GRID] * count
    return times


def _clients(known: dict[str, object], now: float) -> dict[str, Client]:
    """Return the processes; raise ``ValueError`` for what would never end, or fill the memory."""
    clients = {name: _client(values) for name, values in known.items()}
    each, latest = clients.values(), now + _AHEAD
    if max((max(one.asks_until, one.expires_at) for one in each), default=latest) > latest:
        raise ValueError(f"expected no process to expire {_AHEAD:g} s after the last step")
    unsent = [one.unsent for one in each]
    if min(unsent, default=0) < 0 or sum(unsent) > _MOST_TIMES:
        raise ValueError("expected fewer slots")
    return clients


def _client(values: object) -> Client:
    found = cast("list[object]", values)
    read: list[Any] = [reader(value) for reader, value in zip(_READERS, found, strict=True)]
    return Client(*read)


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else "inf" if value > 0 else "-inf"


def _number(value: object) -> float:
    if isinstance(value, str) and value in {"inf", "-inf"}:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("expected a number")
    return float(value)


def _count(value: object) -> int:
    if type(value) is not int:
        raise TypeError("expected a whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


_READ = {float: _number, int: _count, bool: _flag}
_READERS = tuple(_READ[field.type] for field in attrs.fields(Client) if field.type)
