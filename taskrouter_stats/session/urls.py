"""Where requests go, and by which way."""

import ipaddress
import re
import urllib.request
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.models.redaction import Secret, masked

__all__ = ["find_proxy", "resolve_base_url"]

_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+").fullmatch
r"""Without ``\``, which browsers read as ``/`` and others as a letter: no host is sure."""
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*").fullmatch


def resolve_base_url(
    base_url: str | None, region: str | None, edge: str | None, *, allow_http: bool
) -> str:
    """The URL that every path is appended to, without a slash at its end.

    Twilio's hosts are ``taskrouter.{edge}.{region}.twilio.com``, and an edge without a region
    means ``us1`` (https://www.twilio.com/docs/global-infrastructure/using-the-twilio-rest-api-in-a-non-us-region).

    Raises:
        ConfigError: for plain http to another machine unless ``allow_http``, since the
            credentials would travel readable; for a URL with a user, query or fragment; for a
            base URL beside a region or edge.
    """
    if base_url is None:
        return _twilio(region, edge)
    if region is not None or edge is not None:
        raise ConfigError("base_url= already names the host: leave region= and edge= out")
    base_url = cast("str", masked(base_url))
    _check_url("base_url", base_url)
    if not _is_only_a_place(base_url):
        raise ConfigError("base_url= may hold scheme, host, port and path, and nothing else")
    parts = urlsplit(base_url)  # of which a traceback may show all, being a place and no more
    if parts.path.rstrip("/").endswith("/v1"):
        raise ConfigError("base_url= ends in /v1, with which every path begins: leave it out")
    if parts.scheme == "http" and not allow_http and not _loopback(parts.hostname or ""):
        raise ConfigError(
            f"base_url= is plain http to {parts.hostname}, and would show the credentials to the "
            "network: use https, or say allow_http=True"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def find_proxy(
    base_url: str, proxy: str | None, *, trust_env: bool, allow_http: bool = False
) -> Secret | None:
    """The proxy to use: the one given, or with ``trust_env`` the environment's, or None.

    This machine itself is never asked through the environment's proxy, as NO_PROXY would say.

    Raises:
        ConfigError: for a proxy that is no http or https URL; for one that would read the
            credentials, since the base URL is plain http, unless ``allow_http``.
    """
    proxy = way = cast("Secret | None", masked(proxy))
    parts = urlsplit(base_url)
    if way is None and trust_env and not _loopback(parts.hostname or ""):
        way = _env_proxy(parts)
    if way is None:
        return None
    _check_url("proxy", way)
    if parts.scheme == "http" and not allow_http:
        raise ConfigError(
            "base_url= is plain http, and would show the credentials to the proxy: leave "
            "proxy= out, use https, or say allow_http=True"
        )
    return way


def _env_proxy(parts: SplitResult) -> Secret | None:
    host = parts.hostname or ""
    places = {host, f"{host}:{parts.port}"}  # NO_PROXY may name a host with its port
    if any(urllib.request.proxy_bypass(place) for place in places):
        return None
    found = urllib.request.getproxies()
    way: Secret | None = masked(found.get(parts.scheme) or found.get("all"))
    return way


def _twilio(region: str | None, edge: str | None) -> str:
    parts: tuple[tuple[str, object], ...] = (("region", region), ("edge", edge))
    for name, value in parts:
        if value is not None and not (isinstance(value, str) and _NAME(value)):
            raise ConfigError(f"{name}={value!r} is no name such as 'ie1' or 'dublin'")
    if edge is not None and region is None:
        region = "us1"
    return "https://" + ".".join(
        part for part in ("taskrouter", edge, region, "twilio.com") if part
    )


def _check_url(name: str, url: object) -> None:
    """Refuse what is no http or https URL; it is not shown, since it may hold a password."""
    if _http_parts(url) is None:
        raise ConfigError(f"{name}= is no http or https URL, such as https://host.example:8080")


def _is_only_a_place(url: str) -> bool:
    parts = urlsplit(url)
    user = (parts.username, parts.password)
    return not parts.query and not parts.fragment and user == (None, None)


def _http_parts(url: object) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) and _VISIBLE_ASCII(url) else None
        if parts is not None and parts.hostname and parts.scheme in {"http", "https"}:
            _ = parts.port, parts.hostname.encode("idna")  # which raise when they are none
            return parts
    except ValueError:
        pass
    return None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
