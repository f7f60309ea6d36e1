"""The dates of HTTP headers, such as ``Date`` and ``Retry-After``."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

__all__ = ["parse_http_date"]


@lru_cache(maxsize=16)  # the replies of one second have the same text
def parse_http_date(text: str | None) -> datetime | None:
    """Return the time that a header's text means, UTC; None if it is missing or not readable."""
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
