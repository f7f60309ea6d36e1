"""Expressions over a worker's attributes, as task queues select workers with them.

A small part of the real language, and nothing is guessed: what isn't in here is an
``ExpressionError``.

::

    any        = all { OR all }
    all        = one { AND one }
    one        = "(" any ")" | name ("==" | "!=" | HAS) value
    value      = "text" | 'text' | number | true | false

Names may have dots, ``routing.skills HAS "billing"``; words are read in either case. A name that a
worker doesn't have equals nothing and has nothing.

Source: https://www.twilio.com/docs/taskrouter/expression-syntax.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

Expression = Callable[[Mapping[str, Any]], bool]
"""Whether somebody with these attributes is selected."""

_DEEPEST = 20
"""Parentheses inside each other; a limit, so that none can exhaust the stack."""

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
    """What was written is no expression of this language."""


@lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """Read an expression.

    Args:
        text: What was written.

    Returns:
        A function that tells whether attributes are selected.

    Raises:
        ExpressionError: It can't be read.
    """
    parser = _Parser(_tokens(text))
    expression = parser.any(_DEEPEST)
    if parser.next != _END:
        raise ExpressionError(f"unexpected {parser.next[1]}")
    return expression


def _tokens(text: str) -> list[tuple[str, str]]:
    """Cut the text into kinds and words."""
    tokens, at = list[tuple[str, str]](), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"can't be read from character {at} on")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


class _Parser:
    """Reads tokens from the left, one function for each line of the grammar."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = iter(tokens)
        self.next = next(self._tokens, _END)

    def any(self, depth: int) -> Expression:
        """Read what OR joins."""
        parts = [self._all(depth)]
        while self._took("join", "OR"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else lambda who: any(part(who) for part in parts)

    def _all(self, depth: int) -> Expression:
        """Read what AND joins."""
        parts = [self._one(depth)]
        while self._took("join", "AND"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda who: all(part(who) for part in parts)

    def _one(self, depth: int) -> Expression:
        """Read parentheses or a comparison."""
        if self._took("mark", "("):
            if not depth:
                raise ExpressionError(f"more than {_DEEPEST} parentheses inside each other")
            inner = self.any(depth - 1)
            if not self._took("mark", ")"):
                raise ExpressionError("a parenthesis isn't closed")
            return inner
        path = self._take("name").split(".")
        compare = self._take("compare").upper()
        value = self._value()
        return _comparison(path, compare, value)

    def _value(self) -> str | float | bool:
        """Read what a name is compared with."""
        kind, word = self.next
        if kind not in {"text", "number", "truth"}:
            raise ExpressionError("a value is expected: text in quotes, a number, true or false")
        self._take(kind)
        if kind == "text":
            return word[1:-1]
        return float(word) if kind == "number" else word.lower() == "true"

    def _took(self, kind: str, word: str) -> bool:
        """Take the next token if it is this one."""
        found = self.next[0] == kind and self.next[1].upper() == word
        if found:
            self.next = next(self._tokens, _END)
        return found

    def _take(self, kind: str) -> str:
        """Take the next token, which must be of this kind."""
        found, word = self.next
        if found != kind:
            raise ExpressionError(f"{kind} is expected instead of {word or 'the end'}")
        self.next = next(self._tokens, _END)
        return word


def _comparison(path: list[str], compare: str, value: str | float | bool) -> Expression:
    """Return the function that compares what stands at that path."""

    def has(who: Mapping[str, Any]) -> bool:
        found = _find(who, path)
        return isinstance(found, list) and value in found

    def equals(who: Mapping[str, Any]) -> bool:
        return bool(_find(who, path) == value)

    if compare == "HAS":
        return has
    return equals if compare == "==" else lambda who: not equals(who)


def _find(who: Mapping[str, Any], path: list[str]) -> object:
    """Return what stands at that path, or ``None``."""
    found: object = who
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, object]", found).get(name)
    return found
