"""Validation of the simulator's arguments."""

import math

import pytest

from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.simulator import Simulator


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": -1}, "workers=-1: an integer from 0 to 100000"),
        ({"workers": 1.5}, "workers=1.5: an integer from 0 to 100000"),
        ({"limit": 0}, "limit=0: an integer from 1 to 1000000"),
        ({"limit": True}, "limit=True: an integer from 1 to 1000000"),
        ({"window": "fixed"}, "window='fixed': one of none, fixed1s, sliding1s"),
        ({"window": ["none"]}, "window=['none']: one of none, fixed1s"),
        ({"seed": "x"}, "seed='x': an integer from 0 to"),
        ({"latency": -0.1}, "latency=-0.1: seconds, 0 or more"),
        ({"latency": math.nan}, "latency=nan: seconds, 0 or more"),
        ({"latency": math.inf}, "latency=inf: seconds, 0 or more"),
        ({"latency": "fast"}, "latency='fast': seconds, 0 or more"),
        ({"latency": True}, "latency=True: seconds, 0 or more"),
        ({"retry_after": -1}, "retry_after=-1: seconds, 0 or more"),
        ({"rival": 1.5}, "rival=1.5: a share from 0 to 1"),
        ({"rival": True}, "rival=True: a share from 0 to 1"),
        ({"rival": math.nan}, "rival=nan: a share from 0 to 1"),
        ({"steps": 5}, "steps=5: pairs of seconds and a limit"),
        ({"steps": [5]}, "steps=[5]: pairs of seconds and a limit"),
        ({"steps": [(1, 0)]}, "steps=0: an integer from 1 to 1000000"),
        ({"steps": [(-1, 5)]}, "steps=-1: seconds, 0 or more"),
        ({"concurrency": 0}, "concurrency=0: an integer from 1 to 1000000"),
        ({"port": 65_536}, "port=65536: an integer from 0 to 65535"),
        ({"host": "example.org"}, "host='example.org': an IP address of this machine"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    """The error has the argument, its value and the expectation."""
    with pytest.raises(InvalidParameter) as caught:
        Simulator(**arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("auth", [("a:b", "canary"), ("", "canary"), ("AC", ""), "canary", ("AC",)])
def test_wrong_credentials_are_not_repeated(auth):
    """Invalid credentials raise an error that does not show them."""
    with pytest.raises(InvalidParameter) as caught:
        Simulator(auth=auth)
    assert "canary" not in str(caught.value)
