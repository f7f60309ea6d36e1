"""How many retries a session can afford: what a failing server gets no more of.

A retry costs a token, an answer that needs none earns half of one. So a server that fails a
quarter of the time, which takes a third of a retry for each answer, is retried without end; one
that fails every time earns nothing, and once the purse is empty each query is sent once.
"""

from typing import Final

from attrs import define

__all__ = ["RetryBudget"]

_MOST: Final = 200.0
"""Tokens at first and at most: all of 100 in flight may fail at once, and once more."""
_EARNED: Final = 0.5


@define(eq=False, repr=False)
class RetryBudget:
    """The tokens of one session."""

    _tokens: float = _MOST

    def earn(self) -> None:
        """An answer came that is not tried again."""
        if self._tokens < _MOST:
            self._tokens = min(_MOST, self._tokens + _EARNED)

    def spend(self) -> bool:
        """Take a retry's token; False when there is none."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
