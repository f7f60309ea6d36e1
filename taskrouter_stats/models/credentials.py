"""Credentials: an account with its auth token, or an API key with its secret.

One object holds the secret; no ``repr``, log, pickle or traceback shows it. This package sends it
in one header and to one host, the session's base URL.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self

from attrs import field, frozen

from taskrouter_stats.errors import ConfigError, InvalidSid

from .environment import ACCOUNT_SID, API_KEY, API_SECRET, AUTH_TOKEN, CREDENTIALS
from .redaction import Secret, basic_auth, masked
from .sids import check_sid

__all__ = ["Credentials"]

_SID: Final = re.compile("[A-Z]{2}[0-9a-f]{32}").fullmatch


@frozen
class Credentials:
    """HTTP Basic credentials for Twilio.

    Make them with :meth:`auth_token`, :meth:`api_key` or :meth:`from_env`. Twilio recommends
    API keys restricted to their task (https://www.twilio.com/docs/iam/api-keys). A subaccount
    has separate credentials; those of its parent do not reach its TaskRouter
    (https://www.twilio.com/docs/iam/api/subaccounts).

    Attributes:
        username: the account SID or the API key's SID.
        account_sid: the account; None for a key without a given account.
    """

    username: str
    account_sid: str | None
    _secret: Secret = field(repr=False, eq=False, hash=False)

    def __init__(self, username: str, account_sid: str | None, secret: Secret) -> None:
        checked = isinstance(secret, Secret)
        if not checked:  # a traceback may show locals and this object: clear them
            username = account_sid = secret = Secret("")
        object.__setattr__(self, "username", username)
        object.__setattr__(self, "account_sid", account_sid)
        object.__setattr__(self, "_secret", secret)
        if not checked:
            raise ConfigError(
                "make credentials with Credentials.auth_token(), .api_key() or .from_env()"
            )

    @classmethod
    def auth_token(cls, account_sid: str, token: str) -> Self:
        """Make credentials of an account SID (AC…) and its auth token.

        Raises:
            InvalidSid, ConfigError: for a wrong argument; the message never shows the token.
        """
        account_sid, token = masked(account_sid), masked(token)
        account = _name("account_sid", account_sid, "AC")
        return cls(account, account, _checked("token", token))

    @classmethod
    def api_key(cls, key_sid: str, secret: str, account_sid: str | None = None) -> Self:
        """Make credentials of an API key (SK…) and its secret.

        TaskRouter's paths do not contain the account's SID, so it is optional.

        Args:
            key_sid: the key's SID.
            secret: the key's secret.
            account_sid: the account (AC…), under which budgets are kept; the key's SID by default.

        Raises:
            InvalidSid, ConfigError: for a wrong argument; the message never shows the secret.
        """
        key_sid, secret, account_sid = masked(key_sid), masked(secret), masked(account_sid)
        key = _name("key_sid", key_sid, "SK")
        account = None if account_sid is None else _name("account_sid", account_sid, "AC")
        return cls(key, account, _checked("secret", secret))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Make credentials from the environment.

        ``TWILIO_API_KEY`` with ``TWILIO_API_SECRET`` win over ``TWILIO_ACCOUNT_SID`` with
        ``TWILIO_AUTH_TOKEN``; beside a key, ``TWILIO_ACCOUNT_SID`` names the account.

        Raises:
            ConfigError: naming the missing variables.
        """
        env = environ = _own_variables(os.environ if environ is None else environ)
        account, key = env.get(ACCOUNT_SID), env.get(API_KEY)
        if key or env.get(API_SECRET):
            halves = (API_KEY, API_SECRET)
            for half, other in (halves, halves[::-1]):
                if not env.get(half):
                    raise ConfigError(f"{half} is not set, though {other} is")
            return cls.api_key(env[halves[0]], env[halves[1]], account or None)
        if account and env.get(AUTH_TOKEN):
            return cls.auth_token(account, env[AUTH_TOKEN])
        missing = f"{AUTH_TOKEN} is not" if account else "no credentials are"
        raise ConfigError(
            f"{missing} set: set {API_KEY} and {API_SECRET}, or {ACCOUNT_SID} and {AUTH_TOKEN}"
        )

    @property
    def account(self) -> str:
        """Account part of every budget key: the account's SID, else the API key's."""
        return self.account_sid or self.username

    def authorization(self) -> Secret:
        """Return the value of the ``Authorization`` header; its ``repr`` does not show it."""
        return basic_auth(self.username, self._secret)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the texts to redact: the header's value without ``Basic``, and the secret."""
        return self.authorization()[len("Basic ") :], self._secret

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "credentials do not pickle: call Credentials.from_env() in the other process"
        )


def _own_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return our variables only: a traceback shows locals, and others may hold secrets."""
    return {name: masked(environ.get(name)) for name in CREDENTIALS}


def _name(parameter: str, value: object, prefix: str) -> str:
    """Check a SID; an error never shows the value, which may be a secret in the wrong place."""
    try:
        check_sid(parameter, value, prefix)
    except InvalidSid as error:
        shown = None if value is None else "(not shown)"
        raise InvalidSid(parameter, shown, prefix, error.hint, error.kind) from None
    return str(value)


def _checked(name: str, secret: object) -> Secret:
    if not isinstance(secret, str) or not secret:
        raise ConfigError(f"the {name} is empty or not text")
    if secret != secret.strip() or not secret.isprintable():
        raise ConfigError(f"the {name} contains spaces or line ends: remove them")
    if not secret.isascii():
        raise ConfigError(
            f"the {name} contains characters that are not ASCII: copy it again, whole"
        )
    if secret[0] == secret[-1] and secret[0] in "\"'":
        raise ConfigError(f"the {name} is in quotes: remove them")
    if _SID(secret):
        raise ConfigError(f"the {name} is a SID: give the {name} that belongs to the SID")
    return Secret(secret)
