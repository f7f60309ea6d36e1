"""From decoded JSON to attrs classes and back.

One function makes two converters that differ in a single switch. The fast one stops at the first
thing that it can't read; only then the payload is read again by the detailed one, which collects
every problem with its path. So a healthy reply pays nothing for the explanation of a sick one.

What is read leniently, because Twilio's description, examples and recorded replies disagree:
``null`` and an absent key are the same; a number may come as an integer, a float or numeric text.
What is refused: fractions and booleans as counts, a list where an object belongs, what is not a SID
where one belongs, and an answer without the SIDs that name it. A ``NamedRecord``, such as a Worker
in a list, is refused only for its SID: its other odd values are kept, as that class says.
Keys that no field knows go to ``extra``. When a JSON object repeats a key, the last one wins.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin

import attrs
import orjson
from cattrs import ClassValidationError, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.orjson import OrjsonConverter, make_converter

from taskrouter_stats.errors import InvalidParameter, PayloadError

from .record import NamedRecord
from .sids import PATTERNS, SidKind
from .values import (
    LARGEST_COUNT,
    UnreadableError,
    count,
    flag,
    json_object,
    seconds,
    sid_reader,
    text,
    time,
)

__all__ = ["structure", "structure_item", "to_dict", "to_json"]

T = TypeVar("T")


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _is_json(field: "attrs.Attribute[Any]") -> bool:
    """Whether the JSON has a key for this field."""
    return field.name != "extra" and not field.metadata.get("taskrouter_stats.not_json")


def _class_hook(converter: OrjsonConverter, cls: type[Any]) -> Callable[[Any, Any], Any]:
    """Structure ``cls`` from an object, with unknown keys in ``extra``."""
    unread = {
        field.name: override(omit=True)
        for field in attrs.fields(cls)
        if field.name != "extra" and not _is_json(field)
    }
    read = make_dict_structure_fn(cls, converter, **unread)  # type: ignore[arg-type]
    known = frozenset(field.name for field in attrs.fields(cls) if _is_json(field))

    def structure_object(value: Any, _: type) -> Any:
        fields = value
        if type(value) is not dict:
            raise UnreadableError("an object", value)
        if not known.issuperset(fields):
            unknown = {key: fields[key] for key in fields if key not in known}
            fields = {**fields, "extra": unknown}
        return read(fields, cls)

    return structure_object


def _optional_hook(converter: OrjsonConverter, cls: Any) -> Callable[[Any, Any], Any]:
    """Structure ``X | None``, with the hook of ``X`` looked up once.

    What a healthy reply holds, null or text as text and numbers as whole numbers, is read in place.
    """
    (inner,) = (kind for kind in get_args(cls) if kind is not type(None))
    hook = converter.get_structure_hook(inner)
    if _is_sid(inner):
        return _optional_sid_hook(inner, hook)

    def optional_text(value: object, _: type) -> Any:
        return value if type(value) is str or value is None else hook(value, inner)

    def optional_seconds(value: object, _: type) -> Any:
        if type(value) is int and -LARGEST_COUNT <= value <= LARGEST_COUNT:
            return float(value)
        if type(value) is float and isfinite(value):
            return value
        return None if value is None else hook(value, inner)

    def optional_count(value: object, _: type) -> Any:
        if type(value) is int and -LARGEST_COUNT <= value <= LARGEST_COUNT:
            return value
        return None if value is None else hook(value, inner)

    def optional(value: object, _: type) -> Any:
        return None if value is None else hook(value, inner)

    return {str: optional_text, float: optional_seconds, int: optional_count}.get(inner, optional)


def _sid_hook(cls: Any) -> Callable[[Any, Any], str]:
    return sid_reader(get_args(cls)[1])


def _optional_sid_hook(sid: Any, hook: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Structure a SID that may be missing: empty text means the same as null."""
    matches = PATTERNS[get_args(sid)[1].prefix]

    def optional_sid(value: object, _: type) -> Any:
        if type(value) is str and matches(value):
            return value
        return None if value is None or value == "" else hook(value, sid)

    return optional_sid


def _tuple_hook(converter: OrjsonConverter, cls: Any) -> Callable[[Any, Any], Any]:
    """Structure ``tuple[X, ...]`` from a JSON list and from nothing else."""
    items = converter.get_structure_hook(list[get_args(cls)[0]])  # type: ignore[misc]

    def structure_list(value: object, _: type) -> Any:
        if type(value) is not list:
            raise UnreadableError("a list", value)
        return tuple(items(value, list))

    return structure_list


def _class_unhook(converter: OrjsonConverter, cls: type[Any]) -> Callable[[Any], Any]:
    """The JSON's own names again, what was ``extra`` back at its place."""
    left_out = [field.name for field in attrs.fields(cls) if not _is_json(field)]
    omitted = {name: override(omit=True) for name in left_out}
    write = make_dict_unstructure_fn(cls, converter, **omitted)  # type: ignore[arg-type]
    return lambda value: {**write(value), **value.extra}


def _mapping_hook(converter: OrjsonConverter, cls: Any) -> Callable[[Any, Any], Any]:
    """Structure ``Mapping[K, V]`` from a JSON object and from nothing else."""
    key, value = get_args(cls)
    if value is Any:
        return json_object
    entries = converter.get_structure_hook(dict[key, value])  # type: ignore[valid-type]
    return lambda given, _: entries(json_object(given, dict), dict)


def _is_mapping(cls: Any) -> bool:
    origin: object = get_origin(cls)
    return origin is Mapping


def _is_optional(cls: Any) -> bool:
    kinds = get_args(cls) if isinstance(cls, UnionType) or get_origin(cls) is Union else ()
    return len(kinds) == 2 and type(None) in kinds  # noqa: PLR2004


def _is_sid(cls: Any) -> bool:
    return get_origin(cls) is Annotated and isinstance(get_args(cls)[1], SidKind)


def _is_tuple(cls: Any) -> bool:
    origin: object = get_origin(cls)
    return origin is tuple


def _make(*, detailed: bool) -> OrjsonConverter:
    converter = make_converter(detailed_validation=detailed)
    for kind, hook in ((float, seconds), (int, count), (str, text), (bool, flag)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook(datetime, time)
    converter.register_structure_hook_factory(_is_sid, _sid_hook)
    converter.register_structure_hook_factory(_is_mapping, partial(_mapping_hook, converter))
    converter.register_structure_hook_factory(_is_optional, partial(_optional_hook, converter))
    converter.register_structure_hook_factory(_is_tuple, partial(_tuple_hook, converter))
    converter.register_structure_hook_factory(attrs.has, partial(_class_hook, converter))
    converter.register_unstructure_hook_factory(attrs.has, partial(_class_unhook, converter))
    converter.register_unstructure_hook(datetime, _time_text)
    return converter


_FAST: Final = _make(detailed=False)
_DETAILED: Final = _make(detailed=True)


def structure(payload: object, model: type[T]) -> T:
    """Make a ``model`` of decoded JSON.

    Raises:
        PayloadError: with the path of every problem.
    """
    try:
        return _FAST.structure(payload, model)
    except (UnreadableError, KeyError):
        pass
    return _read_again(payload, model)[0]


def structure_item(payload: object, model: type[T]) -> tuple[T, tuple[str, ...]]:
    """Make a ``model`` of decoded JSON, and name the fields that could not hold their values.

    Only a ``NamedRecord`` has such fields; any other model is refused for them.

    Raises:
        PayloadError: with the path of every problem.
    """
    try:
        return _FAST.structure(payload, model), ()
    except (UnreadableError, KeyError):
        pass
    return _read_again(payload, model)


def _read_again(payload: object, model: type[T]) -> tuple[T, tuple[str, ...]]:
    """Explain what the fast converter refused, or keep it aside where that is allowed."""
    try:
        return _DETAILED.structure(payload, model), ()
    except Exception as error:  # noqa: BLE001 (an ExceptionGroup, or what its root hook raised)
        odd = _odd_fields(error, model)
        problems = transform_error(error, format_exception=lambda e, _: _problem(e))
    if odd:
        return _structure_without(cast("dict[str, Any]", payload), odd, model), tuple(odd)
    raise PayloadError([_path_first(problem) for problem in problems])


def _odd_fields(error: Exception, model: type[Any]) -> "dict[str, attrs.Attribute[Any]]":
    """The fields of a ``NamedRecord`` that are odd; none when its SID is, or for other models."""
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
    """Make a ``model`` whose odd values stand as text where text belongs, else in ``extra``."""
    fields, aside = dict(payload), dict[str, Any]()
    for name, field in odd.items():
        value = fields.pop(name)
        said = _json_text(value) if field.type == (str | None) else None
        if said is None:
            aside[name] = value
        else:
            fields[name] = said
    record: Any = _FAST.structure(fields, model)
    return cast("T", attrs.evolve(record, extra={**record.extra, **aside}))


def _json_text(value: object) -> str | None:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested too deep to be written
        return None


def _problem(error: BaseException) -> str:
    return "required, but missing" if isinstance(error, KeyError) else str(error)


def _path_first(problem: str) -> str:
    said, _, path = problem.rpartition(" @ ")
    return f"{path}: {said}"


def to_dict(value: Any) -> dict[str, Any]:
    """A model as plain JSON types, under the JSON's own names, ``extra`` included.

    Times become ISO 8601 text in UTC. What a web handler returns.

    Raises:
        InvalidParameter: for what holds no model, such as a query or an outcome.
    """
    listed = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)
    for one in listed:
        if not hasattr(one, "extra"):
            kind = type(one).__name__
            raise InvalidParameter("value", kind, "a model is expected, such as outcome.unwrap()")
    plain: dict[str, Any] = _FAST.unstructure(value)
    return plain


def to_json(value: Any) -> bytes:
    """A model as JSON text, under the JSON's own names, ``extra`` included.

    Raises:
        InvalidParameter: as :func:`to_dict` does.
    """
    return orjson.dumps(to_dict(value))
