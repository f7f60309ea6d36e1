"""Validation of the simulator's arguments."""

import math

import pytest

from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.simulator import Simulator


@pytest.mark.parametrize(
    "arguments",
    [
        {"workers": -1},
        {"workers": 1.5},
        {"limit": 0},
        {"limit": True},
        {"window": "fixed"},
        {"window": ["none"]},
        {"seed": "x"},
        {"latency": -0.1},
        {"latency": math.nan},
        {"latency": math.inf},
        {"latency": "fast"},
        {"latency": True},
        {"retry_after": -1},
        {"rival": 1.5},
        {"rival": True},
        {"rival": math.nan},
        {"steps": 5},
        {"steps": [5]},
        {"steps": [(1, 0)]},
        {"steps": [(-1, 5)]},
        {"concurrency": 0},
        {"port": 65_536},
        {"host": "example.org"},
    ],
)
def test_a_wrong_argument_is_named(arguments):
    """The error begins with the argument's name."""
    with pytest.raises(InvalidParameter) as caught:
        Simulator(**arguments)
    assert str(caught.value).startswith(f"{next(iter(arguments))}=")


@pytest.mark.parametrize("auth", [("a:b", "canary"), ("", "canary"), ("AC", ""), "canary", ("AC",)])
def test_wrong_credentials_are_not_repeated(auth):
    """Invalid credentials raise an error that does not show them."""
    with pytest.raises(InvalidParameter) as caught:
        Simulator(auth=auth)
    assert "canary" not in str(caught.value)
