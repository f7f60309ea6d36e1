"""From decoded JSON to attrs classes and back.

One function makes two converters that differ in a single switch. The fast one stops at the first
thing that it can't read; only then the payload is read again by the detailed one, which collects
every problem with its path. So a healthy reply pays nothing for the explanation of a sick one.

What is read leniently, because Twilio's description, examples and recorded replies disagree:
``null`` and an absent key are the same; a number may come as an integer, a float or numeric text.
What is refused: fractions and booleans as counts, a list where an object belongs, and the like.
Keys that no field knows go to ``extra``. When a JSON object repeats a key, the last one wins.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import UnionType
from typing import Any, Final, TypeGuard, TypeVar, cast, get_args, get_origin

import attrs
import orjson
from cattrs import transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.orjson import OrjsonConverter, make_converter

from taskrouter_stats.errors import InvalidParameter, PayloadError

__all__ = ["structure", "to_dict", "to_json"]

T = TypeVar("T")

_LONGEST_NUMBER: Final = 40
_LONGEST_QUOTE: Final = 60
_LARGEST_COUNT: Final = 2**63 - 1
_JSON_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


class _UnreadableError(ValueError):
    """A value that is not what its field holds."""

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
            raise _UnreadableError(expected, value) from None
        if math.isfinite(number):
            return number
    raise _UnreadableError(expected, value)


def _is_numeric_text(value: object) -> TypeGuard[str]:
    """Whether it may be a number as text; Python's own ``1_000`` is none on the wire."""
    return (
        isinstance(value, str)
        and len(value) <= _LONGEST_NUMBER
        and value.isascii()
        and "_" not in value
    )


def _seconds(value: object, _: type) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -_LARGEST_COUNT <= value <= _LARGEST_COUNT:
        return float(value)
    return _number("a number", value)


def _count(value: object, _: type) -> int:
    count = value if type(value) is int else _whole(value)
    if -_LARGEST_COUNT - 1 <= count <= _LARGEST_COUNT:
        return count
    raise _UnreadableError("a whole number of 64 bits", value)


def _whole(value: object) -> int:
    """A whole number from text or from a float without a fraction."""
    if _is_numeric_text(value):
        try:
            return int(value)
        except ValueError:
            pass  # "5.0" is a count as well
    number = _number("a whole number", value)
    if not number.is_integer():
        raise _UnreadableError("a whole number", value)
    return int(number)


def _text(value: object, _: type) -> str:
    if type(value) is str:
        return value
    raise _UnreadableError("text", value)


def _flag(value: object, _: type) -> bool:
    if value is True or value is False:
        return value
    raise _UnreadableError("a boolean", value)


def _time(value: object, _: type) -> datetime:
    """An ISO 8601 time; one without an offset is GMT, which is what Twilio documents."""
    try:
        time = datetime.fromisoformat(_text(value, str))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _UnreadableError("an ISO 8601 time", value) from None


def _object(value: object, _: type) -> dict[str, Any]:
    if type(value) is dict:
        return cast("dict[str, Any]", value)
    raise _UnreadableError("an object", value)


def _time_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _is_json(field: "attrs.Attribute[Any]") -> bool:
    """Whether the JSON has a key for this field."""
    return field.name != "extra" and not field.metadata.get("taskrouter_stats.not_json")


def _class_hook(converter: OrjsonConverter, cls: type[Any]) -> Callable[[Any, Any], Any]:
    """Structure ``cls`` from an object, with unknown keys in ``extra``."""
    read = make_dict_structure_fn(cls, converter)
    known = frozenset(field.name for field in attrs.fields(cls) if _is_json(field))

    def structure_object(value: object, _: type) -> Any:
        fields = cast("dict[str, Any]", value) if type(value) is dict else _object(value, dict)
        if not fields.keys() <= known:
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

    def optional_text(value: object, _: type) -> Any:
        return value if type(value) is str or value is None else hook(value, inner)

    def optional_seconds(value: object, _: type) -> Any:
        if type(value) is int and -_LARGEST_COUNT <= value <= _LARGEST_COUNT:
            return float(value)
        return None if value is None else hook(value, inner)

    def optional_count(value: object, _: type) -> Any:
        if type(value) is int and -_LARGEST_COUNT <= value <= _LARGEST_COUNT:
            return value
        return None if value is None else hook(value, inner)

    def optional(value: object, _: type) -> Any:
        return None if value is None else hook(value, inner)

    return {str: optional_text, float: optional_seconds, int: optional_count}.get(inner, optional)


def _tuple_hook(converter: OrjsonConverter, cls: Any) -> Callable[[Any, Any], Any]:
    """Structure ``tuple[X, ...]`` from a JSON list and from nothing else."""
    items = converter.get_structure_hook(list[get_args(cls)[0]])  # type: ignore[misc]

    def structure_list(value: object, _: type) -> Any:
        if type(value) is not list:
            raise _UnreadableError("a list", value)
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
        return _object
    entries = converter.get_structure_hook(dict[key, value])  # type: ignore[valid-type]
    return lambda given, _: entries(_object(given, dict), dict)


def _is_mapping(cls: Any) -> bool:
    origin: object = get_origin(cls)
    return origin is Mapping


def _is_optional(cls: Any) -> bool:
    kinds = get_args(cls) if isinstance(cls, UnionType) else ()
    return len(kinds) == 2 and type(None) in kinds  # noqa: PLR2004


def _is_tuple(cls: Any) -> bool:
    origin: object = get_origin(cls)
    return origin is tuple


def _make(*, detailed: bool) -> OrjsonConverter:
    converter = make_converter(detailed_validation=detailed)
    for kind, hook in ((float, _seconds), (int, _count), (str, _text), (bool, _flag)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook(datetime, _time)
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
    except _UnreadableError:
        pass
    try:
        return _DETAILED.structure(payload, model)
    except Exception as error:  # noqa: BLE001 (an ExceptionGroup, or what its root hook raised)
        problems = transform_error(error, format_exception=lambda e, _: str(e))
    raise PayloadError([_path_first(problem) for problem in problems])


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
