"""The headers of replies, and the invalid values that the server can send instead.

Source of the names: https://www.twilio.com/docs/usage/rest-api-best-practices.
"""

from collections.abc import Callable

from attrs import define

from taskrouter_stats.simulator.limits import Verdict

__all__ = ["CONFIG", "GARBAGE", "LIMIT", "OK", "REMAINING", "ServerOptions", "headers_of"]

OK, UNAUTHENTICATED, REFUSED = 200, 401, 429

LIMIT, REMAINING, CONFIG = "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Config"

# fmt: off
GARBAGE = (
    "", "fifty", "-1", "NaN", "Infinity", "1e400", "50/10s", "0x32", "3.75", "\u00bd", "null",
    "9" * 400, "0", "-0", "1, 2", "true",
)
# fmt: on
"""Invalid or misleading values that a client must accept in place of a number."""


@define
class ServerOptions:
    """The server's behaviour; it may be changed while the server runs.

    Attributes:
        latency: Mean seconds from arrival to reply, >= 0; each reply varies by up to 10%.
        headers: Whether successes carry the three rate-limit headers.
        headers_on_429: Whether 429 replies carry them too.
        retry_after: ``Retry-After`` of 429 replies, seconds, or ``None`` for no such header.
        own_urls: Whether URLs in replies name the requested host instead of Twilio's.
        garbage: Whether the rate-limit headers have invalid values.
        concurrency: Requests of the account that the server handles at once; it refuses others
            whatever their budget. ``None`` is no bound.
    """

    latency: float = 0.02
    headers: bool = True
    headers_on_429: bool = True
    retry_after: float | None = None
    own_urls: bool = False
    garbage: bool = False
    concurrency: int | None = None


def headers_of(
    status: int, verdict: Verdict | None, options: ServerOptions, draw: Callable[[], float]
) -> dict[str, str]:
    """Return the headers that depend on the reply.

    Twilio's OpenAPI file declares rate-limit headers for successes only, so of the 4xx replies only
    429 can have them.

    Args:
        status: The reply's status.
        verdict: The limiter's decision, or ``None`` if it did not decide.
        options: The server's behaviour.
        draw: Returns random numbers, 0 <= number < 1, for invalid values.

    Returns:
        The headers.
    """
    headers = dict[str, str]()
    if status == REFUSED and options.retry_after is not None:
        headers["Retry-After"] = f"{options.retry_after:g}"
    if status == UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    if not {OK: options.headers, REFUSED: options.headers_on_429}.get(status, False):
        return headers
    if options.garbage:
        for name in (LIMIT, REMAINING, CONFIG):
            headers[name] = GARBAGE[int(draw() * len(GARBAGE))]
    elif verdict is not None and verdict.limit is not None:
        headers[LIMIT] = str(verdict.limit)
        headers[REMAINING] = str(verdict.remaining)
        headers[CONFIG] = str(verdict.config)
    return headers
