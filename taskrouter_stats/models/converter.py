"""Conversion of decoded JSON to attrs classes and back.

Two converters share the hooks for fields. The fast converter reads objects with the functions of
``fast_path`` and stops at the first value that it cannot read. Only then the detailed converter,
with cattrs' own functions for objects, reads the payload again and collects every problem with its
path. So a valid reply does not pay for error messages.

Twilio's description, examples and recorded replies disagree, so some differences are accepted:
``null`` equals an absent key; a number may be an integer, a float or numeric text. Refused are
fractions and booleans as counts, a list in place of an object, another value in place of a SID,
and an answer without the SIDs that name it. A ``NamedRecord``, such as a Worker in a list, is
refused only for its SID: it keeps its other odd values, as that class documents. ``extra`` holds
keys without a field. If a JSON object repeats a key, the last value counts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar, cast, get_args

import attrs
import orjson
from cattrs import ClassValidationError, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.orjson import OrjsonConverter, make_converter

from taskrouter_stats.errors import InvalidParameter, PayloadError

from .fast_path import Hook, make_reader
from .field_types import is_json, is_mapping, is_optional, is_sid, is_tuple, required_type
from .record import NamedRecord
from .values import (
    UnreadableError,
    count,
    flag,
    json_object,
    seconds,
    sid_reader,
    text,
    time,
    utc_text,
)

__all__ = ["structure", "structure_item", "to_dict", "to_json"]

T = TypeVar("T")


def _class_hook(converter: OrjsonConverter, cls: type[Any]) -> Hook:
    """Return the hook that structures ``cls`` from an object, with unknown keys in ``extra``."""
    unread = {
        field.name: override(omit=True)
        for field in attrs.fields(cls)
        if field.name != "extra" and not is_json(field)
    }
    read = make_dict_structure_fn(cls, converter, **unread)  # type: ignore[arg-type]
    known = frozenset(field.name for field in attrs.fields(cls) if is_json(field))

    def structure_object(value: Any, _: type) -> Any:
        fields = json_object(value, dict)
        unknown = {key: fields[key] for key in fields if key not in known}
        return read({**fields, "extra": unknown}, cls)

    return structure_object


def _optional_hook(converter: OrjsonConverter, cls: Any) -> Hook:
    """Return the hook that structures ``X | None``; empty text in place of a SID equals null."""
    inner = required_type(cls)
    hook, nothing = converter.get_structure_hook(inner), ("",) if is_sid(inner) else ()

    def optional(value: object, _: type) -> Any:
        return None if value is None or value in nothing else hook(value, inner)

    return optional


def _sid_hook(cls: Any) -> Hook:
    return sid_reader(get_args(cls)[1])


def _tuple_hook(converter: OrjsonConverter, cls: Any) -> Hook:
    """Return the hook that structures ``tuple[X, ...]`` from a JSON list only."""
    items = converter.get_structure_hook(list[get_args(cls)[0]])  # type: ignore[misc]

    def structure_list(value: object, _: type) -> Any:
        if type(value) is not list:
            raise UnreadableError("a list", value)
        return tuple(items(value, list))

    return structure_list


def _class_unhook(converter: OrjsonConverter, cls: type[Any]) -> Callable[[Any], Any]:
    """Return the hook that writes the JSON's names, with the keys of ``extra`` beside them."""
    names = [field.name for field in attrs.fields(cls) if not is_json(field)]
    omitted = {name: override(omit=True) for name in names}
    write = make_dict_unstructure_fn(cls, converter, **omitted)  # type: ignore[arg-type]
    return lambda value: {**write(value), **value.extra}


def _mapping_hook(converter: OrjsonConverter, cls: Any) -> Hook:
    """Return the hook that structures ``Mapping[K, V]`` from a JSON object only."""
    key, value = get_args(cls)
    if value is Any:
        return json_object
    entries = converter.get_structure_hook(dict[key, value])  # type: ignore[valid-type]

    def structure_mapping(given: object, _: type) -> Any:
        fields = json_object(given, dict)
        read = entries(fields, dict)
        if len(read) < len(fields):
            raise UnreadableError("each key once", ", ".join(fields))
        return read

    return structure_mapping


def _make(*, detailed: bool) -> OrjsonConverter:
    converter = make_converter(detailed_validation=detailed)
    for kind, hook in ((float, seconds), (int, count), (str, text), (bool, flag)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook(datetime, time)
    converter.register_structure_hook_factory(is_sid, _sid_hook)
    converter.register_structure_hook_factory(is_mapping, partial(_mapping_hook, converter))
    converter.register_structure_hook_factory(is_optional, partial(_optional_hook, converter))
    converter.register_structure_hook_factory(is_tuple, partial(_tuple_hook, converter))
    fast = partial(make_reader, hook_for=converter.get_structure_hook)
    of_class = partial(_class_hook, converter) if detailed else fast
    converter.register_structure_hook_factory(attrs.has, of_class)
    converter.register_unstructure_hook_factory(attrs.has, partial(_class_unhook, converter))
    converter.register_unstructure_hook(datetime, utc_text)
    return converter


_FAST: Final = _make(detailed=False)
_DETAILED: Final = _make(detailed=True)


class _Readers(dict[Any, Hook]):
    """The fast converter's function for each model: to find one here costs less than in cattrs."""

    def __missing__(self, model: type[Any]) -> Hook:
        reader = self[model] = _FAST.get_structure_hook(model)
        return reader


_READERS: Final = _Readers()
_UNREAD: Final = (ValueError, TypeError, KeyError, OverflowError)
"""What the fast converter raises for a payload that it does not read: an ``UnreadableError``, or an
error of cattrs' hook for a type that only a class of the caller has."""


def structure(payload: object, model: type[T]) -> T:
    """Make a ``model`` of decoded JSON.

    Raises:
        PayloadError: naming the path of every problem.
    """
    try:
        record: T = _READERS[model](payload, model)
    except _UNREAD:
        pass
    else:
        return record
    return _read_again(payload, model)[0]


def structure_item(payload: object, model: type[T]) -> tuple[T, tuple[str, ...]]:
    """Make a ``model`` of decoded JSON, and name the fields that cannot hold their values.

    Only a ``NamedRecord`` may have such fields; any other model is refused for them.

    Raises:
        PayloadError: naming the path of every problem.
    """
    try:
        return _READERS[model](payload, model), ()
    except _UNREAD:
        pass
    return _read_again(payload, model)


def _read_again(payload: object, model: type[T]) -> tuple[T, tuple[str, ...]]:
    """Explain what the fast converter refused, or keep the odd values of a ``NamedRecord``."""
    try:
        return _DETAILED.structure(payload, model), ()
    except Exception as error:  # noqa: BLE001 (an ExceptionGroup, or the error of the root hook)
        odd = _odd_fields(error, model)
        problems = transform_error(error, format_exception=lambda e, _: _problem(e))
    if odd:
        return _structure_without(cast("dict[str, Any]", payload), odd, model), tuple(odd)
    raise PayloadError([_path_first(problem) for problem in problems])


def _odd_fields(error: Exception, model: type[Any]) -> "dict[str, attrs.Attribute[Any]]":
    """Return the odd fields of a ``NamedRecord``; none if its SID is odd or for other models."""
    if not (issubclass(model, NamedRecord) and isinstance(error, ClassValidationError)):
        return {}
    fields = attrs.fields_dict(model)
    noted, others = error.group_exceptions()
    odd = {note.name: fields[note.name] for _, note in noted}
    required = any(field.default is attrs.NOTHING for field in odd.values())
    return {} if others or required else odd


def _structure_without(
    payload: dict[str, Any], odd: "dict[str, attrs.Attribute[Any]]", model: type[T]
) -> T:
    """Make a ``model`` with odd values as JSON text in text fields, else in ``extra``."""
    fields, aside = dict(payload), dict[str, Any]()
    for name, field in odd.items():
        value = fields.pop(name)
        shown = _json_text(value) if field.type == (str | None) else None
        if shown is None:
            aside[name] = value
        else:
            fields[name] = shown
    record: Any = _DETAILED.structure(fields, model)
    return cast("T", attrs.evolve(record, extra={**record.extra, **aside}))


def _json_text(value: object) -> str | None:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested too deep
        return None


def _problem(error: BaseException) -> str:
    return "required, but missing" if isinstance(error, KeyError) else str(error)


def _path_first(problem: str) -> str:
    reason, _, path = problem.rpartition(" @ ")
    return f"{path}: {reason}"


def to_dict(value: Any) -> dict[str, Any]:
    """Return a model as plain JSON types with the JSON's names, ``extra`` included.

    Times become ISO 8601 text in UTC. A web handler can return the result.

    Raises:
        InvalidParameter: if the value is not a model or a list of models.
    """
    listed = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)
    for record in listed:
        if not hasattr(record, "extra"):
            kind = type(record).__name__
            raise InvalidParameter("value", kind, "expected a model, such as outcome.unwrap()")
    plain: dict[str, Any] = _FAST.unstructure(value)
    return plain


def to_json(value: Any) -> bytes:
    """Return a model as JSON text with the JSON's names, ``extra`` included.

    Raises:
        InvalidParameter: as for :func:`to_dict`, and if ``extra`` holds a value that JSON text
            can't hold, such as lists within more than 250 lists.
    """
    plain = to_dict(value)
    try:
        return orjson.dumps(plain)
    except orjson.JSONEncodeError as error:
        kind, why = type(value).__name__, str(error)
    rule = f"expected values in extra= that can be written as JSON text ({why})"
    raise InvalidParameter("value", kind, rule)
