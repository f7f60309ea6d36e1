"""A throttle as plain values: what is loaded is what was dumped, whatever happened to it."""

import copy

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle import Throttle
from taskrouter_stats.core.throttle.dump import dump_throttle, load_throttle
from tests.core.throttle.throttle_scenarios import replies, told

options = st.fixed_dictionaries(
    {},
    optional={
        "pace_limit": st.sampled_from([0.5, 20.0]),
        "headroom": st.sampled_from([0.1, 0.5]),
        "reserved": st.sampled_from([0.1, 0.4]),
    },
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "reply", "reply", "refuse", "cancel", "abandon", "wait"]),
        st.integers(0, 7),
        st.sampled_from([0.0, 0.001, 0.05, 0.4, 11.0]),
        st.booleans(),
        st.one_of(replies, st.builds(told, st.just(50.0), st.integers(0, 50).map(float))),
    ),
    max_size=60,
)


class Run:
    """A throttle, its tickets and its clock; every step says what the throttle answered."""

    def __init__(self, throttle):
        self.throttle, self.tickets, self.now = throttle, [], 0.0

    def step(self, kind, which, seconds, flag, reply):
        """Do one step; return the throttle's answer to it and to the next questions."""
        self.now += seconds
        throttle, answer = self.throttle, None
        if kind == "send":
            self.tickets.append(throttle.reserve(self.now, departs=flag, interactive=which == 0))
        elif kind != "wait" and self.tickets:
            ticket = self.tickets.pop(which % len(self.tickets))
            if kind in {"reply", "refuse"}:
                answer = throttle.observe(
                    ticket, self.now, reply, refused=kind == "refuse", jitter=which / 8
                )
            else:
                getattr(throttle, kind)(ticket)
        checks = [throttle.check(self.now, interactive=flag, waiting=n) for n in (0, 40)]
        return answer, checks, throttle.snapshot(self.now)


def through_json(throttle):
    """Return the throttle after a journey as JSON."""
    return load_throttle(orjson.loads(orjson.dumps(dump_throttle(throttle))))


@given(options, steps, steps)
def test_a_loaded_throttle_decides_the_same(options, before, after):
    """After any trace, the throttle and its reloaded copy answer every later step alike."""
    run = Run(Throttle(0.0, **options))
    for step in before:
        run.step(*step)
    again = Run(through_json(run.throttle))
    again.tickets, again.now = copy.deepcopy(run.tickets), run.now
    assert dump_throttle(again.throttle) == dump_throttle(run.throttle)
    assert [run.step(*step) for step in after] == [again.step(*step) for step in after]
    assert dump_throttle(again.throttle) == dump_throttle(run.throttle)


def test_parts_that_refer_to_each_other_still_do():
    """A loaded throttle's parts are one estimator and one pace, not copies of them."""
    throttle = through_json(Throttle(0.0))
    assert throttle._admission.estimator is throttle.estimator
    assert throttle._admission.pace is throttle.pace


def changed(path, name, value):
    """Return a dump with one field changed, or without it."""
    state = dump_throttle(Throttle(0.0))
    if name is None:
        state[path] = value
    elif value is KeyError:
        del state[path][name]
    else:
        state[path][name] = value
    return state


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {},
        "throttle",
        changed("throttle", None, 7),
        changed("surplus", None, {}),
        changed("throttle", "sent", KeyError),
        changed("throttle", "sent", "3"),
        changed("throttle", "sent", True),
        changed("throttle", "extra", 1),
        changed("throttle.pace", "rate", None),
        changed("throttle.pace", "rate", "fast"),
        changed("throttle.estimator", "model", {"cost": 1.0}),
        changed("throttle.estimator.log", "times", {"0": 1.0}),
        changed("throttle.estimator.log", "times", [1.0, None]),
    ],
)
def test_what_no_throttle_dumped_is_refused(state):
    """A state with a field too few, too many or of another type is a ``ValueError``."""
    with pytest.raises(ValueError, match="expected"):
        load_throttle(state)
