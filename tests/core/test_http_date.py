"""Tests of the dates in HTTP headers."""

from datetime import UTC, datetime

import pytest

from taskrouter_stats.core.http_date import parse_http_date

TIME = datetime(2026, 11, 26, 8, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Thu, 26 Nov 2026 08:00:05 GMT", TIME),
        ("Thu, 26 Nov 2026 09:00:05 +0100", TIME),
        ("Thu, 26 Nov 2026 08:00:05 -0000", TIME),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_its_time_in_utc(text, time):
    """A readable date is its time in UTC, one without a zone too; any other text is None."""
    assert parse_http_date(text) == time
