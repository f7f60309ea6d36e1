"""Tests of the zone of a window's calendar day."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from taskrouter_stats import Window, queries

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_a_day_knows_its_zone():
    """A local day and its parts have the zone of the calendar."""
    day = Window.day(date(2026, 11, 1), tz="America/New_York")
    assert [day.tz, *(piece.tz for piece in day.split(hours=6))] == [NEW_YORK] * 6


def test_other_windows_are_in_utc():
    """A window that is not a calendar day has UTC."""
    windows = (Window.between(NOON, NOON + timedelta(hours=1)), Window.last(minutes=5).at(NOON))
    assert [window.tz for window in windows] == [UTC, UTC]


def test_the_local_date_is_that_of_the_start():
    """The local date of a window is the date in its zone at its start."""
    day = Window.day(date(2026, 11, 1), tz=timezone(timedelta(hours=14)))
    assert (day.start.date(), day.local_date) == (date(2026, 10, 31), date(2026, 11, 1))


def test_a_relative_window_has_no_date():
    """A relative window has no local date."""
    assert Window.last(days=1).local_date is None


def test_the_zone_is_not_compared():
    """Two windows of the same time are equal and make equal queries in every zone."""
    local = Window.day(date(2026, 11, 5), tz="America/New_York")
    plain = Window.between(local.start, local.end)
    keys = [queries.workspace_statistics("WS" + "0" * 32, one).key for one in (local, plain)]
    assert local == plain
    assert keys[0] == keys[1]


def test_days_begin_at_midnight_when_clocks_change():
    """Days of 25 hours end at the next local midnight, without gap or overlap."""
    days = Window.days(date(2026, 10, 31), date(2026, 11, 2), tz="America/New_York")
    assert [(day.end - day.start) / timedelta(hours=1) for day in days] == [24, 25, 24]
    assert all(first.end == second.start for first, second in pairwise(days))
