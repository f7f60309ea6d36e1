"""What every record has: equality, a hash, a text."""

import attrs
import pytest

from taskrouter_stats import models
from taskrouter_stats.models import ActivityDuration, WorkerCumulative
from taskrouter_stats.models.record import Record

KINDS = [kind for kind in vars(models).values() if isinstance(kind, type)]
RECORDS = [kind for kind in KINDS if issubclass(kind, Record)]


@pytest.mark.parametrize("kind", RECORDS)
def test_equal_when_all_fields_are(kind):
    """Two records of a class with equal fields are equal and hash alike; one field more differs."""
    needed = [field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING]
    least = dict.fromkeys(needed)
    assert kind(**least) == kind(**least)
    assert hash(kind(**least)) == hash(kind(**least))
    for field in attrs.fields(kind):
        other = kind(**{**least, field.name: {"a": 1}})
        assert other != kind(**least)
        assert other == kind(**{**least, field.name: {"a": 1}})


def test_not_equal_to_another_class():
    """A record equals none of a class derived from its own, nor a tuple of its fields."""
    assert Record() != ActivityDuration()
    assert ActivityDuration() != Record()
    assert ActivityDuration() != attrs.astuple(ActivityDuration())


def test_what_cannot_be_hashed_is_left_out():
    """Records with unknown keys can stand in a set."""
    one = ActivityDuration(sid="WA1", extra={"new": [1]})
    assert len({one, ActivityDuration(sid="WA1", extra={"new": [1]}), ActivityDuration()}) == 2


def test_its_text_is_how_it_is_made():
    """The text shows every field, records inside included, and makes an equal record."""
    durations = (ActivityDuration(sid="WA1", avg=1.5),)
    one = WorkerCumulative(reservations_created=3, activity_durations=durations, extra={"k": 1})
    assert eval(repr(one), dict(vars(models))) == one
