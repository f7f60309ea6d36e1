"""Conversion of numbers of other types, such as numpy's, to plain ``int`` and ``float``.

A URL, a key or a file only receives plain types, because a subclass may have another text. A
boolean is not a number here.
"""

import operator
from typing import SupportsIndex, cast

__all__ = ["plain_number", "whole_number"]

_BOOLEANS = {"bool", "bool_"}
"""Names of boolean types; numpy's is not a ``bool``, and older numpy takes it for an index."""


def whole_number(value: object) -> int | None:
    """Return a whole number as a plain ``int``; None for anything else, booleans included."""
    if type(value).__name__ in _BOOLEANS:
        return None
    try:
        return operator.index(cast("SupportsIndex", value))
    except TypeError:
        return None


def plain_number(value: object) -> float | None:
    """Return a number as a plain ``int`` or ``float``; None for anything else."""
    return float.__float__(value) if isinstance(value, float) else whole_number(value)
