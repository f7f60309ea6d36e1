"""Both paths of the converter, and random payloads to compare them with."""

from datetime import datetime
from typing import get_args

import attrs
from hypothesis import strategies as st

from taskrouter_stats import models
from taskrouter_stats.models import converter
from taskrouter_stats.models.field_types import (
    is_json,
    is_mapping,
    is_optional,
    is_sid,
    is_tuple,
    required_type,
)
from taskrouter_stats.models.record import Record

__all__ = ["RECORDS", "least", "payloads", "read_both", "values_by_field"]

KINDS = [kind for kind in vars(models).values() if isinstance(kind, type)]
RECORDS = [kind for kind in KINDS if issubclass(kind, Record) and kind is not models.LiveWorker]
"""The classes that are read from JSON; a ``LiveWorker`` is made from a ``Worker``."""

SMALL = (0, 1, -1, 5400, 0.0, -0.0, 3.0, "5", "5.0", "1e5")
LARGE = (10**9 - 1, 10**9, -(10**9), 2**30, 2**53, 2**63 - 1, -(2**63), 1e15)
GOOD = {
    str: ("", "Idle", "é", "5", "\0"),
    int: (*SMALL, *LARGE),
    float: (*SMALL, *LARGE, 2.5, "2.5", 1e300, -1e300, 1.7e308),
    bool: (True, False),
    datetime: ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05.5+05:30"),
}
BAD = (
    *(None, True, False, 1, 1.0, 2.5, 2**63, 10**400, float("inf"), float("nan"), "", "1", "x"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "5.5"),
    *([], {}, [[]], [None], [{}], {"a": 1}, {"5": None}, "WK" + "a" * 32 + "\n", "WK" + "a"),
)
ODD = st.sampled_from(BAD)
UNKNOWN = {"extra": ODD, "requested_task_queue_sids": ODD, "tasks_assigned": ODD}


def values(kind, odd):
    """Return a strategy for JSON values of a field's type; with ``odd``, one in eight is odd."""
    inner = required_type(kind)
    if is_sid(inner):
        usual = st.sampled_from([sid_of_kind(inner), sid_of_kind(inner).replace("a", "F")])
    elif is_tuple(inner):
        usual = st.lists(values(inner.__args__[0], odd), max_size=3)
    elif is_mapping(inner):
        number = st.sampled_from(["5", "30", "7200"])
        usual = st.dictionaries(number, values(inner.__args__[1], odd), max_size=3)
    elif attrs.has(inner):
        usual = payloads(inner, odd)
    else:
        usual = st.sampled_from(GOOD.get(inner, BAD))
    if is_optional(kind):
        usual = usual | st.none()
    return st.integers(0, 7).flatmap(lambda draw: ODD if not draw else usual) if odd else usual


def values_by_field():
    """Yield each type of field once, as a model with a field's name, and values for the field."""
    seen = set()
    for model in RECORDS:
        for field in filter(is_json, attrs.fields(model)):
            if field.type not in seen:
                seen.add(field.type)
                inner = required_type(field.type)
                sid = (sid_of_kind(inner), sid_of_kind(inner) + "\n") if is_sid(inner) else ()
                yield model, field.name, (*BAD, *sid, *(v for good in GOOD.values() for v in good))


def payloads(model, odd):
    """Return a strategy for JSON objects of a model, optional keys absent or not."""
    known = {field.name: values(field.type, odd) for field in attrs.fields(model) if is_json(field)}
    needed = {name: known.pop(name) for name in least(model)}
    whole = st.fixed_dictionaries(needed, optional=known | UNKNOWN)
    if not odd or not needed:
        return whole
    without = st.fixed_dictionaries({}, optional=needed | known)
    return st.integers(0, 7).flatmap(lambda draw: whole if draw else without)


def sid_of_kind(kind):
    """Return a SID that a field of this type holds."""
    return get_args(kind)[1].prefix + "0a" * 16


def least(model):
    """Return the smallest JSON object that a model can be read from."""
    needed = (field for field in attrs.fields(model) if field.default is attrs.NOTHING)
    return {field.name: _least(field.type) for field in needed}


def _least(kind):
    if is_sid(kind):
        return sid_of_kind(kind)
    if is_tuple(kind):
        return []
    return least(kind) if attrs.has(kind) else GOOD[required_type(kind)][0]


def read_both(payload, model):
    """Return what each path makes of a payload: the record with its text, or None if refused.

    The text tells ``1`` from ``1.0`` and ``True``, which are equal.
    """
    results = []
    for path, refusals in (
        (converter._FAST, converter._UNREAD),
        (converter._DETAILED, Exception),
    ):
        try:
            record = path.structure(payload, model)
        except refusals:
            results.append(None)
        else:
            results.append((type(record), repr(record)))
    return results
