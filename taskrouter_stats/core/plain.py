"""Numbers of foreign types as Python's own: numpy's, enumerations, subclasses.

What reaches a URL, a key or a file is of a plain type, so that no subclass can show itself there
in another way. A boolean is not a number here.
"""

import operator
from typing import SupportsIndex, cast

__all__ = ["plain_number", "whole_number"]


def whole_number(value: object) -> int | None:
    """Return a whole number as a plain ``int``; None for anything else, booleans included."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(cast("SupportsIndex", value))
    except TypeError:
        return None


def plain_number(value: object) -> float | None:
    """Return a number as a plain ``int`` or ``float``; None for anything else."""
    return float.__float__(value) if isinstance(value, float) else whole_number(value)
