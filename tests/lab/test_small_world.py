"""A part of the small world in every run of the tests; `python -m tests.lab.small_world` is all."""

import pytest

from tests.lab.small_world import WORLDS, World, refusals

EVERY = 331
LONG = [world for world in WORLDS if not world.reading.is_short]
SHORT = [world for world in WORLDS if world.reading.is_short]


@pytest.mark.parametrize("world", LONG, ids=lambda world: world.name)
def test_with_the_model_given_nothing_is_refused(world: World) -> None:
    """Alone, whatever overtakes whatever, no request comes when the window is full."""
    assert set(refusals(world, given=True, every=EVERY)[0]) == {0}


@pytest.mark.parametrize("world", LONG, ids=lambda world: world.name)
def test_learning_the_model_costs_two_refusals_at_most(world: World) -> None:
    """A limit per ten seconds is known after two looks without credit."""
    assert max(refusals(world, given=False, every=EVERY)[0]) <= 2


@pytest.mark.parametrize("world", SHORT, ids=lambda world: world.name)
def test_a_second_costs_one_refusal_at_most(world: World) -> None:
    """Where the window turns every second, jitter at its edge refuses one request."""
    assert max(refusals(world, given=False, every=EVERY)[0]) <= 1
