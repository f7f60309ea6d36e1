"""The zone whose calendar a window was cut from."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from taskrouter_stats import Window, queries

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_a_day_knows_its_zone():
    """A local day and its pieces say which zone's calendar they were cut from."""
    day = Window.day(date(2026, 11, 1), tz="America/New_York")
    assert [day.tz, *(piece.tz for piece in day.split(hours=6))] == [NEW_YORK] * 6


def test_other_windows_are_in_utc():
    """A window that no calendar was asked for counts its days in UTC."""
    windows = (Window.between(NOON, NOON + timedelta(hours=1)), Window.last(minutes=5).at(NOON))
    assert [window.tz for window in windows] == [UTC, UTC]


def test_the_local_date_is_that_of_the_start():
    """The day of a window is the date in its zone on which it begins."""
    day = Window.day(date(2026, 11, 1), tz=timezone(timedelta(hours=14)))
    assert (day.start.date(), day.local_date) == (date(2026, 10, 31), date(2026, 11, 1))


def test_a_relative_window_has_no_date_yet():
    """Until it is absolute, a relative window is on no day."""
    assert Window.last(days=1).local_date is None


def test_the_zone_is_no_part_of_the_question():
    """Two windows of the same time are equal and ask the same, whatever calendar they are from."""
    local = Window.day(date(2026, 11, 5), tz="America/New_York")
    plain = Window.between(local.start, local.end)
    keys = [queries.workspace_statistics("WS" + "0" * 32, one).key for one in (local, plain)]
    assert local == plain
    assert keys[0] == keys[1]


def test_days_over_a_change_of_clocks_stay_on_midnights():
    """Days of 25 hours end at the next local midnight, so that no hour is lost or told twice."""
    days = Window.days(date(2026, 10, 31), date(2026, 11, 2), tz="America/New_York")
    assert [(day.end - day.start) / timedelta(hours=1) for day in days] == [24, 25, 24]
    assert all(first.end == second.start for first, second in pairwise(days))
