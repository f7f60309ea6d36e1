"""Tests that every body that Twilio may send converts without loss, and converts back.

200 examples run with the suite; ``EXAMPLES=10000`` in the environment runs as many.
"""

import copy
import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskrouter_stats import errors, models
from taskrouter_stats.core.endpoints import ENDPOINTS
from tests.support import bodies

EXAMPLES = int(os.environ.get("EXAMPLES", "200"))
MANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NAMES = st.sampled_from(sorted(bodies.SHAPES))
RUBBISH = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
)


def test_every_statistic_has_a_shape():
    """The shapes cover the fifteen operations that return statistics."""
    assert set(bodies.SHAPES) == {name for name in ENDPOINTS if "statistics" in name}


@MANY
@given(name=NAMES, data=st.data())
def test_a_body_converts_and_converts_back(name, data):
    """A body comes back but for nulls and numbers as text; a wrong value converts or is refused."""
    shape, model = bodies.SHAPES[name], ENDPOINTS[name].model
    body = data.draw(bodies.answer(name))
    value = models.structure(body, model)
    again = json.loads(models.to_json(value))
    assert bodies.normal(again, shape) == bodies.normal(body, shape)
    assert models.structure(again, model) == value
    check_refusal(mutated(copy.deepcopy(body), data), model)


def mutated(body, data):
    """Replace a value somewhere in the body by any other; return the body."""
    places = [body]
    for place in places:
        inside = place.values() if isinstance(place, dict) else place
        places += [one for one in inside if isinstance(one, (dict, list)) and one]
    place = data.draw(st.sampled_from(places))
    if place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        place[data.draw(st.sampled_from(list(keys)))] = data.draw(RUBBISH | st.just([]))
    return body


def check_refusal(body, model):
    """Check that the body converts, or is refused with the paths of its problems."""
    try:
        value = models.structure(body, model)
    except errors.PayloadError as error:
        value = error
    if isinstance(value, errors.PayloadError):
        assert {problem[0] for problem in value.problems} == {"$"}
    else:
        assert json.loads(models.to_json(value)) is not None
