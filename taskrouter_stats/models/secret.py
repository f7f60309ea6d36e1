"""Secrets: text that shows itself to the wire and to nobody else, and a pen that blots it out."""

import base64
import re
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Any, Final, NoReturn

__all__ = ["Blotter", "Secret", "basic", "hidden"]

_RUNS: Final = re.compile(r"[0-9A-Za-z]+")
_LONGEST: Final = 8
r"""Characters of one that is escaped: ``/`` is ``\/``, ``%2F``, ``\u002f`` or ``&#x2F;``."""
_TELLING: Final = 8
"""So many letters in a row stand in nothing else; a secret without them is found as it is only."""


class Secret(str):
    """Text whose ``repr`` shows nothing, nor does that of any part of it; it does not pickle.

    Tracebacks with locals show a ``repr``, rich's that of the first 80 characters.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(secret)'"

    def __getitem__(self, key: Any) -> "Secret":
        return Secret(super().__getitem__(key))

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets do not pickle")


class _SecretBytes(bytes):
    """The same for bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'(secret)'"

    def __getitem__(self, key: Any) -> Any:
        return hidden(super().__getitem__(key))


def basic(user: str, password: str) -> Secret:
    """The value of a header that says who asks, by HTTP's Basic scheme."""
    return Secret("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii"))


def hidden(value: Any) -> Any:
    """Text that shows nothing, anything else as it is: for arguments that a traceback may show."""
    if isinstance(value, bytes):
        return _SecretBytes(value)
    return Secret(value) if isinstance(value, str) else value


class Blotter:
    """Takes secrets out of what came back, for servers and proxies that repeat the request.

    Escaped as JSON, HTML or a URL would, a secret keeps its letters and digits: the longest run of
    them is looked for, which costs next to nothing, and only where one stands the rest is. A secret
    of fewer than eight characters is left alone: it would blot words out of records.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        long = [Secret(text) for text in secrets if len(text) >= _TELLING]
        self._secrets = tuple((hidden(_clue(text).encode()), text) for text in long)

    def __call__(self, text: bytes) -> bytes:
        """The bytes without the secrets; the same object where there are none."""
        for clue, secret in self._secrets:
            if clue in text:
                text = re.sub(_pattern(secret), b"(secret)", text)
        return text


def _clue(secret: str) -> str:
    longest = max(_RUNS.findall(secret), key=len, default="")
    return longest if len(longest) >= _TELLING else secret


def _pattern(secret: str) -> bytes:
    """Matches the secret with whatever may stand for what is no ASCII letter or digit inside it."""
    if _clue(secret) == secret:
        return re.escape(secret).encode()
    before, *gaps, after = _RUNS.split(secret)
    spelled = [f".{{{len(gap)},{_LONGEST * len(gap)}}}?" for gap in gaps]
    inner = "".join(chain.from_iterable(zip_longest(_RUNS.findall(secret), spelled, fillvalue="")))
    return f"(?:{re.escape(before)})?{inner}(?:{re.escape(after)})?".encode()
