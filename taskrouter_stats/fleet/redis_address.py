"""Reads the URL of a Redis or Valkey server, and never shows what it may hold of secrets."""

from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from attrs import field, frozen

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.models.redaction import Secret, masked

__all__ = ["RedisAddress"]

_SCHEMES: Final = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
}
"""Each scheme with the one that it means; those of valkey-py are aliases."""
_PORT: Final = 6379
_CERTIFICATES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_PARAMETERS: Final = {"redis": ("db",), "rediss": ("db", *_CERTIFICATES), "unix": ("db",)}
"""The query parameters that each scheme takes, with redis-py's names and meanings."""
_EXPECTED: Final = "expected redis://[user:password@]host[:port][/db], rediss://… or unix:///path"


@frozen
class RedisAddress:
    """The address of one server.

    Attributes:
        scheme: ``redis`` (TCP), ``rediss`` (TLS, with a certificate that is checked) or ``unix``.
        place: ``host:port``, or the path of a Unix socket.
        options: arguments for redis-py's connection of this scheme.
    """

    scheme: str
    place: str
    options: dict[str, Any] = field(repr=False)  # user and password

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}"

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Read a URL such as ``rediss://user:password@host:6379/0?ssl_ca_certs=ca.pem``.

        Percent-encode special characters of the user and the password.

        Raises:
            ConfigError: the URL is not of one server; the message shows none of the URL's values.
        """
        url = masked(url)
        try:
            return _address(url)
        except ConfigError as error:
            problem = str(error)
        raise ConfigError(problem)  # here, so that no traceback shows parts of the URL


def _address(url: str) -> RedisAddress:
    parts = _split(url)
    scheme = _SCHEMES[parts.scheme]
    options = _user(parts) | _parameters(scheme, parts.query)
    if scheme == "unix":
        return RedisAddress(scheme, unquote(parts.path), {"path": unquote(parts.path), **options})
    host, port = parts.hostname or "localhost", parts.port or _PORT
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if database := parts.path.strip("/"):
        options["db"] = _database(database)
    return RedisAddress(scheme, place, {"host": unquote(host), "port": port, **options})


def _split(url: str) -> SplitResult:
    """Return the parts of the URL; raise ``ConfigError`` if it is not of one server."""
    try:
        parts = urlsplit(url if isinstance(url, str) and "://" in url else "")
    except ValueError:
        parts = urlsplit("")
    hosts = parts.netloc.rpartition("@")[2]
    if any(word in parts.scheme for word in ("sentinel", "cluster")) or "," in hosts:
        raise ConfigError(
            "the Redis URL names Sentinels or several hosts, which is not supported: give the "
            "address of one server, or of a proxy or service endpoint that leads to the primary"
        )
    is_place = bool(parts.path) and not hosts if parts.scheme == "unix" else _has_port(parts)
    if parts.scheme not in _SCHEMES or parts.fragment or not is_place:
        raise ConfigError(
            f"the Redis URL is not usable: {_EXPECTED}, with special characters of the user and "
            "the password percent-encoded"
        )
    return parts


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _user(parts: SplitResult) -> dict[str, Any]:
    given = {"username": parts.username, "password": parts.password}
    return {name: Secret(unquote(text)) for name, text in given.items() if text}


def _parameters(scheme: str, query: str) -> dict[str, Any]:
    allowed = _PARAMETERS[scheme]
    try:
        given = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        given = {"": [""]}
    if not given.keys() <= set(allowed) or any(len(values) > 1 for values in given.values()):
        raise ConfigError(
            f"the Redis URL has a parameter that {scheme}:// does not take: expected only "
            f"{', '.join(allowed)}, each once. Certificates are always checked, and this package "
            "sets timeouts and retries"
        )
    options: dict[str, Any] = {name: values[0] for name, values in given.items()}
    if "db" in options:
        options["db"] = _database(options["db"])
    return options


def _database(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(
            "the Redis URL's database is not a number: expected one such as /0, and %2F for each / "
            "in the user and the password"
        )
    return int(text)
