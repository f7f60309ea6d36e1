"""Tests of the common parts of records: equality, hash, text."""

import attrs
import pytest

from taskrouter_stats import models
from taskrouter_stats.models import ActivityDuration, WorkerCumulative
from taskrouter_stats.models.record import Record

KINDS = [kind for kind in vars(models).values() if isinstance(kind, type)]
RECORDS = [kind for kind in KINDS if issubclass(kind, Record)]


@pytest.mark.parametrize("kind", RECORDS)
def test_records_with_equal_fields_are_equal(kind):
    """Records of one class with equal fields are equal and have equal hashes."""
    needed = [field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING]
    least = dict.fromkeys(needed)
    assert kind(**least) == kind(**least)
    assert hash(kind(**least)) == hash(kind(**least))
    for field in attrs.fields(kind):
        other = kind(**{**least, field.name: {"a": 1}})
        assert other != kind(**least)
        assert other == kind(**{**least, field.name: {"a": 1}})


def test_records_of_other_classes_differ():
    """A record does not equal one of a derived class, or a tuple of its fields."""
    assert Record() != ActivityDuration()
    assert ActivityDuration() != Record()
    assert ActivityDuration() != attrs.astuple(ActivityDuration())


def test_records_with_unknown_keys_are_hashable():
    """Records with unknown keys can be in a set."""
    one = ActivityDuration(sid="WA1", extra={"new": [1]})
    assert len({one, ActivityDuration(sid="WA1", extra={"new": [1]}), ActivityDuration()}) == 2


def test_repr_makes_an_equal_record():
    """The ``repr`` shows every field, inner records included, and makes an equal record."""
    durations = (ActivityDuration(sid="WA1", avg=1.5),)
    one = WorkerCumulative(reservations_created=3, activity_durations=durations, extra={"k": 1})
    assert eval(repr(one), dict(vars(models))) == one
