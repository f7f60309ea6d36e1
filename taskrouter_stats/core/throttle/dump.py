"""A throttle as plain values, which JSON can hold, and back.

A throttle has parts, which refer to each other. A dump names each part once, by the path to it, and
holds its fields; a load sets them in the parts of a new throttle, which refer to each other alike.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias, cast, get_args, get_type_hints

import attrs

from .limit_model import PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL
from .throttle import Throttle

__all__ = ["Plain", "dump_throttle", "load_throttle"]

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""A value of JSON; an infinite number is the text ``"inf"`` or ``"-inf"``."""

_INFINITE = {"inf": math.inf, "-inf": -math.inf}
_SINGLE = (PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL)
"""Values that are compared by identity."""


def dump_throttle(throttle: Throttle) -> dict[str, Plain]:
    """Return the state of a throttle; a throttle loaded from it decides the same."""
    return {path: _dump(part, parts) for path, part, parts in _walk(throttle)}


def load_throttle(state: object) -> Throttle:
    """Return a throttle in a dumped state.

    Raises:
        ValueError: the state is not one that this version dumps.
    """
    throttle = Throttle(0.0)
    found = list(_walk(throttle))
    known = _dict(state, {path for path, _, _ in found})
    for path, part, parts in found:
        readers = {name: _readers(_kind(part))[name] for name in parts}
        values = _dict(known[path], readers.keys())
        for name, read in readers.items():
            setattr(part, name, read(values[name]))
    return throttle


def _walk(throttle: Throttle) -> Iterator[tuple[str, object, list[str]]]:
    """Yield each part once: the path to it, the part, and its fields that are not parts."""
    found: list[tuple[str, object]] = [("throttle", throttle)]
    seen = {id(throttle)}
    for path, part in found:
        plain: list[str] = []
        for name in _names(_kind(part)):
            value: object = getattr(part, name)
            if not _is_part(_kind(value)):
                plain.append(name)
            elif id(value) not in seen:
                seen.add(id(value))
                found.append((f"{path}.{name}", value))
        yield path, part, plain


def _kind(value: object) -> Any:
    return type(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))


@cache
def _is_part(kind: type) -> bool:
    """Tell whether objects of a class change in place; a frozen one is a value of its owner."""
    return attrs.has(kind) and not attrs.inspect(kind).is_frozen


def _dump(part: object, names: list[str]) -> dict[str, Plain]:
    return {name: _plain(getattr(part, name)) for name in names}


def _plain(value: object) -> Plain:
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if attrs.has(type(value)):
        return _dump(value, list(_names(_kind(value))))
    raise TypeError(f"a throttle holds a {type(value).__name__}, which cannot be dumped")


Read: TypeAlias = Callable[[object], Any]


@cache
def _readers(kind: type) -> dict[str, Read]:
    """Return a function for each field that reads its value, or raises ``ValueError``."""
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Read:
    if attrs.has(hint):
        return lambda value: _value(hint, value)
    if hint in {list[float], list[int]}:
        read_item = _reader(get_args(hint)[0])
        return lambda value: [read_item(item) for item in cast("list[object]", _as(list, value))]
    allowed = {hint, *get_args(hint)}

    def read(value: object) -> Any:
        if float in allowed and isinstance(value, str) and value in _INFINITE:
            return _INFINITE[value]
        if float in allowed and type(value) is int:
            return float(value)
        if type(value) not in allowed:
            raise ValueError(f"expected {hint}, got a {type(value).__name__}")
        return value

    return read


def _value(kind: type, state: object) -> Any:
    """Return the frozen object with these fields."""
    readers = _readers(kind)
    values = _dict(state, readers.keys())
    made = kind(**{name: read(values[name]) for name, read in readers.items()})
    same = (
        one for one in _SINGLE if type(one) is kind and attrs.astuple(one) == attrs.astuple(made)
    )
    return next(same, made)


def _dict(value: object, keys: Any) -> dict[str, object]:
    known = cast("dict[str, object]", _as(dict, value))
    if known.keys() != set(keys):
        raise ValueError(f"expected the fields {sorted(keys)}")
    return known


def _as(kind: type, value: object) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"expected a {kind.__name__}, got a {type(value).__name__}")  # noqa: TRY004
    return value
