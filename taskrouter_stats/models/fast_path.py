"""Generated functions that read records: the fast path of the converter.

cattrs defines the conversion; this module makes it cheaper for valid replies. For each attrs class
it writes the source of one function, with one statement per field, and compiles it, as attrs does
for ``__init__``. A statement reads the usual form of a value itself, such as a small integer for a
count, and leaves every other value to cattrs' hook for the field's type, which reads it or raises.
So no rule stands here alone: ``tests/models/test_fast_path.py`` compares both paths on random
payloads. The source for ``ActivityStatistic`` is::

    def read(payload, _):
        if type(payload) is not dict:
            raise UnreadableError("an object", payload)
        record = Draft()
        record.extra = {}
        try:
            values = values_of(payload) if len(payload) == 3 else None
        except KeyError:
            values = None
        if values is None:
            record.extra = unknown_part(payload)
            values = values_of({**absent, **payload})
        v_sid, v_friendly_name, v_workers, = values
        record.sid = (
            v_sid if type(v_sid) is str and is_WA(v_sid)
            else None if v_sid is None
            else hook_sid(v_sid, type_sid)
        )
        record.friendly_name = (
            v_friendly_name if type(v_friendly_name) is str
            else None if v_friendly_name is None
            else hook_friendly_name(v_friendly_name, type_friendly_name)
        )
        record.workers = (
            v_workers if type(v_workers) is int and -1_000_000_000 < v_workers < 1_000_000_000
            else None if v_workers is None
            else hook_workers(v_workers, type_workers)
        )
        record.__class__ = Record
        return record

A record is frozen, so the function fills a draft of it (``drafts``).
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, Final, get_args

import attrs

from .drafts import draft_of
from .field_types import is_json, is_optional, is_sid, is_tuple, required_type
from .sids import IS_SID
from .values import UnreadableError, utc_time

__all__ = ["Hook", "make_reader", "source_of"]

Hook = Callable[[Any, Any], Any]
"""A function that structures a value; called with the value and its type."""

_USUAL: Final[dict[Any, tuple[str, ...]]] = {
    str: ("{v} if type({v}) is str",),
    bool: ("{v} if {v} is True or {v} is False",),
    datetime: ("utc_time({v}) if type({v}) is str",),
    int: ("{v} if type({v}) is int and -1_000_000_000 < {v} < 1_000_000_000",),
    float: (
        "float({v}) if type({v}) is int",
        "{v} if type({v}) is float and {v} - {v} == 0.0",
    ),
}
"""The usual forms of a value ``{v}``, by the type of its field.

Most durations are whole numbers, so the integer goes first. A float less itself is 0.0 unless it is
infinite or not a number. CPython compares integers below 2**30 faster than larger ones.
"""

_NAMES: Final[dict[str, Any]] = {
    **{f"is_{prefix}": matches for prefix, matches in IS_SID.items()},
    "UnreadableError": UnreadableError,
    "utc_time": utc_time,
}
"""The names that the source of every class uses."""


def make_reader(cls: type[Any], hook_for: Callable[[Any], Hook]) -> Hook:
    """Return the function that makes a record of class ``cls`` from a decoded JSON object.

    The function raises ``UnreadableError`` for a value that its field cannot hold,
    ``OverflowError`` for an integer that no float holds, and ``KeyError`` for a required key that
    is missing.

    Args:
        cls: the attrs class of the record.
        hook_for: returns the hook of a field's type.
    """
    known = _known(cls)
    factory: Any = attrs.Factory  # a class, which type checkers take for a function
    names: dict[str, Any] = {
        **_NAMES,
        "Record": cls,
        "Draft": draft_of(cls),
        "values_of": _values_of(known),
        "absent": {
            field.name: field.default
            for field in attrs.fields(cls)
            if is_json(field)
            and field.default is not attrs.NOTHING
            and not isinstance(field.default, factory)  # then the detailed converter reads it
        },
        "unknown_part": partial(_unknown_part, frozenset(known)),
    }
    for field in attrs.fields(cls):
        names[f"default_{field.name}"] = field.default
        if is_json(field):
            names[f"hook_{field.name}"] = hook_for(field.type)
            names[f"type_{field.name}"] = field.type
            kind = required_type(field.type)
            if is_tuple(kind):
                names[f"item_{field.name}"] = hook_for(get_args(kind)[0])
    code = compile(source_of(cls), f"<fast path of {cls.__name__}>", "exec")
    exec(code, names)  # noqa: S102 (the source holds names of our own fields only)
    reader: Hook = names["read"]
    return reader


def _known(cls: type[Any]) -> tuple[str, ...]:
    """Return the keys of the JSON that a class has fields for."""
    return tuple(field.name for field in attrs.fields(cls) if is_json(field))


def _values_of(keys: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """Return the function that returns the values of these keys, in their order."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda payload: tuple([payload[key] for key in keys])


def _unknown_part(known: frozenset[str], payload: dict[str, Any]) -> dict[str, Any]:
    return {key: payload[key] for key in payload if key not in known}


def source_of(cls: type[Any]) -> str:
    """Return the source of the function that reads records of a class."""
    known = _known(cls)
    targets = "".join(f"v_{name}, " for name in known)
    return "\n    ".join(
        (
            "def read(payload, _):",
            "if type(payload) is not dict:",
            '    raise UnreadableError("an object", payload)',
            "record = Draft()",
            "record.extra = {}",
            "try:",
            f"    values = values_of(payload) if len(payload) == {len(known)} else None",
            "except KeyError:",
            "    values = None",
            "if values is None:",
            "    record.extra = unknown_part(payload)",
            "    values = values_of({**absent, **payload})",
            f"{targets}= values",
            *(line for field in attrs.fields(cls) for line in _statement(field)),
            "record.__class__ = Record",
            "return record",
        )
    )


def _statement(field: "attrs.Attribute[Any]") -> tuple[str, ...]:
    """Return the lines that read one field."""
    name = field.name
    if name == "extra":
        return ()
    if not is_json(field):
        return (f"record.{name} = default_{name}",)
    value = f"v_{name}"
    forms = [form.format(v=value) for form in _usual_forms(name, required_type(field.type))]
    if is_optional(field.type):
        forms.append(f"None if {value} is None")
    forms.append(f"hook_{name}({value}, type_{name})")
    first, *others = forms
    return (
        f"record.{name} = (",
        f"    {first}",
        *(f"    else {form}" for form in others),
        ")",
    )


def _usual_forms(name: str, kind: Any) -> tuple[str, ...]:
    """Return the usual forms of a field's value ``{v}``."""
    if is_sid(kind):
        return (f"{{v}} if type({{v}}) is str and is_{get_args(kind)[1].prefix}({{v}})",)
    if is_tuple(kind):
        return (f"tuple([item_{name}(item, None) for item in {{v}}]) if type({{v}}) is list",)
    return _USUAL.get(kind, ())
