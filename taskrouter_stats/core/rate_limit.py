"""Parser of a reply's rate-limit headers.

Twilio's description declares ``X-Rate-Limit-Limit``, ``-Remaining`` and ``-Config`` as strings
without an example (https://www.twilio.com/docs/taskrouter/api); units and grammar are unknown,
and no value was ever seen. So a text that is not a finite number becomes ``None``. Even a number
may be wrong: the throttle decides which values are credible.

Twilio does not document ``Retry-After`` for TaskRouter; if present, it is obeyed. A date in it is
compared with the reply's ``Date``, so that only the server's clock matters.
"""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import attrs

from .http_date import parse_http_date

__all__ = ["NO_HEADERS", "RateLimit", "parse_headers"]

_LONGEST_NUMBER = 32
"""Characters; a longer text is not a plausible rate limit."""


@attrs.frozen(slots=True)
class RateLimit:
    """The rate-limit headers of one reply; ``None`` means missing or unreadable.

    Attributes:
        limit: ``X-Rate-Limit-Limit``, the maximum for this method.
        remaining: ``X-Rate-Limit-Remaining``, the requests left before the limit.
        config: ``X-Rate-Limit-Config``, of unknown meaning.
        retry_after: ``Retry-After`` in seconds, ≥ 0.
        concurrent_requests: ``Twilio-Concurrent-Requests``, the account's requests in flight
            (https://www.twilio.com/docs/usage/rest-api-best-practices).
    """

    limit: float | None = None
    remaining: float | None = None
    config: str | None = None
    retry_after: float | None = None
    concurrent_requests: int | None = None


NO_HEADERS = RateLimit()


def parse_headers(headers: Mapping[str, str], shown: Callable[[str], str] = str) -> RateLimit:
    """Parse a reply's headers; never raises.

    Args:
        headers: the headers, found by names in lower case.
        shown: the function that redacts a text.
    """
    config, retry_after = headers.get("x-rate-limit-config"), headers.get("retry-after")
    return _parse(
        headers.get("x-rate-limit-limit"),
        headers.get("x-rate-limit-remaining"),
        None if config is None else shown(config),
        headers.get("twilio-concurrent-requests"),
        retry_after,
        None if retry_after is None else headers.get("date"),
    )


@lru_cache(maxsize=1024)
def _parse(
    limit: str | None,
    remaining: str | None,
    config: str | None,
    concurrent: str | None,
    retry_after: str | None,
    date: str | None,
) -> RateLimit:
    """Parse the texts of the headers, cached: a server repeats a few sets of them."""
    requests = _number(concurrent)
    return RateLimit(
        _number(limit),
        _number(remaining),
        config,
        _retry_after(retry_after, date),
        None if requests is None or requests < 0 else int(requests),
    )


def _number(text: str | None) -> float | None:
    if text is None or len(text) > _LONGEST_NUMBER or not text.isascii() or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _retry_after(text: str | None, date: str | None) -> float | None:
    if text is None:
        return None
    seconds = _number(text)
    if seconds is None:
        seconds = _seconds_between(date, text)
    return None if seconds is None else max(0.0, seconds)


def _seconds_between(earlier: str | None, later: str) -> float | None:
    """Return the seconds from one HTTP date to another; None if either is not a date."""
    start, end = parse_http_date(earlier), parse_http_date(later)
    return None if start is None or end is None else (end - start).total_seconds()
