"""Who may read a page's data, and the headers that keep a browser from doing more than that."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.models.redaction import masked

__all__ = ["add_headers", "check_token", "guarded", "is_loopback"]
__all__ += ["only_this_machine", "same_site"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MIN_TOKEN: Final = 16
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FOREIGN: Final = {"cross-site", "same-site"}
"""Values of ``Sec-Fetch-Site`` for requests that another website's page makes."""


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every reply; a signal of aiohttp.web."""
    response.headers.update(_HEADERS)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def check_token(token: str) -> None:
    """Check a token that protects a page.

    Raises:
        InvalidParameter: it is too short to be secret, or a header cannot hold it.
    """
    if len(token) < _MIN_TOKEN or not (token.isascii() and token.isprintable()) or " " in token:
        rule = f"expected {_MIN_TOKEN} or more ASCII characters without spaces, such as the output"
        raise InvalidParameter("token", "(secret)", f"{rule} of: openssl rand -hex 16")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host: ``localhost``, 127.0.0.1 or ::1."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def guarded(handler: Handler, token: str) -> Handler:
    """Return a handler that answers 401 without ``Authorization: Bearer <token>``."""
    expected: bytes = masked(f"Bearer {token}".encode())

    async def check(request: web.Request) -> web.StreamResponse:
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(expected, given):
            raise web.HTTPUnauthorized(
                text="This dashboard requires a token.", headers={hdrs.WWW_AUTHENTICATE: "Bearer"}
            )
        return await handler(request)

    return check


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 if the page's address names another host than this machine.

    A website can make its own name lead to 127.0.0.1 and then read what it finds there.
    """
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        raise web.HTTPForbidden(text="Without a token only http://localhost may be used.")
    return await handler(request)


@web.middleware
async def same_site(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to a request that a page of another website makes."""
    if request.headers.get("Sec-Fetch-Site") in _FOREIGN:
        raise web.HTTPForbidden(text="Another website's page made this request.")
    return await handler(request)
