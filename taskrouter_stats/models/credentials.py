"""Who asks: an account with its auth token, or an API key with its secret.

The secret is held in one place that no ``repr``, log, pickle or traceback shows. It leaves in
one header and to one host, the session's base URL.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self

from attrs import field, frozen

from taskrouter_stats.errors import ConfigError, InvalidSid

from .redaction import Secret, basic_auth, masked
from .sids import check_sid

__all__ = ["CREDENTIAL_VARIABLES", "Credentials"]

_SID: Final = re.compile("[A-Z]{2}[0-9a-f]{32}").fullmatch
CREDENTIAL_VARIABLES: Final = (
    "TWILIO_API_KEY",
    "TWILIO_API_SECRET",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
)
"""The environment variables that hold credentials."""


@frozen
class Credentials:
    """HTTP Basic credentials for Twilio.

    Make them with :meth:`auth_token`, :meth:`api_key` or :meth:`from_env`. Twilio recommends
    API keys restricted to what they are for (https://www.twilio.com/docs/iam/api-keys). A
    subaccount has credentials of its own; its parent's do not reach its TaskRouter
    (https://www.twilio.com/docs/iam/api/subaccounts).

    Attributes:
        username: the account SID or the API key's SID.
        account_sid: the account; None for a key whose account was not given.
    """

    username: str
    account_sid: str | None
    _secret: Secret = field(repr=False, eq=False, hash=False)

    def __init__(self, username: str, account_sid: str | None, secret: Secret) -> None:
        checked = isinstance(secret, Secret)
        if not checked:  # what a traceback may show of locals, and of this object, is nothing
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
        """An account SID (AC…) with its auth token.

        Raises:
            InvalidSid, ConfigError: the token is never part of the message.
        """
        account_sid, token = masked(account_sid), masked(token)
        account = _name("account_sid", account_sid, "AC")
        return cls(account, account, _checked("token", token))

    @classmethod
    def api_key(cls, key_sid: str, secret: str, account_sid: str | None = None) -> Self:
        """An API key (SK…) with its secret; no path of TaskRouter needs the account's SID.

        Args:
            key_sid: the key's SID.
            secret: the key's secret.
            account_sid: the account (AC…), which names its budgets; otherwise the key does.

        Raises:
            InvalidSid, ConfigError: the secret is never part of the message.
        """
        key_sid, secret, account_sid = masked(key_sid), masked(secret), masked(account_sid)
        key = _name("key_sid", key_sid, "SK")
        account = None if account_sid is None else _name("account_sid", account_sid, "AC")
        return cls(key, account, _checked("secret", secret))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """From the environment.

        ``TWILIO_API_KEY`` with ``TWILIO_API_SECRET`` win over ``TWILIO_ACCOUNT_SID`` with
        ``TWILIO_AUTH_TOKEN``; beside a key, ``TWILIO_ACCOUNT_SID`` names the account.

        Raises:
            ConfigError: naming the variables that are missing.
        """
        env = environ = _own_variables(os.environ if environ is None else environ)
        account, key = env.get("TWILIO_ACCOUNT_SID"), env.get("TWILIO_API_KEY")
        if key or env.get("TWILIO_API_SECRET"):
            halves = ("TWILIO_API_KEY", "TWILIO_API_SECRET")
            for half, other in (halves, halves[::-1]):
                if not env.get(half):
                    raise ConfigError(f"{half} is not set, though {other} is")
            return cls.api_key(env[halves[0]], env[halves[1]], account or None)
        if account and env.get("TWILIO_AUTH_TOKEN"):
            return cls.auth_token(account, env["TWILIO_AUTH_TOKEN"])
        missing = "TWILIO_AUTH_TOKEN is not" if account else "no credentials are"
        raise ConfigError(
            f"{missing} set: TWILIO_API_KEY and TWILIO_API_SECRET, "
            "or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, are needed"
        )

    @property
    def account(self) -> str:
        """What budgets are kept under: the account's SID, else the key's."""
        return self.account_sid or self.username

    def authorization(self) -> Secret:
        """The header's value; its ``repr`` does not show it."""
        return basic_auth(self.username, self._secret)

    def secrets(self) -> tuple[Secret, ...]:
        """What must never be shown: the header's value without ``Basic``, and the secret."""
        return self.authorization()[len("Basic ") :], self._secret

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials do not pickle: make them from the environment over there")


def _own_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Our variables alone: tracebacks show locals, and the environment holds others' secrets."""
    return {name: masked(environ.get(name)) for name in CREDENTIAL_VARIABLES}


def _name(parameter: str, value: object, prefix: str) -> str:
    """Check a SID without showing what is none: the secret may stand in the SID's place."""
    try:
        check_sid(parameter, value, prefix)
    except InvalidSid as error:
        shown = None if value is None else "(not shown)"
        raise InvalidSid(parameter, shown, prefix, error.hint) from None
    return str(value)


def _checked(name: str, secret: object) -> Secret:
    if not isinstance(secret, str) or not secret:
        raise ConfigError(f"the {name} is empty or no text")
    if secret != secret.strip() or not secret.isprintable():
        raise ConfigError(f"the {name} has spaces or line ends around or in it")
    if not secret.isascii():
        raise ConfigError(f"the {name} has characters that no {name} has, such as accents or …")
    if secret[0] == secret[-1] and secret[0] in "\"'":
        raise ConfigError(f"the {name} stands in quotes: leave them out")
    if _SID(secret):
        raise ConfigError(f"the {name} is a SID: the {name} that belongs to it is expected")
    return Secret(secret)
