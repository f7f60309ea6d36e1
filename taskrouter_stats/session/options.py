"""The options of a session, and the environment variables that set some of them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypedDict, cast

from attrs import field, frozen

from taskrouter_stats.core.cache_policy import CachePolicy, as_cache_policy
from taskrouter_stats.core.plain_numbers import plain_number, whole_number
from taskrouter_stats.core.retry import RetryPolicy
from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.models import Credentials, environment
from taskrouter_stats.models.redaction import Secret, masked

from .budget_throttle import SharedPacing
from .hooks import Hook
from .transport import HttpSession
from .urls import find_proxy, resolve_base_url

__all__ = [
    "MAX_WAIT",
    "Addresses",
    "BudgetOptions",
    "SessionOptions",
    "Settings",
    "check_bool",
    "check_number",
    "find_addresses",
    "hide_addresses",
    "options_from_env",
]

MAX_WAIT: Final = "expected seconds, 0 or more, or None"
"""The rule for ``max_wait``, as an error states it."""

_VARIABLES: Final = (
    environment.BASE_URL,
    environment.ALLOW_HTTP,
    environment.REGION,
    environment.EDGE,
)


class BudgetOptions(TypedDict):
    """Options that say how much of each budget a session uses."""

    pace_limit: float | None
    headroom: float
    reserve: float


class Addresses(TypedDict):
    """The URL of the host and of the proxy; None: no proxy."""

    base_url: str
    proxy: Secret | None


class SessionOptions(TypedDict, total=False):
    """Keyword arguments of ``TaskRouterSession``."""

    base_url: str | None
    region: str | None
    edge: str | None
    max_in_flight: int
    timeout: float
    max_wait: float | None
    retry: RetryPolicy
    pace_limit: float | None
    headroom: float
    reserve: float
    cache_ttl: float | CachePolicy | None
    hooks: Iterable[Hook]
    pacer: SharedPacing | None
    proxy: str | None
    trust_env: bool
    allow_http: bool
    http: HttpSession | None


@frozen(kw_only=True, eq=False)
class Settings:
    """Checked options of a session, with its host and proxy resolved to URLs.

    Raises:
        InvalidParameter: a value has the wrong type or is out of bounds.
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
    reserve: float
    cache_ttl: CachePolicy | None = field(converter=as_cache_policy)
    pacer: SharedPacing | None
    http: HttpSession | None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.credentials, Credentials):
            rule = "expected Credentials, such as Credentials.from_env(), not this type"
            raise InvalidParameter("credentials", _kind(self.credentials), rule)
        if not isinstance(self.retry, RetryPolicy):
            raise InvalidParameter(
                "retry", self.retry, "expected a RetryPolicy, such as RetryPolicy(attempts=3)"
            )
        slots = whole_number(self.max_in_flight)
        if slots is None or slots < 1:
            rule = "expected a whole number, 1 or more"
            raise InvalidParameter("max_in_flight", self.max_in_flight, rule)
        seconds, share = (
            "expected seconds, 0.001 or more",
            "expected a share from 0 to below 1, such as 0.2 for 20%",
        )
        numbers = {
            "max_in_flight": slots,
            "timeout": check_number("timeout", self.timeout, seconds, least=1e-3),
            "headroom": check_number("headroom", self.headroom, share, below=1.0),
            "reserve": check_number("reserve", self.reserve, share, below=1.0),
        }
        if numbers["headroom"] + numbers["reserve"] >= 1.0:
            rest = f"{1.0 - numbers['headroom']:g}"
            rule = f"expected less than 1 - headroom, which is {rest}, so that bulk gets a share"
            raise InvalidParameter("reserve", self.reserve, rule)
        if self.max_wait is not None:
            numbers["max_wait"] = check_number("max_wait", self.max_wait, MAX_WAIT)
        if self.http is not None and not isinstance(self.http, HttpSession):
            rule = "expected an aiohttp.ClientSession, or None"
            raise InvalidParameter("http", _kind(self.http), rule)
        if self.pacer is not None and not callable(getattr(self.pacer, "open", None)):
            rule = "expected a SharedPacer of taskrouter_stats.fleet, or None"
            raise InvalidParameter("pacer", _kind(self.pacer), rule)
        if self.pace_limit is not None:
            rule = "expected requests per second, 0.001 or more"
            numbers["pace_limit"] = check_number("pace_limit", self.pace_limit, rule, least=1e-3)
        for name, number in numbers.items():
            object.__setattr__(self, name, number)


def find_addresses(
    base_url: str | None,
    region: str | None,
    edge: str | None,
    proxy: str | None,
    trust_env: bool,
    allow_http: bool,
) -> Addresses:
    """Return the URL of the host and of the proxy.

    Raises:
        ConfigError: options contradict each other, or a URL is not usable.
        InvalidParameter: a switch is not a bool.
    """
    check_bool("trust_env", trust_env)
    check_bool("allow_http", allow_http)
    address = resolve_base_url(base_url, region, edge, allow_http=allow_http)
    route = find_proxy(address, proxy, trust_env=trust_env, allow_http=allow_http)
    return Addresses(base_url=address, proxy=route)


def check_bool(name: str, value: object) -> None:
    """Raise ``InvalidParameter`` unless the value is a bool: the text "no" would count as true."""
    if not isinstance(value, bool):
        raise InvalidParameter(name, _kind(value), "expected True or False")


def _kind(value: object) -> str:
    """Return the type's name, for a value that may be a secret or a proxy's URL."""
    return "str" if isinstance(value, str) else type(value).__name__


def hide_addresses(options: SessionOptions) -> SessionOptions:
    """Return the options with masked values where one may hold a password."""
    shown = {"base_url", "proxy", "http", "trust_env", "allow_http"}
    found = {name: masked(value) if name in shown else value for name, value in options.items()}
    return cast("SessionOptions", found)


def options_from_env(options: SessionOptions, environ: Mapping[str, str]) -> SessionOptions:
    """Return the given options, completed from the environment.

    Raises:
        ConfigError: the value of ``TASKROUTER_STATS_ALLOW_HTTP`` is not a switch.
    """
    # A traceback with locals shows these names only, and not the environment's other secrets.
    environ = {name: environ[name] for name in _VARIABLES if name in environ}
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
    """Return a plain number; raise ``InvalidParameter`` unless it lies in ``[least, below)``."""
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
    raise ConfigError(f"{name}={text!r} is not a switch: expected 1 or 0")
