"""Resolves the base URL and the proxy of a session."""

import ipaddress
import re
import urllib.request
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

from attrs import frozen
from yarl import URL

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.models.redaction import Secret, basic_auth, masked

__all__ = ["BaseUrl", "find_proxy", "resolve_base_url", "split_proxy"]

_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+").fullmatch
r"""Without ``\``, which some parsers read as ``/``, so that the host is ambiguous."""
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*").fullmatch


@frozen(eq=False, repr=False)
class BaseUrl:
    """The base URL in parts: to join them costs a third of parsing the whole URL."""

    scheme: str
    authority: str
    path: str

    @classmethod
    def of(cls, base_url: str) -> "BaseUrl":
        """Return the parts of a URL."""
        parts = urlsplit(base_url)
        return cls(parts.scheme, parts.netloc, parts.path)

    def url(self, target: str) -> URL:
        """Return the URL of a path and query, which are encoded already."""
        path, _, query = target.partition("?")
        return URL.build(
            scheme=self.scheme,
            authority=self.authority,
            path=self.path + path,
            query_string=query,
            encoded=True,
        )


def resolve_base_url(
    base_url: str | None, region: str | None, edge: str | None, *, allow_http: bool
) -> str:
    """Return the URL that every path is appended to, without a slash at its end.

    Twilio's hosts are ``taskrouter.{edge}.{region}.twilio.com``, and an edge without a region
    means ``us1`` (https://www.twilio.com/docs/global-infrastructure/using-the-twilio-rest-api-in-a-non-us-region).

    Raises:
        ConfigError: the URL is plain http to another machine and ``allow_http`` is False, since
            the network could read the credentials; the URL has a user, query or fragment; or
            ``base_url`` is combined with ``region`` or ``edge``.
    """
    if base_url is None:
        return _twilio_url(region, edge)
    if region is not None or edge is not None:
        raise ConfigError("base_url= already names the host: omit region= and edge=")
    base_url = cast("str", masked(base_url))
    _check_url("base_url", base_url)
    if not _has_only_host_and_path(base_url):
        raise ConfigError(
            "base_url= has a user, password, query or fragment: expected only scheme, host, port "
            "and path"
        )
    parts = urlsplit(base_url)  # a traceback may show it: it holds no secret
    if parts.path.rstrip("/").endswith("/v1"):
        raise ConfigError("base_url= ends in /v1, which every path already has: omit /v1")
    if parts.scheme == "http" and not allow_http and not _loopback(parts.hostname or ""):
        raise ConfigError(
            f"base_url= is plain http to {parts.hostname}, so the network could read the "
            "credentials: use https, or set allow_http=True"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def find_proxy(
    base_url: str, proxy: str | None, *, trust_env: bool, allow_http: bool = False
) -> Secret | None:
    """Return the given proxy, else with ``trust_env`` the environment's, else None.

    The environment's proxy is never used for this machine itself, with or without NO_PROXY.

    Raises:
        ConfigError: the proxy is not an http or https URL; or the base URL is plain http and
            ``allow_http`` is False, since the proxy could read the credentials.
    """
    proxy = chosen = cast("Secret | None", masked(proxy))
    parts = urlsplit(base_url)
    if chosen is None and trust_env and not _loopback(parts.hostname or ""):
        chosen = _env_proxy(parts)
    if chosen is None:
        return None
    _check_url("proxy", chosen)
    if parts.scheme == "http" and not allow_http:
        raise ConfigError(
            "base_url= is plain http, so the proxy could read the credentials: omit proxy=, use "
            "https, or set allow_http=True"
        )
    return chosen


def split_proxy(text: str) -> tuple[URL, Secret | None, Secret]:
    """Return the proxy's URL without user and password, the header for them, and the password."""
    proxy = URL(text)
    password = Secret(proxy.password or "")
    if proxy.user is None and proxy.password is None:
        return proxy, None, password
    return proxy.with_user(None), basic_auth(proxy.user or "", password), password


def _env_proxy(parts: SplitResult) -> Secret | None:
    host = parts.hostname or ""
    hosts = {host, f"{host}:{parts.port}"}  # NO_PROXY may name a host with its port
    if any(urllib.request.proxy_bypass(name) for name in hosts):
        return None
    proxies = urllib.request.getproxies()
    proxy: Secret | None = masked(proxies.get(parts.scheme) or proxies.get("all"))
    return proxy


def _twilio_url(region: str | None, edge: str | None) -> str:
    parts: tuple[tuple[str, object], ...] = (("region", region), ("edge", edge))
    for name, value in parts:
        if value is not None and not (isinstance(value, str) and _NAME(value)):
            example = "ie1" if name == "region" else "dublin"
            raise ConfigError(
                f"{name}={value!r} is not a Twilio {name}: expected a name such as {example!r}"
            )
    if edge is not None and region is None:
        region = "us1"
    return "https://" + ".".join(
        part for part in ("taskrouter", edge, region, "twilio.com") if part
    )


def _check_url(name: str, url: object) -> None:
    """Raise ``ConfigError`` unless the value is an http or https URL.

    The message does not show the value, which may hold a password.
    """
    if _http_parts(url) is None:
        raise ConfigError(
            f"{name}= is not an http or https URL: expected one such as https://host.example:8080"
        )


def _has_only_host_and_path(url: str) -> bool:
    parts = urlsplit(url)
    user = (parts.username, parts.password)
    return not parts.query and not parts.fragment and user == (None, None)


def _http_parts(url: object) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) and _VISIBLE_ASCII(url) else None
        if parts is not None and parts.hostname and parts.scheme in {"http", "https"}:
            _ = parts.port, parts.hostname.encode("idna")  # either raises ValueError if invalid
            return parts
    except ValueError:
        pass
    return None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
