"""Tests of SIDs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.errors import InvalidSid
from taskrouter_stats.models.sids import KINDS, check_sid

kinds = st.sampled_from(sorted(KINDS))
digits = st.text("0123456789abcdefABCDEF", min_size=32, max_size=32)


@given(kinds, digits)
def test_a_sid_of_the_kind_is_returned(prefix, rest):
    """A SID of the expected kind is returned unchanged."""
    assert check_sid("sid", prefix + rest, prefix) == prefix + rest


@given(kinds, kinds, digits)
def test_another_kind_is_refused(prefix, other, rest):
    """A SID of another kind is refused."""
    if prefix != other:
        with pytest.raises(InvalidSid):
            check_sid("sid", other + rest, prefix)


@given(kinds, st.text(max_size=40) | st.none() | st.integers() | st.binary())
def test_other_values_are_refused(prefix, value):
    """Another value raises an error with the parameter, the value and the kind."""
    with pytest.raises(InvalidSid) as caught:
        check_sid("worker_sid", value, prefix)
    error = caught.value
    assert (error.parameter, error.value, error.prefix) == ("worker_sid", value, prefix)


@pytest.mark.parametrize(
    "value",
    [
        "WS" + "a" * 31,
        "WS" + "a" * 33,
        "WS" + "g" * 32,
        "WS" + "٣" * 32,
        "WS" + "a" * 32 + "\n",
        " WS" + "a" * 32,
        "ws" + "a" * 32,
        "WS" + "a" * 30 + "/.",
    ],
)
def test_near_misses_are_refused(value):
    """One digit more or less, a foreign digit, a line end or a slash is refused."""
    with pytest.raises(InvalidSid):
        check_sid("workspace_sid", value, "WS")
