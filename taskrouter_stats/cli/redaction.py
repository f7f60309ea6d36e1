"""Makes a text fit to be pasted where others read it: no secret, and SIDs shortened."""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from .words import printable

__all__ = ["Redactor", "secrets_of"]

_SECRETS: Final = ("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET")
_SHORTEST: Final = 6
"""A shorter text is no secret of Twilio's, and blotting it out would blot out half of the words."""
_ENOUGH: Final = 8
"""Letters of a secret's beginning that give it away when the rest was cut off."""
_SID: Final = re.compile(r"([A-Z]{2}[0-9a-fA-F]{4})[0-9a-fA-F]{24}([0-9a-fA-F]{4})")


@frozen
class Redactor:
    """Shows a text without what is nobody else's business.

    No secret ever belongs into a text that is shown; but a server may echo one.

    Attributes:
        full_sids: whether SIDs are shown whole.
    """

    full_sids: bool = False
    _secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def hiding(cls, secrets: Iterable[str], *, full_sids: bool = False) -> "Redactor":
        """One that blots these out, the longest first.

        Args:
            secrets: what must not be shown.
            full_sids: whether SIDs are shown whole.
        """
        known = {secret for secret in secrets if len(secret) >= _SHORTEST}
        return cls(full_sids, tuple(sorted(known, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """The text on one line, without control characters, secrets and the middle of SIDs."""
        for secret in self._secrets:
            text = _without(secret, text)
        text = printable(text)
        return text if self.full_sids else _SID.sub(r"\1…\2", text)


def _without(secret: str, text: str) -> str:
    """The text without a secret, also where only its beginning is left of it."""
    beginning, rest = secret[:_ENOUGH], secret[_ENOUGH:]
    kept = list[str]()
    while True:
        before, found, after = text.partition(beginning)
        kept.append(before)
        if not found:
            return "(secret)".join(kept)
        text = after[_shared(rest, after) :]


def _shared(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def secrets_of(environ: Mapping[str, str], *proxies: str | None) -> list[str]:
    """What must not be shown of this environment and of these proxies' URLs."""
    passwords = (urlsplit(proxy).password for proxy in proxies if proxy)
    found = [environ.get(name, "") for name in _SECRETS]
    for password in passwords:
        found += [password or "", unquote(password or "")]
    return found
