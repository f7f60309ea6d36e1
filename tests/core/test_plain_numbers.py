"""Tests of numbers of other types."""

import enum
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from taskrouter_stats.core.plain_numbers import plain_number, whole_number


class Level(enum.IntEnum):
    """A whole number with a name."""

    HIGH = 15


class Odd(float):
    """A number whose text is another one."""

    def __float__(self):
        return 99.0

    def __repr__(self):
        return "99.0"


@pytest.mark.parametrize("value", [15, Level.HIGH, np.int64(15), np.uint8(15)])
def test_whole_numbers_become_plain(value):
    """A whole number of any library becomes a plain int."""
    found = whole_number(value)
    assert (type(found), found, type(plain_number(value))) == (int, 15, int)


@pytest.mark.parametrize(
    "value", [True, False, np.True_, 15.0, np.float64(15), Decimal(15), Fraction(15), "15", None]
)
def test_other_types_are_not_whole_numbers(value):
    """Booleans, fractions, decimals and text are not whole numbers."""
    assert whole_number(value) is None


@pytest.mark.parametrize("value", [1.5, np.float64(1.5), Odd(1.5)])
def test_floats_become_plain(value):
    """A float of any library becomes a plain float with the same value."""
    found = plain_number(value)
    assert (type(found), found) == (float, 1.5)


def test_other_types_are_not_numbers():
    """A decimal or text is not a number here, and NaN stays a float."""
    assert [plain_number(value) for value in (Decimal(1), "1", True, None)] == [None] * 4
    assert math.isnan(plain_number(math.nan))
