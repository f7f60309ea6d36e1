"""The shared state as bytes: what comes back, and what is refused."""

import math

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle import Throttle
from taskrouter_stats.core.throttle.dump import dump_throttle
from taskrouter_stats.fleet.client import Client
from taskrouter_stats.fleet.codec import GRID, UnreadableState, decode, encode
from taskrouter_stats.fleet.shared_budget import SharedBudget

clients = st.builds(
    Client,
    *([st.integers(0, 500)] * 7),
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.one_of(st.just(-math.inf), st.floats(0, 200)),
    st.floats(0, 200),
)

LIVE = [3, 300, 100, 7, 50, 5, 2**31, 0.1, 0.1, 100.123456789, 102.123456789, False]
"""The values of a busy process."""


def state_of(times, known):
    """Return a state with these sends and these processes."""
    state = SharedBudget(Throttle(0.0), origin=1.7e9, now=99.5, steps=12, clients=known)
    for at in sorted(times):
        state.throttle.reserve(at)
    return state


@given(
    st.lists(st.floats(0, 100), max_size=60),
    st.dictionaries(st.sampled_from("abcd"), clients, max_size=4),
)
def test_a_state_comes_back(times, known):
    """All is as it was, but for the log's times, which are rounded up to a bin."""
    state = state_of(times, known)
    again = decode(encode(state))
    log, logged = state.throttle.estimator.log, again.throttle.estimator.log
    assert all(
        0 <= new - old + 1e-6 < GRID + 1e-5
        for old, new in zip(log.times, logged.times, strict=True)
    )
    log.times = logged.times
    assert dump_throttle(again.throttle) == dump_throttle(state.throttle)
    assert again.clients == state.clients
    assert (again.origin, again.now, again.steps) == (1.7e9, 99.5, 12)
    assert (again.cursor, again.hold_until) == (-math.inf, -math.inf)
    assert encode(again) == encode(decode(encode(again)))


def test_a_busy_budget_stays_small():
    """Ten seconds of a thousand requests a second are a few thousand bytes."""
    state = state_of([number / 1000 for number in range(10_000)], {"a": Client()})
    assert len(encode(state)) < 6_000


def broken(**changes):
    """Return the bytes of a state with other values."""
    known = orjson.loads(encode(state_of([1.0, 2.0], {"a": Client()})))
    return orjson.dumps({**known, **changes})


def with_times(times):
    """Return the bytes of a state with another log."""
    known = orjson.loads(broken())
    known["throttle"]["throttle.estimator.log"]["times"] = times
    return orjson.dumps(known)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\x00garbage",
        b'{"throttle": {}}',
        broken(origin="then"),
        broken(now=None),
        broken(steps=1.5),
        broken(clients=[1]),
        broken(clients={"a": [1, 2]}),
        broken(clients={"a": ["x"] * 11}),
        broken(clients={str(number): [] for number in range(10_001)}),
        b" " * 10_000_001,
        broken(throttle={}),
        with_times("now"),
        with_times([1]),
        with_times([1, 10**9]),
        with_times([5, 1, -3, 1]),
        with_times([1.5, 1]),
    ],
)
def test_what_this_version_did_not_write_is_refused(blob):
    """Bytes of any other kind are an ``UnreadableState`` and cost no memory."""
    with pytest.raises(UnreadableState):
        decode(blob)


def with_number(part, name, number):
    """Return the bytes of a state with another number in it."""
    known = orjson.loads(broken())
    place = {"state": known, "model": known["throttle"]["throttle.estimator"]["model"]}
    place.get(part, known["throttle"].get(part))[name] = number
    return orjson.dumps(known)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("state", "cursor"),
        ("state", "hold_until"),
        ("throttle", "_slot_at"),
        ("throttle._pause", "until"),
    ],
)
@pytest.mark.parametrize("number", ["inf", 1e308, 2**64 - 1, 1e6])
def test_no_stored_time_holds_requests_back_for_long(part, name, number):
    """A time that nobody could wait for is refused; the longest pause is not."""
    with pytest.raises(UnreadableState):
        decode(with_number(part, name, number))
    assert decode(with_number(part, name, 99.5 + 300.0)).now == 99.5


@pytest.mark.parametrize(
    ("part", "name", "number"),
    [
        ("state", "now", 1e300),
        ("state", "origin", "-inf"),
        ("throttle", "headroom", -1e308),
        ("throttle.pace", "rate", 0.0),
        ("throttle.pace", "rate", "inf"),
        ("throttle.blind", "rate", -8.0),
        ("throttle.estimator", "headroom", 1e308),
        ("throttle.estimator.latency", "srtt", "inf"),
        ("throttle.estimator.log", "keep", -1.0),
        ("throttle.estimator.agreement", "weight", -1e15),
        ("model", "cost", 0),
        ("model", "window_seconds", -1.0),
        ("model", "memory", "-inf"),
    ],
)
def test_a_number_that_no_throttle_has_is_refused(part, name, number):
    """A rate, a share or a duration out of bounds would stop requests or let all go."""
    with pytest.raises(UnreadableState, match="expected"):
        decode(with_number(part, name, number))


@pytest.mark.parametrize(
    "changes",
    [{"unsent": 10**15}, {"unsent": -1}, {"expires_at": "inf"}, {"asks_until": 1e18}],
)
def test_a_process_that_no_step_leaves_is_refused(changes):
    """No process holds slots without number, which would fill the memory, or lives for ever."""
    named = dict(zip([field.name for field in attrs.fields(Client)], LIVE, strict=True))
    assert decode(broken(clients={"a": list(named.values())})).clients["a"].unsent == 5
    with pytest.raises(UnreadableState, match="expected"):
        decode(broken(clients={"a": list({**named, **changes}.values())}))


def test_the_busiest_budget_is_read():
    """Ten thousand busy processes are more than one server carries, and are read."""
    known = {f"{number:012x}": LIVE for number in range(10_000)}
    assert len(decode(broken(clients=known)).clients) == 10_000
