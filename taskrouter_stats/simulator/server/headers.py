"""What the server says beside the body, and the nonsense that it can be made to say instead.

Source of the names: https://www.twilio.com/docs/usage/rest-api-best-practices.
"""

from collections.abc import Callable

from attrs import define

from taskrouter_stats.simulator.limits import Verdict

OK, UNAUTHENTICATED, REFUSED = 200, 401, 429

LIMIT, REMAINING, CONFIG = "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Config"

# fmt: off
GARBAGE = (
    "", "fifty", "-1", "NaN", "Infinity", "1e400", "50/10s", "0x32", "3.75", "\u00bd", "null",
    "9" * 400, "0", "-0", "1, 2", "true",
)
# fmt: on
"""What a client must survive as the value of a number."""


@define
class ServerOptions:
    """How the server behaves; may be changed while it runs.

    Attributes:
        latency: mean seconds from arrival to answer, a tenth more or less by chance.
        headers: whether successes carry the three rate-limit headers.
        headers_on_429: whether refusals carry them as well.
        retry_after: seconds that refusals tell the client to wait, or ``None`` to say nothing.
        own_urls: whether URLs in answers name the host that was asked, instead of Twilio's.
        garbage: whether the rate-limit headers have nonsense for values.
        concurrency: how many requests of the account are served at once, the others being refused
            whatever their budget, or ``None`` for any number.
    """

    latency: float = 0.02
    headers: bool = True
    headers_on_429: bool = True
    retry_after: float | None = None
    own_urls: bool = False
    garbage: bool = False
    concurrency: int | None = None


def headers_of(
    status: int, verdict: Verdict | None, manners: ServerOptions, chance: Callable[[], float]
) -> dict[str, str]:
    """Return the headers that depend on the answer.

    The description declares rate-limit headers for successes only, so no 4xx but 429 has them.

    Args:
        status: The answer's status.
        verdict: What the limiter said, if it was asked.
        manners: How the server behaves.
        chance: Gives random numbers from 0 up to 1, for garbage.

    Returns:
        The headers.
    """
    headers = dict[str, str]()
    if status == REFUSED and manners.retry_after is not None:
        headers["Retry-After"] = f"{manners.retry_after:g}"
    if status == UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    if not {OK: manners.headers, REFUSED: manners.headers_on_429}.get(status, False):
        return headers
    if manners.garbage:
        for name in (LIMIT, REMAINING, CONFIG):
            headers[name] = GARBAGE[int(chance() * len(GARBAGE))]
    elif verdict is not None and verdict.limit is not None:
        headers[LIMIT] = str(verdict.limit)
        headers[REMAINING] = str(verdict.remaining)
        headers[CONFIG] = str(verdict.config)
    return headers
