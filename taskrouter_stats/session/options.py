"""The options of a session, by name and type, and what the environment says of them."""

import math
from collections.abc import Mapping
from typing import Any, Final, TypedDict, cast

from attrs import field, frozen

from taskrouter_stats.core.plain import plain_number, whole_number
from taskrouter_stats.core.retry import RetryPolicy
from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.models import Credentials, environment
from taskrouter_stats.models.redaction import Secret, masked

from .transport import HttpSession

__all__ = [
    "MAX_WAIT",
    "SessionOptions",
    "Settings",
    "check_bool",
    "check_number",
    "hide_addresses",
    "options_from_env",
]

MAX_WAIT: Final = "a number of seconds, not negative, or None"
"""What ``max_wait`` may be."""

_VARIABLES: Final = (
    environment.BASE_URL,
    environment.ALLOW_HTTP,
    environment.REGION,
    environment.EDGE,
)


class SessionOptions(TypedDict, total=False):
    """What ``TaskRouterSession(credentials, …)`` takes by name."""

    base_url: str | None
    region: str | None
    edge: str | None
    max_in_flight: int
    timeout: float
    max_wait: float | None
    retry: RetryPolicy
    pace_limit: float | None
    headroom: float
    proxy: str | None
    trust_env: bool
    allow_http: bool
    http: HttpSession | None


@frozen(kw_only=True, eq=False)
class Settings:
    """A session's options once they are resolved: addresses for names, every value checked.

    Raises:
        InvalidParameter: for a value that can't be.
    """

    credentials: Credentials
    base_url: str
    proxy: Secret | None = field(repr=False)  # may hold a password
    max_in_flight: int
    timeout: float
    max_wait: float | None
    retry: RetryPolicy
    pace_limit: float | None
    headroom: float
    http: HttpSession | None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.credentials, Credentials):
            rule = "Credentials are expected, such as Credentials.from_env(), not this type"
            raise InvalidParameter("credentials", _kind(self.credentials), rule)
        if not isinstance(self.retry, RetryPolicy):
            raise InvalidParameter(
                "retry", self.retry, "a RetryPolicy is expected, such as RetryPolicy(attempts=3)"
            )
        slots = whole_number(self.max_in_flight)
        if slots is None or slots < 1:
            raise InvalidParameter("max_in_flight", self.max_in_flight, "a whole number from 1 on")
        seconds, share = "a number of seconds, above 0", "a share from 0 to below 1: 0.2 is 20%"
        numbers = {
            "max_in_flight": slots,
            "timeout": check_number("timeout", self.timeout, seconds, least=1e-3),
            "headroom": check_number("headroom", self.headroom, share, below=1.0),
        }
        if self.max_wait is not None:
            numbers["max_wait"] = check_number("max_wait", self.max_wait, MAX_WAIT)
        if self.http is not None and not isinstance(self.http, HttpSession):
            raise InvalidParameter("http", _kind(self.http), "an aiohttp.ClientSession, or None")
        if self.pace_limit is not None:
            rule = "requests per second, a number above 0"
            numbers["pace_limit"] = check_number("pace_limit", self.pace_limit, rule, least=1e-3)
        for name, number in numbers.items():
            object.__setattr__(self, name, number)


def check_bool(name: str, value: object) -> None:
    """Refuse what is neither True nor False: the text "no" would count as yes."""
    if not isinstance(value, bool):
        raise InvalidParameter(name, _kind(value), "True or False is expected")


def _kind(value: object) -> str:
    """The type's name, for a value that is not shown: it may be a secret or a proxy's URL."""
    return "str" if isinstance(value, str) else type(value).__name__


def hide_addresses(options: SessionOptions) -> SessionOptions:
    """The options, with nothing that a traceback shows of URLs that may hold a password."""
    shown = {"base_url", "proxy", "http", "trust_env", "allow_http"}
    found = {name: masked(value) if name in shown else value for name, value in options.items()}
    return cast("SessionOptions", found)


def options_from_env(options: SessionOptions, environ: Mapping[str, str]) -> SessionOptions:
    """The options given, with what the environment names where they say nothing.

    Raises:
        ConfigError: for a switch that is neither on nor off.
    """
    environ = {name: environ[name] for name in _VARIABLES if name in environ}  # no others' secrets
    environ[environment.BASE_URL] = masked(environ.get(environment.BASE_URL))
    found: dict[str, Any] = {}
    if url := environ.get(environment.BASE_URL):
        found["base_url"] = url
    elif "base_url" not in options:
        names = {"region": environment.REGION, "edge": environment.EDGE}
        found = {name: environ[var] for name, var in names.items() if environ.get(var)}
    if (switch := environ.get(environment.ALLOW_HTTP)) is not None:
        found["allow_http"] = _switch(environment.ALLOW_HTTP, switch)
    if "region" in options or "edge" in options:
        found.pop("base_url", None)
    return cast("SessionOptions", {**found, **options})


def check_number(
    name: str, value: float | None, rule: str, *, least: float = 0.0, below: float = math.inf
) -> float:
    """Return a plain number; refuse what is none in ``[least, below)``, None included."""
    number = plain_number(value)
    if number is None or not least <= number < below:
        raise InvalidParameter(name, value, rule)
    return number


def _switch(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"", "0", "false", "no", "off"}:
        return False
    raise ConfigError(f"{name}={text!r} is neither 1 nor 0")
