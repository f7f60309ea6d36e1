"""A throttle as plain values, which JSON can hold, and back.

A throttle has parts, which refer to each other. A dump names each part once, by the path to it, and
holds its fields; a load sets them in the parts of a new throttle, which refer to each other alike.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias, cast, get_args, get_origin, get_type_hints

import attrs

from .limit_model import PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL
from .throttle import Throttle

__all__ = ["Plain", "copy_throttle", "dump_throttle", "load_throttle"]

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""A value of JSON; an infinite number is the text ``"inf"`` or ``"-inf"``."""

Read: TypeAlias = Callable[[object], Any]

_INFINITE = {"inf": math.inf, "-inf": -math.inf}
_AS_IS = frozenset({type(None), bool, int, str})
"""Types of values that are dumped as they are."""
_SINGLE = {
    (type(model), *attrs.astuple(model)): model
    for model in (PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL)
}
"""Values that are compared by identity, by their class and fields."""


@attrs.frozen
class _Field:
    """One field that is not a part.

    Attributes:
        types: types whose values are loaded as they are.
        read: reads any other value, or raises ``ValueError``.
    """

    types: frozenset[object]
    read: Read


@attrs.frozen
class _Place:
    """One part of every throttle.

    Attributes:
        path: its name in a dump.
        owner: number of the part that refers to it, in the order of all parts.
        name: the owner's field.
        fields: its own fields that are not parts, by name.
    """

    path: str
    owner: int
    name: str
    fields: dict[str, _Field]


def dump_throttle(throttle: Throttle) -> dict[str, Plain]:
    """Return the state of a throttle; a throttle loaded from it decides the same."""
    return {place.path: _dump(part, place.fields) for place, part in _parts(throttle)}


def load_throttle(state: object) -> Throttle:
    """Return a throttle in a dumped state.

    Raises:
        ValueError: the state is not one that this version dumps.
    """
    throttle = Throttle(0.0)
    known = _dict(state, _paths())
    for place, part in _parts(throttle):
        values = _dict(known[place.path], place.fields)
        for name, field in place.fields.items():
            value = values[name]
            setattr(part, name, value if type(value) in field.types else field.read(value))
    return throttle


def copy_throttle(throttle: Throttle) -> Throttle:
    """Return another throttle in the same state."""
    made = Throttle(0.0)
    for (place, part), (_, copied) in zip(_parts(throttle), _parts(made), strict=True):
        for name in place.fields:
            value: Any = getattr(part, name)
            setattr(copied, name, value[:] if type(value) is list else value)
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
        fields = _fields(_kind(part))
        places.append(_Place(path, owner, name, {each: fields[each] for each in plain}))
    return tuple(places)


@cache
def _paths() -> dict[str, _Place]:
    return {place.path: place for place in _places()}


def _kind(value: object) -> Any:
    return type(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))


@cache
def _is_part(kind: type) -> bool:
    """Tell whether objects of a class change in place; a frozen one is a value of its owner."""
    return attrs.has(kind) and not attrs.inspect(kind).is_frozen


def _dump(part: object, names: Iterable[str]) -> dict[str, Plain]:
    return {
        name: value if type(value := getattr(part, name)) in _AS_IS else _plain(value)
        for name in names
    }


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


@cache
def _fields(kind: type) -> dict[str, _Field]:
    """Return for each field how its value is read."""
    hints = get_type_hints(kind).items()
    return {name: _Field(_types(hint), _reader(hint)) for name, hint in hints}


def _types(hint: Any) -> frozenset[object]:
    """Return the types of the values that are loaded as they are."""
    is_read = attrs.has(hint) or get_origin(hint) is list
    return frozenset() if is_read else frozenset({hint, *get_args(hint)})


def _reader(hint: Any) -> Read:
    if attrs.has(hint):
        return lambda value: _value(hint, value)
    if hint in {list[float], list[int]}:
        return lambda value: _list(get_args(hint)[0], value)
    allowed = _types(hint)

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
    fields = _fields(kind)
    values = _dict(state, fields)
    read = {name: field.read(values[name]) for name, field in fields.items()}
    return _SINGLE.get((kind, *read.values())) or kind(**read)


def _dict(value: object, keys: Mapping[str, object]) -> dict[str, object]:
    known = cast("dict[str, object]", _as(dict, value))
    if known.keys() != keys.keys():
        raise ValueError(f"expected the fields {sorted(keys)}")
    return known


def _as(kind: type, value: object) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"expected a {kind.__name__}, got a {type(value).__name__}")  # noqa: TRY004
    return value
