"""Expressions over a worker's attributes, by which task queues select workers.

This is a small part of the real language; anything else raises ``ExpressionError``.

::

    any        = all { OR all }
    all        = one { AND one }
    one        = "(" any ")" | name ("==" | "!=" | HAS) value
    value      = "text" | 'text' | number | true | false

A name may have dots: ``routing.skills HAS "billing"``. Operators, ``true`` and ``false`` may
have any letter case. A name that a worker does not have equals no value and has no element.

Source: https://www.twilio.com/docs/taskrouter/expression-syntax.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

__all__ = ["Expression", "ExpressionError", "parse"]

Expression = Callable[[Mapping[str, Any]], bool]
"""Returns whether a worker with these attributes is selected."""

_MAX_DEPTH = 20
"""Nested parentheses; the limit protects the stack."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<mark>[()])
        | (?P<compare>==|!=|HAS\b)
        | (?P<join>AND\b|OR\b)
        | (?P<text>"[^"]*"|'[^']*')
        | (?P<number>-?\d{1,15}(?:\.\d{1,15})?(?![\w.]))
        | (?P<truth>true\b|false\b)
        | (?P<name>[a-z_]\w*(?:\.\w+)*)
    )\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_END = ("end", "")


class ExpressionError(ValueError):
    """A text that is not an expression of this language."""


@lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """Parse an expression.

    Args:
        text: The expression.

    Returns:
        A function that returns whether a worker with given attributes is selected.

    Raises:
        ExpressionError: The text is not an expression of this language.
    """
    parser = _Parser(_tokens(text))
    expression = parser.any(_MAX_DEPTH)
    if parser.next != _END:
        raise ExpressionError(f"unexpected {parser.next[1]}")
    return expression


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return the text's tokens: their kinds and words."""
    tokens, at = list[tuple[str, str]](), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"can't be read from character {at} on")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


class _Parser:
    """A parser that reads tokens from the left, with one method for each line of the grammar."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = iter(tokens)
        self.next = next(self._tokens, _END)

    def any(self, depth: int) -> Expression:
        """Read the operands of OR."""
        parts = [self._all(depth)]
        while self._took("join", "OR"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else lambda has: any(part(has) for part in parts)

    def _all(self, depth: int) -> Expression:
        """Read the operands of AND."""
        parts = [self._one(depth)]
        while self._took("join", "AND"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda has: all(part(has) for part in parts)

    def _one(self, depth: int) -> Expression:
        """Read an expression in parentheses, or a comparison."""
        if self._took("mark", "("):
            if not depth:
                raise ExpressionError(f"more than {_MAX_DEPTH} parentheses inside each other")
            inner = self.any(depth - 1)
            if not self._took("mark", ")"):
                raise ExpressionError("a parenthesis isn't closed")
            return inner
        path = self._take("name").split(".")
        compare = self._take("compare").upper()
        value = self._value()
        return _comparison(path, compare, value)

    def _value(self) -> str | float | bool:
        """Read the value of a comparison."""
        kind, word = self.next
        if kind not in {"text", "number", "truth"}:
            raise ExpressionError("a value is expected: text in quotes, a number, true or false")
        self._take(kind)
        if kind == "text":
            return word[1:-1]
        return float(word) if kind == "number" else word.lower() == "true"

    def _took(self, kind: str, word: str) -> bool:
        """Read the next token if it is this one; return whether it is."""
        found = self.next[0] == kind and self.next[1].upper() == word
        if found:
            self.next = next(self._tokens, _END)
        return found

    def _take(self, kind: str) -> str:
        """Read the next token, which must be of this kind; return its word."""
        found, word = self.next
        if found != kind:
            raise ExpressionError(f"{kind} is expected instead of {word or 'the end'}")
        self.next = next(self._tokens, _END)
        return word


def _comparison(path: list[str], compare: str, value: str | float | bool) -> Expression:
    """Return the function that compares the value at a path."""

    def has(attributes: Mapping[str, Any]) -> bool:
        found = _find(attributes, path)
        return isinstance(found, list) and value in found

    def equals(attributes: Mapping[str, Any]) -> bool:
        return bool(_find(attributes, path) == value)

    if compare == "HAS":
        return has
    return equals if compare == "==" else lambda attributes: not equals(attributes)


def _find(attributes: Mapping[str, Any], path: list[str]) -> object:
    """Return the value at a path, or ``None``."""
    found: object = attributes
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, object]", found).get(name)
    return found
