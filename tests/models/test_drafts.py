"""Tests that what a maker makes cannot be told from what the class makes."""

import copy
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Failure, Meta, Success, Window, queries
from taskrouter_stats.core.outcome import new_meta, new_success
from taskrouter_stats.core.query import Listing, Query, new_query
from taskrouter_stats.models.drafts import maker

QUERY = queries.worker_statistics("WS" + "a" * 32, "WK" + "b" * 32, Window.last(minutes=5))
MAKERS = {Query: new_query, Meta: new_meta, Success: new_success}
NAMES = [field.alias for field in attrs.fields(Query)]
REQUIRED = {"endpoint": QUERY.endpoint, "sids": QUERY.sids}
GIVEN = st.dictionaries(st.sampled_from(NAMES[2:]), st.just(()) | st.none())


@given(GIVEN, st.integers(0, 2))
def test_a_maker_takes_the_arguments_of_the_class(given_fields, positional):
    """By position or by name, with the same defaults, a maker makes an equal object."""
    first = list(REQUIRED.values())[:positional]
    named = dict(list(REQUIRED.items())[positional:]) | given_fields
    made, expected = new_query(*first, **named), Query(*first, **named)
    assert made == expected
    assert type(made) is Query
    assert attrs.asdict(made, recurse=False) == attrs.asdict(expected, recurse=False)


@pytest.mark.parametrize("kind", MAKERS)
def test_what_a_maker_makes_is_like_any_other(kind):
    """It is frozen, hashed, copied, pickled and evolved as an object of the class."""
    arguments = {Query: (QUERY.endpoint, QUERY.sids), Meta: (200,), Success: (QUERY, 1, Meta())}
    made, expected = MAKERS[kind](*arguments[kind]), kind(*arguments[kind])
    assert made == expected
    assert hash(made) == hash(expected)
    assert repr(made) == repr(expected)
    assert type(made) is kind
    assert copy.copy(made) == pickle.loads(pickle.dumps(made)) == attrs.evolve(made) == expected
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, attrs.fields(kind)[0].name, None)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_maker_refuses_the_arguments_that_the_class_refuses(kind):
    """A missing argument and an unknown name are type errors."""
    for make in (MAKERS[kind], kind):
        with pytest.raises(TypeError):
            make(unknown=1)
    if kind is not Meta:
        with pytest.raises(TypeError, match="missing"):
            MAKERS[kind]()


@attrs.frozen
class WithFactory:
    """A class whose field has a factory."""

    items: list = attrs.field(factory=list)


@attrs.frozen
class WithValidator:
    """A class whose field has a validator."""

    items: list = attrs.field(validator=attrs.validators.instance_of(list))


@attrs.frozen
class WithSteps:
    """A class that does more when an object is made."""

    number: int

    def __attrs_post_init__(self):
        raise NotImplementedError


@pytest.mark.parametrize("kind", [Listing, WithFactory, WithValidator, WithSteps])
def test_a_class_that_does_more_than_assign_has_no_maker(kind):
    """A maker would leave out converters, validators, factories and later steps: it is refused."""
    with pytest.raises(TypeError, match="call the class"):
        maker(kind)


def test_a_class_without_defaults_has_a_maker():
    """A maker needs no default."""
    assert maker(Failure)(QUERY, ValueError("x"), Meta()).query is QUERY
