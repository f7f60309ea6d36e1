"""The options that name a time."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import Window
from taskrouter_stats.cli.windows import read_window
from taskrouter_stats.errors import InvalidWindow

NOW = datetime(2026, 11, 2, 3, 30, tzinfo=UTC)


def read(last=None, start=None, end=None, day=None, tz=None):
    """The window that these options mean."""
    return read_window(last, start, end, day, tz, now=NOW)


@pytest.mark.parametrize(("span", "minutes"), [("90m", 90), ("8h", 480), ("2d", 2880), (" 1m ", 1)])
def test_last_counts_back_from_now(span, minutes):
    """Minutes, hours and days are taken, and the window is absolute."""
    assert read(last=span) == Window(start=NOW - timedelta(minutes=minutes), end=NOW)


def test_without_options_it_is_the_last_quarter_of_an_hour():
    """Twilio's own default."""
    assert read() == read(last="15m")


def test_a_day_is_local_and_may_have_25_hours():
    """On the day on which New York's clocks go back, the window is 25 hours long."""
    window = read(day="2026-11-01", tz="America/New_York")
    assert window.end - window.start == timedelta(hours=25)


def test_yesterday_is_yesterday_in_that_zone():
    """At 03:30 UTC on the 2nd it is still the 1st in New York, so yesterday is October 31."""
    assert read(day="yesterday", tz="America/New_York") == read(
        day="2026-10-31", tz="America/New_York"
    )


def test_from_and_to_take_offsets():
    """Times are converted to UTC."""
    window = read(start="2026-11-01T08:00+01:00", end="2026-11-01T09:00Z")
    assert window.parameters() == (
        ("StartDate", "2026-11-01T07:00:00Z"),
        ("EndDate", "2026-11-01T09:00:00Z"),
    )


def test_from_without_to_ends_now():
    """The end may be left out."""
    assert read(start="2026-11-01T08:00Z").end == NOW


def test_times_without_an_offset_are_local_in_tz():
    """A date alone is midnight there."""
    window = read(start="2026-11-01", end="2026-11-01T06:00", tz="Asia/Manila")
    assert window == Window.between(
        datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 10, 31, 22, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"last": "8 hours"}, "--last 8 hours"),
        ({"last": "0m"}, "at least one minute"),
        ({"last": "999999999d"}, "before the calendar"),
        ({"last": "1h", "day": "yesterday", "tz": "UTC"}, "exclude each other"),
        ({"last": "1h", "tz": "UTC"}, "needs no time zone"),
        ({"end": "2026-11-01T09:00Z"}, "--to needs --from"),
        ({"day": "yesterday"}, "--day needs --tz"),
        ({"day": "soon", "tz": "UTC"}, "--day soon"),
        ({"day": "9999-12-31", "tz": "UTC"}, "no next day"),
        ({"day": "yesterday", "tz": "Dublin"}, "--tz Dublin"),
        ({"day": "yesterday", "tz": "../etc/passwd"}, "IANA name"),
        ({"start": "2026-11-01T08:00"}, "add an offset"),
        ({"start": "eight"}, "--from eight"),
        ({"start": "2026-11-01T08:00Z", "end": "nine"}, "--to nine"),
        ({"start": "2026-11-03T08:00Z"}, "not after its start"),
    ],
)
def test_a_mistake_is_told_by_the_options_name(options, says):
    """What can't be is refused before anything is sent, in the words of the command line."""
    with pytest.raises(InvalidWindow, match=says):
        read(**options)
