"""Tests that the generated functions and cattrs make the same records."""

import copy
import pickle

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskrouter_stats.models import (
    ActivityDuration,
    ActivityStatistic,
    Worker,
    fast_path,
    structure,
    to_dict,
)
from tests.support.conversion_paths import RECORDS, least, payloads, read_both, values_by_field

MANY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
KINDS = st.sampled_from(RECORDS)
WORKER = {"sid": "WK" + "a" * 32, "friendly_name": "Ada", "date_created": "2026-01-02T03:04:05Z"}


@MANY
@given(KINDS, st.booleans(), st.data())
def test_both_paths_agree(model, odd, data):
    """The generated function makes and refuses the same records as cattrs."""
    payload = data.draw(payloads(model, odd))
    before = repr(payload)
    fast, detailed = read_both(payload, model)
    assert fast == detailed
    assert odd or fast is not None
    assert repr(payload) == before


@pytest.mark.parametrize(("model", "name", "values"), [*values_by_field()])
def test_both_paths_agree_on_every_value_of_a_type(model, name, values):
    """Both paths read each value alike into a field of each type, or both refuse it."""
    for value in values:
        fast, detailed = read_both({**least(model), name: value}, model)
        assert fast == detailed, value


@pytest.mark.parametrize("model", RECORDS)
def test_both_paths_refuse_what_is_not_an_object(model):
    """Neither path reads a record from JSON that is not an object."""
    for payload in (None, 1, "", [], [{}], True):
        assert read_both(payload, model) == [None, None]


@pytest.mark.parametrize("model", RECORDS)
def test_the_fast_path_makes_frozen_records(model):
    """A record of the fast path has its own class, so that it refuses assignment."""
    record = structure(least(model), model)
    assert type(record) is model
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.extra = {}


def test_a_record_of_the_fast_path_is_like_any_other():
    """A record of the fast path is copied, pickled, evolved and hashed as one made by its class."""
    record = structure(WORKER, Worker)
    made = Worker(**{field.name: getattr(record, field.name) for field in attrs.fields(Worker)})
    assert record == made
    assert hash(record) == hash(made)
    assert copy.deepcopy(record) == pickle.loads(pickle.dumps(record)) == made
    assert attrs.evolve(record, friendly_name="Bo").friendly_name == "Bo"
    assert to_dict(record) == to_dict(made)


def test_records_do_not_share_their_extra():
    """Each record has its own ``extra``, since a caller may change it."""
    first, second = structure({}, ActivityDuration), structure({}, ActivityDuration)
    assert first.extra == {}
    assert first.extra is not second.extra


def test_the_documented_source_is_the_generated_source():
    """The module's docstring shows the source that is generated for ``ActivityStatistic``."""
    example = "".join(
        line.removeprefix("    ") + "\n"
        for line in fast_path.__doc__.partition("::\n\n")[2].splitlines()
        if line.startswith("    ")
    )
    assert example == fast_path.source_of(ActivityStatistic) + "\n"
