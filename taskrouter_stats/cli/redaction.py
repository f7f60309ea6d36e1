"""Text that can be published: without secrets, and with shortened SIDs."""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote

from attrs import field, frozen

from taskrouter_stats.models import environment
from taskrouter_stats.models.redaction import SecretRedactor, basic_auth

from .plain_text import printable

__all__ = ["Redactor", "secrets_of"]

_MIN_SECRET: Final = 6
"""Characters. A shorter text is not a secret of Twilio's, and may be a part of common words."""
_SID: Final = re.compile(r"([A-Z]{2}[0-9a-fA-F]{4})[0-9a-fA-F]{24}([0-9a-fA-F]{4})")


@frozen
class Redactor:
    """Function that removes secrets and control characters from a text, and shortens SIDs.

    This package writes no secret into a text, but a server may repeat one.

    Attributes:
        full_sids: whether SIDs keep all their characters.
    """

    full_sids: bool = False
    _redactor: SecretRedactor = field(default=SecretRedactor(()), repr=False)

    @classmethod
    def hiding(cls, secrets: Iterable[str], *, full_sids: bool = False) -> "Redactor":
        """Return a redactor of these secrets, and of parts of them that identify them.

        Args:
            secrets: texts to remove.
            full_sids: whether SIDs keep all their characters.
        """
        return cls(full_sids, SecretRedactor(secrets, shortest=_MIN_SECRET))

    def __call__(self, text: str) -> str:
        """Return the text on one line without control characters, secrets and middles of SIDs."""
        text = printable(self._redactor.quote(text))
        return text if self.full_sids else _SID.sub(r"\1…\2", text)


def secrets_of(environ: Mapping[str, str], *proxies: str | None) -> list[str]:
    """Return the secrets of the environment and of proxy URLs, plain and as in Basic headers."""
    urls = (*proxies, environ.get(environment.SHARED))
    key, secret, account, token = (environ.get(name, "") for name in environment.CREDENTIALS)
    pairs = [(account, token), (key, secret)]
    for user, password in (_user_of(url) for url in urls if url):
        pairs += (user, password), (unquote(user), unquote(password))
    headers = [basic_auth(name, secret)[len("Basic ") :] for name, secret in pairs if secret]
    return [*(secret for _, secret in pairs if secret), *headers]


def _user_of(url: str) -> tuple[str, str]:
    """Return user and password, also of a URL that is wrong, such as by a ``/`` in the password."""
    user, _, password = url.rpartition("@")[0].rpartition("://")[2].partition(":")
    return user, password
