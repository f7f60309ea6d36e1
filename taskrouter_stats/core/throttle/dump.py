"""A throttle as plain values, which JSON can hold, and back.

A throttle has parts, which refer to each other. A dump names each part once, by the path to it, and
holds its fields; a load sets them in the parts of a new throttle, which refer to each other alike.
"""

import math
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any, TypeAlias, cast, get_args, get_type_hints

import attrs

from .limit_model import PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL
from .throttle import Throttle

__all__ = ["Plain", "copy_throttle", "dump_throttle", "load_throttle"]

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""A value of JSON; an infinite number is the text ``"inf"`` or ``"-inf"``."""

_INFINITE = {"inf": math.inf, "-inf": -math.inf}
_SINGLE = (PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL)
"""Values that are compared by identity."""


@attrs.frozen
class _Place:
    """One part of every throttle.

    Attributes:
        path: its name in a dump.
        owner: number of the part that refers to it, in the order of all parts.
        name: the owner's field.
        fields: its own fields that are not parts.
    """

    path: str
    owner: int
    name: str
    fields: tuple[str, ...]


def dump_throttle(throttle: Throttle) -> dict[str, Plain]:
    """Return the state of a throttle; a throttle loaded from it decides the same."""
    return {place.path: _dump(part, place.fields) for place, part in _parts(throttle)}


def load_throttle(state: object) -> Throttle:
    """Return a throttle in a dumped state.

    Raises:
        ValueError: the state is not one that this version dumps.
    """
    throttle = Throttle(0.0)
    known = _dict(state, [place.path for place in _places()])
    for place, part in _parts(throttle):
        values = _dict(known[place.path], place.fields)
        readers = _readers(_kind(part))
        for name in place.fields:
            setattr(part, name, readers[name](values[name]))
    return throttle


def copy_throttle(throttle: Throttle) -> Throttle:
    """Return another throttle in the same state."""
    made = Throttle(0.0)
    for (place, part), (_, copied) in zip(_parts(throttle), _parts(made), strict=True):
        for name in place.fields:
            value: object = getattr(part, name)
            is_list = isinstance(value, list)
            setattr(copied, name, list(cast("list[object]", value)) if is_list else value)
    return made


def _parts(throttle: Throttle) -> Iterator[tuple[_Place, object]]:
    found: list[object] = []
    for place in _places():
        found.append(getattr(found[place.owner], place.name) if found else throttle)
        yield place, found[-1]


@cache
def _places() -> tuple[_Place, ...]:
    """Return the parts of a throttle, each once."""
    found: list[tuple[str, int, str, object]] = [("throttle", 0, "", Throttle(0.0))]
    seen = {id(found[0][3])}
    places: list[_Place] = []
    for number, (path, owner, name, part) in enumerate(found):
        plain: list[str] = []
        for field in _names(_kind(part)):
            value: object = getattr(part, field)
            if not _is_part(_kind(value)):
                plain.append(field)
            elif id(value) not in seen:
                seen.add(id(value))
                found.append((f"{path}.{field}", number, field, value))
        places.append(_Place(path, owner, name, tuple(plain)))
    return tuple(places)


def _kind(value: object) -> Any:
    return type(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))


@cache
def _is_part(kind: type) -> bool:
    """Tell whether objects of a class change in place; a frozen one is a value of its owner."""
    return attrs.has(kind) and not attrs.inspect(kind).is_frozen


def _dump(part: object, names: Collection[str]) -> dict[str, Plain]:
    return {name: _plain(getattr(part, name)) for name in names}


def _plain(value: object) -> Plain:
    if isinstance(value, float):
        return value if math.isfinite(value) else "inf" if value > 0 else "-inf"
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        numbers = cast("list[float]", value)
        if not all(map(math.isfinite, numbers)):
            return [_plain(number) for number in numbers]
        return cast("list[Plain]", list(numbers))
    if attrs.has(type(value)):
        return _dump(value, _names(_kind(value)))
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
        return lambda value: _list(get_args(hint)[0], value)
    allowed = {hint, *get_args(hint)}

    def read(value: object) -> Any:
        if type(value) in allowed:
            return value
        if float in allowed and isinstance(value, str) and value in _INFINITE:
            return _INFINITE[value]
        if float in allowed and type(value) is int:
            return float(value)
        raise ValueError(f"expected {hint}, got a {type(value).__name__}")

    return read


def _list(kind: type, value: object) -> list[Any]:
    items = cast("list[Any]", _as(list, value))
    if set(map(type, items)) <= {kind}:
        return list(items)
    read = _reader(kind)
    return [read(item) for item in items]


def _value(kind: type, state: object) -> Any:
    """Return the frozen object with these fields."""
    readers = _readers(kind)
    values = _dict(state, readers.keys())
    made = kind(**{name: read(values[name]) for name, read in readers.items()})
    same = (
        one for one in _SINGLE if type(one) is kind and attrs.astuple(one) == attrs.astuple(made)
    )
    return next(same, made)


def _dict(value: object, keys: Collection[str]) -> dict[str, object]:
    known = cast("dict[str, object]", _as(dict, value))
    if known.keys() != set(keys):
        raise ValueError(f"expected the fields {sorted(keys)}")
    return known


def _as(kind: type, value: object) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"expected a {kind.__name__}, got a {type(value).__name__}")  # noqa: TRY004
    return value
