"""The time of day at which a run stops."""

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
def test_it_is_the_next_time_that_the_clock_says_so(now, expected):
    """07:00 in New York is 11:00 UTC in summer and 12:00 UTC in winter, today or tomorrow."""
    assert read_stop_at("07:00", NEW_YORK, now) == expected


@pytest.mark.parametrize(
    ("text", "zone"), [("7 am", NEW_YORK), ("24:30", NEW_YORK), ("07:00", None)]
)
def test_a_mistake_is_told(text, zone):
    """No time of day, or no zone."""
    with pytest.raises(ConfigError, match="--stop-at"):
        read_stop_at(text, zone, datetime(2026, 11, 1, tzinfo=UTC))


async def test_the_clock_sets_stop():
    """And says so."""
    stop, said = asyncio.Event(), []
    async with stop_on_signal(stop, datetime.now(UTC) - timedelta(seconds=1), said.append):
        await asyncio.wait_for(stop.wait(), 5)
    assert said == ["--stop-at: storing what is under way."]


async def test_without_a_time_nothing_happens():
    """The block ends as it began."""
    stop = asyncio.Event()
    async with stop_on_signal(stop, None, print):
        await asyncio.sleep(0)
    assert not stop.is_set()
