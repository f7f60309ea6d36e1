"""Makes a text fit to be pasted where others read it: no secret, and SIDs shortened."""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from taskrouter_stats.models import environment
from taskrouter_stats.models.redaction import SecretRedactor, basic_auth

from .terminal import printable

__all__ = ["Redactor", "secrets_of"]

_SHORTEST: Final = 6
"""A shorter text is no secret of Twilio's, and blotting it out would blot out half of the words."""
_SID: Final = re.compile(r"([A-Z]{2}[0-9a-fA-F]{4})[0-9a-fA-F]{24}([0-9a-fA-F]{4})")


@frozen
class Redactor:
    """Shows a text without what is nobody else's business.

    No secret ever belongs into a text that is shown; but a server may echo one.

    Attributes:
        full_sids: whether SIDs are shown whole.
    """

    full_sids: bool = False
    _blotter: SecretRedactor = field(default=SecretRedactor(()), repr=False)

    @classmethod
    def hiding(cls, secrets: Iterable[str], *, full_sids: bool = False) -> "Redactor":
        """One that blots these out, and any part of them that tells them.

        Args:
            secrets: what must not be shown.
            full_sids: whether SIDs are shown whole.
        """
        return cls(full_sids, SecretRedactor(secrets, shortest=_SHORTEST))

    def __call__(self, text: str) -> str:
        """The text on one line, without control characters, secrets and the middle of SIDs."""
        text = printable(self._blotter.quote(text))
        return text if self.full_sids else _SID.sub(r"\1…\2", text)


def secrets_of(environ: Mapping[str, str], *proxies: str | None) -> list[str]:
    """What must not be shown of this environment and of these proxies' URLs, as headers too."""
    pairs = [
        (environ.get(name, ""), environ.get(secret, ""))
        for name, secret in environment.SECRETS.items()
    ]
    for parts in (urlsplit(proxy) for proxy in proxies if proxy):
        user, password = parts.username or "", parts.password or ""
        pairs += (user, password), (unquote(user), unquote(password))
    told = [(secret, basic_auth(name, secret)[len("Basic ") :]) for name, secret in pairs if secret]
    return [text for texts in told for text in texts]
