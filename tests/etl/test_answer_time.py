"""The time of an answer: this machine's, unless the server's is clearly earlier."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import Meta
from taskrouter_stats.etl.answer_time import answer_time

NOW = datetime(2026, 11, 26, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "server_counts"), [(7200, True), (61, True), (60, False), (0, False), (-7200, False)]
)
def test_the_servers_time_counts_if_it_is_a_minute_earlier(ahead, server_counts):
    """A machine that was suspended, or whose clock is ahead, takes the server's time."""
    served = NOW - timedelta(seconds=ahead)
    assert answer_time(Meta(served_at=served), NOW) == (served if server_counts else NOW)


def test_without_a_servers_time_this_machines_counts():
    """An answer without a readable ``Date`` has this machine's time."""
    assert answer_time(Meta(), NOW) == NOW
