"""The time at which a run stops."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from taskrouter_stats.cli.fetch.stop import read_stop_at, stop_on_signal
from taskrouter_stats.errors import ConfigError

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 1, 11, 59, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC)),
        (datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 11, 2, 12, tzinfo=UTC)),
        (datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC)),
        (datetime(2026, 10, 31, 10, tzinfo=UTC), datetime(2026, 10, 31, 11, tzinfo=UTC)),
    ],
)
def test_stop_at_is_the_next_such_time(now, expected):
    """07:00 in New York is 11:00 UTC in summer and 12:00 UTC in winter, today or tomorrow."""
    assert read_stop_at("07:00", NEW_YORK, now) == expected


@pytest.mark.parametrize(
    ("text", "zone"), [("7 am", NEW_YORK), ("24:30", NEW_YORK), ("07:00", None)]
)
def test_a_wrong_time_is_refused(text, zone):
    """A text that is not a time of day, or a missing zone, is a ConfigError."""
    with pytest.raises(ConfigError, match="--stop-at"):
        read_stop_at(text, zone, datetime(2026, 11, 1, tzinfo=UTC))


async def test_the_clock_sets_stop():
    """The event is set at the time, and a message says so."""
    stop, messages = asyncio.Event(), []
    async with stop_on_signal(stop, datetime.now(UTC) - timedelta(seconds=1), messages.append):
        await asyncio.wait_for(stop.wait(), 5)
    assert messages == ["--stop-at: storing the answers in flight."]


async def test_without_a_time_stop_is_not_set():
    """Without --stop-at and signals, the event stays unset."""
    stop = asyncio.Event()
    async with stop_on_signal(stop, None, print):
        await asyncio.sleep(0)
    assert not stop.is_set()
