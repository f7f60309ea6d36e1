"""Secrets: text that shows itself to the wire and to nobody else, and a pen that blots it out."""

import base64
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NoReturn, Self, cast

__all__ = ["Secret", "SecretRedactor", "basic_auth", "masked"]

_TELLING: Final = 8
"""So many letters in a row stand in nothing else: a part of a secret that is as long tells it."""
_LAYERS: Final = 3
"""How often a text may have been escaped: as a URL, in HTML, in JSON, say."""
_MARK: Final = b"(secret)"
_RUNS: Final = re.compile(rb"[0-9A-Za-z]+")
_WORD: Final = re.compile(rb"[A-Za-z_]{,15}|[0-9]{,15}").fullmatch
"""What may as well be a word of the answer, such as ``reservations``, or a number."""
_ESCAPE: Final = re.compile(
    rb"\\++u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})|&#[xX]0*+([0-9a-fA-F]{1,6});|&#0*+([0-9]{1,7});"
    rb"|&(amp|lt|gt|quot|apos);|\\++"
)
r"""One letter as JSON, a URL or HTML may spell it, or backslashes, which say nothing themselves."""
_ENTITIES: Final = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_SPELLED: Final = re.compile(rb"(?:\\u00|%)(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])|&#").search
r"""A letter or digit that is escaped, which only those do who hide it: ``\u0063`` is ``c``."""
_SAME: Final = bytes.maketrans(b"-_", b"+/")
"""Base64 comes in two alphabets."""


class Secret(str):
    """Text whose ``repr`` shows nothing, nor does that of any part of it; it does not pickle.

    Tracebacks with locals show a ``repr``, rich's that of the first 80 characters.
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

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets do not pickle")


class _SecretBytes(bytes):
    """The same for bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'(secret)'"

    def __getitem__(self, key: Any) -> Any:
        return masked(super().__getitem__(key))

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets do not pickle")


def basic_auth(user: str, password: str) -> Secret:
    """The value of a header that says who asks, by HTTP's Basic scheme."""
    return Secret("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii"))


def masked(value: Any) -> Any:
    """Text that shows nothing, in a container too; anything else as it is.

    For arguments that a traceback may show: a secret may stand where none belongs.
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
    """Takes secrets out of what is shown, for servers and proxies that repeat the request.

    A text is compared without its escapes, each secret is too, and what is found is cut out of the
    text as it came. That takes time in proportion to the text, whatever stands in it. A secret of
    fewer than eight characters is left alone: it would blot words out of records.

    Args:
        secrets: what must not be shown.
        shortest: characters below which a secret is left alone.
    """

    def __init__(self, secrets: Iterable[str], *, shortest: int = _TELLING) -> None:
        long = [text.encode("utf-8", "surrogatepass") for text in secrets if len(text) >= shortest]
        self._clues: tuple[bytes, ...] = masked(tuple({_clue(secret) for secret in long}))
        self._needles: tuple[bytes, ...] = masked(_readings(long))
        self._no_words = masked(_readings(secret for secret in long if not _WORD(secret)))

    def __call__(self, text: bytes) -> bytes:
        """The bytes without the secrets; the same object where there are none."""
        return _without(self._needles, text) if self.suspects(text) else text

    def text(self, text: str) -> str:
        """The same for text."""
        return _recoded(self, text)

    def quote(self, text: str) -> str:
        """The same for text that was cut: parts of a secret that tell it are taken out as well."""
        parts = {
            needle[at : at + _TELLING]
            for needle in self._needles
            for at in range(max(1, len(needle) - _TELLING + 1))
        }
        return _recoded(partial(_without, parts), text)

    def quotes(self, texts: Sequence[str]) -> Sequence[str]:
        """The same for several texts."""
        whole = "\n".join(texts)
        return texts if self.quote(whole) is whole else [self.quote(text) for text in texts]

    def suspects(self, text: bytes) -> bool:
        """Whether a secret may stand there; costs next to nothing."""
        for clue in self._clues:
            if clue in text:
                return True
        if b"\\u00" in text or b"%" in text or b"&#" in text:
            return bool(self._clues) and _SPELLED(text) is not None
        return False

    def values(self, payload: Any) -> Any:
        """Decoded JSON without the secrets, changed in place.

        What the answer is made of stays: numbers, and words in keys and texts, though a proxy's
        password may be the same word.
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
            for at, value in slots:  # none is added or removed on the way
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
    """What is looked for first: the longest run of letters and digits, which no escape touches."""
    return max(_RUNS.findall(secret), key=len, default=b"")


def _readings(secrets: Iterable[bytes]) -> tuple[bytes, ...]:
    """The secrets as texts without their escapes have them: one may look escaped itself."""
    found = set[bytes]()
    for secret in secrets:
        reading = secret
        for _ in range(_LAYERS + 1):
            needle = reading.translate(_SAME)
            for one in (needle, needle.rstrip(b"=")):  # which base64 may lack
                if len(one) >= min(len(secret), _TELLING):
                    found.add(one)
            reading = _ESCAPE.sub(_letter, reading)
    return tuple(found)


def _without(needles: Iterable[bytes], text: bytes) -> bytes:
    """The text without these, however they are escaped; the same object where there are none."""
    spans = sorted({span for view in _views(text) for span in _spans(*view, needles)})
    kept, last = list[bytes](), -1
    for start, end in spans:
        if start > last:
            kept += text[max(last, 0) : start], _MARK
        last = max(last, end)
    return b"".join((*kept, text[last:])) if spans else text


def _views(text: bytes) -> Iterator[tuple[bytes, Sequence[int]]]:
    """The text, and without one layer of escapes after the other, until there are none.

    Beside each, where each of its bytes, and its end, was in the text.
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
    """What an escape stands for."""
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
    """Where these stand, as places of the original text."""
    for needle in needles:
        at = text.find(needle)
        while at >= 0:
            yield places[at], places[at + len(needle)]
            at = text.find(needle, at + len(needle))


def _recoded(blot: Callable[[bytes], bytes], text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    blotted = blot(raw)
    return text if blotted is raw else blotted.decode("utf-8", "surrogatepass")
