"""The options that name a time."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import Window
from taskrouter_stats.cli.options.windows import read_times, read_window
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
        ({"last": "999999999d"}, "before the year 1"),
        ({"last": "1h", "day": "yesterday", "tz": "UTC"}, "exclude each other"),
        ({"end": "2026-11-01T09:00Z"}, "--to needs --from"),
        ({"day": "yesterday"}, "--day needs --tz"),
        ({"day": "soon", "tz": "UTC"}, "--day soon"),
        ({"day": "9999-12-31", "tz": "UTC"}, "no next day"),
        ({"day": "yesterday", "tz": "Dublin"}, "--tz Dublin"),
        ({"day": "yesterday", "tz": "../etc/passwd"}, "IANA name"),
        ({"start": "2026-11-01T08:00"}, "add an offset"),
        ({"start": "eight"}, "--from eight"),
        ({"start": "2026-11-01T08:00Z", "end": "nine"}, "--to nine"),
        ({"start": "2026-11-01T08:00Z", "end": "2026-11-01T07:00Z"}, "not after its start"),
        ({"start": "2026-11-03T08:00Z"}, "--from 2026-11-03T08:00Z: that is in the future"),
        ({"day": "2026-11-03", "tz": "UTC"}, "the window 2026-11-03T.* is in the future"),
    ],
)
def test_a_mistake_is_told_by_the_options_name(options, says):
    """What can't be is refused before anything is sent, in the words of the command line."""
    with pytest.raises(InvalidWindow, match=says):
        read(**options)


def times(now=NOW, settle="1h", **options):
    """What these options ask for."""
    names = ("last", "start", "end", "day", "catch_up", "every", "tz")
    return read_times(**{name: options.get(name) for name in names}, settle=settle, now=now)


def starts(*dates, tz="America/New_York"):
    """The windows of these local days."""
    return tuple(read(day=date, tz=tz) for date in dates)


def test_rows_tell_the_day_in_the_zone_that_is_named():
    """With --last as well, --tz is the calendar of the rows."""
    assert str(read(last="1h", tz="Asia/Manila").tz) == "Asia/Manila"


def test_catching_up_takes_whole_settled_days():
    """At 23:30 in New York on the 1st, today isn't over: three days end with October 31."""
    found = times(catch_up=3, tz="America/New_York").windows
    assert found == starts("2026-10-29", "2026-10-30", "2026-10-31")


def test_a_day_that_has_not_settled_waits():
    """Half an hour after midnight yesterday may still change, an hour after it may not."""
    midnight = datetime(2026, 11, 2, 5, tzinfo=UTC)
    early = times(midnight + timedelta(minutes=59), catch_up=2, tz="America/New_York").windows
    assert early == starts("2026-10-31")
    late = times(midnight + timedelta(minutes=60), catch_up=2, tz="America/New_York").windows
    assert late == starts("2026-10-31", "2026-11-01")
    assert times(midnight, "3h", catch_up=1, tz="America/New_York").windows == ()


def test_every_cuts_a_day_of_25_hours_into_25():
    """Pieces are elapsed time."""
    found = times(day="2026-11-01", tz="America/New_York", every="1h").windows
    assert len(found) == 25
    assert {window.end - window.start for window in found} == {timedelta(hours=1)}


def test_with_every_the_last_hours_are_whole_ones():
    """An hour later they are the same but for the newest and the oldest."""
    first = times(last="8h", every="1h").windows
    second = times(NOW + timedelta(hours=1, seconds=7), last="8h", every="1h").windows
    assert first[-1].end == datetime(2026, 11, 2, 3, tzinfo=UTC)
    assert second[:-1] == first[1:]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"catch_up": 3}, "--catch-up needs --tz"),
        ({"catch_up": 3, "last": "1h", "tz": "UTC"}, "--catch-up excludes"),
        ({"every": "1"}, "--every 1"),
        ({"every": "0m"}, "at least one minute"),
        ({"settle": "soon"}, "--settle soon"),
    ],
)
def test_a_mistake_about_several_windows_is_told(options, says):
    """In the words of the command line as well."""
    with pytest.raises(InvalidWindow, match=says):
        times(**options)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "2026-11-01T01:30",
            "as 2026-11-01T01:30:00-04:00 and 2026-11-01T01:30:00-05:00",
        ),
        ("2026-03-08T02:30", "2026-03-08T01:59:59-05:00 and 2026-03-08T03:00:00-04:00"),
    ],
)
def test_local_times_that_are_none_or_two(text, says):
    """A local time that clocks skip or show twice is refused, with the times to choose from."""
    with pytest.raises(InvalidWindow) as caught:
        read_window(None, text, None, None, "America/New_York", now=NOW.replace(year=2027))
    assert str(caught.value).endswith(says)
