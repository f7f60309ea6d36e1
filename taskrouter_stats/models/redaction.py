"""Secrets: text whose ``repr`` shows nothing, and a redactor that removes it from texts."""

import base64
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, Self, cast

__all__ = ["Secret", "SecretRedactor", "basic_auth", "masked"]

_REVEALING: Final = 8
"""Characters of a secret that reveal it: as many in a row hardly occur in another text."""
_LAYERS: Final = 3
"""Layers of escapes that a text may have, such as URL in HTML in JSON."""
_MARK: Final = b"(secret)"
_RUNS: Final = re.compile(rb"[0-9A-Za-z]+")
_WORD: Final = re.compile(rb"[A-Za-z_]{,15}|[0-9]{,15}").fullmatch
"""A secret that may also be a word of the answer, such as ``reservations``, or a number."""
_ESCAPE: Final = re.compile(
    rb"\\++u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})|&#[xX]0*+([0-9a-fA-F]{1,6});|&#0*+([0-9]{1,7});"
    rb"|&(amp|lt|gt|quot|apos);|\\++"
)
r"""One escaped character of JSON, a URL or HTML, or backslashes, which have no meaning alone."""
_ENTITIES: Final = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_SPELLED: Final = re.compile(rb"(?:\\u00|%)(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])|&#").search
r"""An escaped letter or digit, which an honest encoder never writes: ``\u0063`` is ``c``."""
_SAME: Final = bytes.maketrans(b"-_", b"+/")
"""Base64 has two alphabets."""


class Secret(str):
    """Text whose ``repr``, and that of each of its parts, shows nothing; so does its pickle.

    Tracebacks with locals show a ``repr``; those of rich show the ``repr`` of 80 characters. Dask
    pickles an error with those that it came from, and these may hold an argument of the caller.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(secret)'"

    def __getitem__(self, key: Any) -> "Secret":
        return Secret(super().__getitem__(key))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, ("(secret)",)


class _SecretBytes(bytes):
    """Bytes with the same protection as ``Secret``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'(secret)'"

    def __getitem__(self, key: Any) -> Any:
        return masked(super().__getitem__(key))

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        return bytes, (b"(secret)",)


def basic_auth(user: str, password: str) -> Secret:
    """Return the value of an ``Authorization`` header of HTTP's Basic scheme."""
    return Secret("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii"))


def masked(value: Any) -> Any:
    """Return text as a ``Secret``, in a container too; return anything else unchanged.

    Use it for arguments that a traceback may show: a secret may be in the wrong argument.
    """
    if isinstance(value, str):
        return value if isinstance(value, Secret) else Secret(str.__str__(value))
    if isinstance(value, (bytes, bytearray)):
        return _SecretBytes(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        kind: Any = next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))
        return kind(map(masked, cast("Iterable[object]", value)))
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {masked(key): masked(item) for key, item in items}
    return value


class SecretRedactor:
    """Removes secrets from texts, since a server or proxy may repeat the request.

    It compares texts and secrets without their escapes and cuts what it finds out of the original
    text, in time proportional to the text. It ignores a secret of fewer than eight characters:
    removing it would remove words from records.

    Args:
        secrets: the texts to remove.
        shortest: characters of the shortest secret that is removed.
    """

    def __init__(self, secrets: Iterable[str], *, shortest: int = _REVEALING) -> None:
        long = [text.encode("utf-8", "surrogatepass") for text in secrets if len(text) >= shortest]
        self._clues: tuple[bytes, ...] = masked(tuple({_clue(secret) for secret in long}))
        self._needles: tuple[bytes, ...] = masked(_readings(long))
        self._no_words = masked(_readings(secret for secret in long if not _WORD(secret)))

    def __call__(self, text: bytes) -> bytes:
        """Return the bytes without the secrets; the same object if there are none."""
        return _without(self._needles, text) if self.suspects(text) else text

    def text(self, text: str) -> str:
        """Return the text without the secrets; the same object if there are none."""
        raw = text.encode("utf-8", "surrogatepass")
        return _recoded(self, text) if self.suspects(raw) else text

    def quote(self, text: str) -> str:
        """Return a cut text without the secrets, and without parts that reveal a secret."""
        parts = {
            needle[at : at + _REVEALING]
            for needle in self._needles
            for at in range(max(1, len(needle) - _REVEALING + 1))
        }
        return _recoded(partial(_without, parts), text)

    def quotes(self, texts: Sequence[str]) -> Sequence[str]:
        """Return several cut texts, each as ``quote`` returns it."""
        joined = "\n".join(texts)
        return texts if self.quote(joined) is joined else [self.quote(text) for text in texts]

    def suspects(self, text: bytes) -> bool:
        """Return whether the bytes may hold a secret; a fast check."""
        find = text.find  # ``in`` costs more: it first tries to read bytes as a number
        for clue in self._clues:
            if find(clue) >= 0:
                return True
        escaped = find(b"%") >= 0  # of one byte only a search is fast, so it goes first
        escaped = escaped or (find(b"\\") >= 0 and find(b"\\u00") >= 0)
        escaped = escaped or (find(b"&") >= 0 and find(b"&#") >= 0)
        return escaped and bool(self._clues) and _SPELLED(text) is not None

    def values(self, payload: Any) -> Any:
        """Remove the secrets from decoded JSON, in place.

        Numbers stay, and so do words in keys and texts: a proxy's password may be the same word.
        """
        root = [payload]
        waiting: list[Any] = [root]
        while waiting:
            container = waiting.pop()
            slots: Iterable[tuple[Any, Any]]
            if isinstance(container, dict):
                self._clean_keys(cast("dict[str, Any]", container))
                slots = cast("dict[str, Any]", container).items()
            else:
                slots = enumerate(cast("Sequence[Any]", container))
            for at, value in slots:  # the loop adds and removes no key
                if isinstance(value, str):
                    container[at] = self._value(value)
                elif isinstance(value, (dict, list)):
                    waiting.append(value)
        return root[0]

    def _clean_keys(self, container: dict[str, Any]) -> None:
        if any(self._value(key) is not key for key in container):
            items = [(self._value(key), value) for key, value in container.items()]
            container.clear()
            container.update(items)

    def _value(self, value: str) -> str:
        suspected = self.suspects(value.encode("utf-8", "surrogatepass"))
        return _recoded(partial(_without, self._no_words), value) if suspected else value


def _clue(secret: bytes) -> bytes:
    """Return the secret's longest run of letters and digits, which encoders do not escape."""
    return max(_RUNS.findall(secret), key=len, default=b"")


def _readings(secrets: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return each secret as it looks without escapes: a secret may itself look escaped."""
    found = set[bytes]()
    for secret in secrets:
        readings = [secret.replace(b"\\", b""), secret]
        for _ in range(_LAYERS):
            readings.append(_ESCAPE.sub(_letter, readings[-1]))
        for needle in (reading.translate(_SAME) for reading in readings):
            for form in (needle, needle.rstrip(b"=")):  # base64 may lack its padding
                if len(form) >= min(len(secret), _REVEALING):
                    found.add(form)
    return tuple(found)


def _without(needles: Iterable[bytes], text: bytes) -> bytes:
    """Return the text without these, escaped or not; the same object if there are none."""
    spans = sorted({span for view in _views(text) for span in _spans(*view, needles)})
    kept, last = list[bytes](), -1
    for start, end in spans:
        if start > last:
            kept += text[max(last, 0) : start], _MARK
        last = max(last, end)
    return b"".join((*kept, text[last:])) if spans else text


def _views(text: bytes) -> Iterator[tuple[bytes, Sequence[int]]]:
    """Yield the text, then the text without one more layer of escapes, until none is left.

    Each comes with the positions that its bytes, and its end, have in the original text.
    """
    places: Sequence[int] = range(len(text) + 1)
    yield text.translate(_SAME), places
    for _ in range(_LAYERS):
        parts, kept, last = list[bytes](), array("I"), 0
        for found in _ESCAPE.finditer(text):
            letter = _letter(found)
            parts += text[last : found.start()], letter
            kept.extend(places[last : found.start()])
            kept.extend([places[found.start()]] * len(letter))
            last = found.end()
        if not last:
            return
        kept.extend(places[last:])
        text, places = b"".join((*parts, text[last:])), kept
        yield text.translate(_SAME), places


def _letter(escape: re.Match[bytes]) -> bytes:
    """Return the character of an escape, encoded."""
    json, url, hexadecimal, decimal, entity = escape.groups()
    if url:
        return bytes.fromhex(url.decode())
    if entity:
        return _ENTITIES[entity]
    digits = json or hexadecimal
    number = int(digits, 16) if digits else int(decimal or b"0")
    return chr(number).encode("utf-8", "surrogatepass") if 0 < number <= sys.maxunicode else b""


def _spans(
    text: bytes, places: Sequence[int], needles: Iterable[bytes]
) -> Iterator[tuple[int, int]]:
    """Yield the spans of the needles, as positions in the original text."""
    for needle in needles:
        at = text.find(needle)
        while at >= 0:
            yield places[at], places[at + len(needle)]
            at = text.find(needle, at + len(needle))


def _recoded(redact: Callable[[bytes], bytes], text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    redacted = redact(raw)
    return text if redacted is raw else redacted.decode("utf-8", "surrogatepass")
