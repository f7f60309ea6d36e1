"""Secrets: text that shows itself to the wire and to nobody else, and a pen that blots it out."""

import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

__all__ = ["Blotter", "Secret", "hidden"]

_RUNS: Final = re.compile(r"[0-9A-Za-z]+")
_SPELLED: Final = r".{1,8}?"
r"""Any other character, however it is spelled: ``/``, ``\/``, ``%2F``, ``\u002f``, ``&#x2F;``."""


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


def hidden(value: Any) -> Any:
    """Text that shows nothing, anything else as it is: for arguments that a traceback may show."""
    if isinstance(value, bytes):
        return _SecretBytes(value)
    return Secret(value) if isinstance(value, str) else value


class Blotter:
    """Takes secrets out of what came back, for servers and proxies that repeat the request.

    Escaped as JSON, HTML or a URL would, a secret keeps its letters and digits: the longest run of
    them is looked for, which costs next to nothing, and only where one stands the rest is.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(Secret(secret) for secret in secrets)
        runs = ((_RUNS.findall(secret) or [secret]) for secret in self._secrets)
        self._clues: tuple[bytes, ...] = tuple(
            hidden(max(found, key=len).encode()) for found in runs
        )

    def __call__(self, text: bytes) -> bytes:
        """The bytes without the secrets."""
        for secret, clue in zip(self._secrets, self._clues, strict=True):
            if clue in text:
                text = re.sub(_pattern(secret), b"(secret)", text)
        return text


def _pattern(secret: str) -> bytes:
    parts = re.split(r"([0-9A-Za-z]+)", secret)
    spelled = (part if at % 2 else _SPELLED * len(part) for at, part in enumerate(parts))
    return "".join(spelled).encode()
