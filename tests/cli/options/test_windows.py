"""The options for times."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import Window
from taskrouter_stats.cli.options.windows import read_times, read_window
from taskrouter_stats.errors import InvalidWindow

NOW = datetime(2026, 11, 2, 3, 30, tzinfo=UTC)


def read(last=None, start=None, end=None, day=None, tz=None):
    """Return the window that these options select."""
    return read_window(last, start, end, day, tz, now=NOW)


@pytest.mark.parametrize(("span", "minutes"), [("90m", 90), ("8h", 480), ("2d", 2880), (" 1m ", 1)])
def test_last_counts_back_from_now(span, minutes):
    """The option --last takes minutes, hours and days, and the window is absolute."""
    assert read(last=span) == Window(start=NOW - timedelta(minutes=minutes), end=NOW)


def test_the_default_is_the_last_15_minutes():
    """The default is the same as Twilio's."""
    assert read() == read(last="15m")


def test_a_day_is_local_and_may_have_25_hours():
    """On the day when New York's clocks go back, the window has 25 hours."""
    window = read(day="2026-11-01", tz="America/New_York")
    assert window.end - window.start == timedelta(hours=25)


def test_yesterday_is_yesterday_in_the_zone():
    """At 03:30 UTC on the 2nd it is the 1st in New York, so yesterday is October 31."""
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
    """Without --to, the window ends now."""
    assert read(start="2026-11-01T08:00Z").end == NOW


def test_times_without_an_offset_are_local_in_tz():
    """A date without a time is midnight in --tz."""
    window = read(start="2026-11-01", end="2026-11-01T06:00", tz="Asia/Manila")
    assert window == Window.between(
        datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 10, 31, 22, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"last": "8 hours"}, "--last 8 hours"),
        ({"last": "0m"}, "--last 0m"),
        ({"last": "999999999d"}, "."),
        ({"last": "1h", "day": "yesterday", "tz": "UTC"}, "exclude each other"),
        ({"end": "2026-11-01T09:00Z"}, "--to requires --from"),
        ({"day": "yesterday"}, "--day requires --tz"),
        ({"day": "soon", "tz": "UTC"}, "--day soon"),
        ({"day": "9999-12-31", "tz": "UTC"}, "."),
        ({"day": "yesterday", "tz": "Dublin"}, "--tz Dublin"),
        ({"day": "yesterday", "tz": "../etc/passwd"}, "--tz ../etc/passwd"),
        ({"start": "2026-11-01T08:00"}, "has no offset"),
        ({"start": "eight"}, "--from eight"),
        ({"start": "2026-11-01T08:00Z", "end": "nine"}, "--to nine"),
        ({"start": "2026-11-01T08:00Z", "end": "2026-11-01T07:00Z"}, "2026-11-01T07:00:00Z"),
        ({"start": "2026-11-03T08:00Z"}, "--from 2026-11-03T08:00Z: is in the future"),
        ({"day": "2026-11-03", "tz": "UTC"}, "the window 2026-11-03T.* is in the future"),
    ],
)
def test_a_wrong_time_is_refused(options, says):
    """The error names the option."""
    with pytest.raises(InvalidWindow, match=says):
        read(**options)


def times(now=NOW, settle="1h", **options):
    """Return the selection of these options."""
    names = ("last", "start", "end", "day", "catch_up", "every", "tz")
    return read_times(**{name: options.get(name) for name in names}, settle=settle, now=now)


def starts(*dates, tz="America/New_York"):
    """Return the windows of these local days."""
    return tuple(read(day=date, tz=tz) for date in dates)


def test_tz_is_the_zone_of_the_window():
    """With --last, too, --tz is the zone of the rows' calendar."""
    assert str(read(last="1h", tz="Asia/Manila").tz) == "Asia/Manila"


def test_catch_up_selects_settled_days():
    """At 23:30 in New York on the 1st, the last of three days is October 31."""
    windows = times(catch_up=3, tz="America/New_York").windows
    assert windows == starts("2026-10-29", "2026-10-30", "2026-10-31")


def test_a_day_is_selected_once_it_has_settled():
    """With the default, a day has settled one hour after its end."""
    midnight = datetime(2026, 11, 2, 5, tzinfo=UTC)
    early = times(midnight + timedelta(minutes=59), catch_up=2, tz="America/New_York").windows
    assert early == starts("2026-10-31")
    late = times(midnight + timedelta(minutes=60), catch_up=2, tz="America/New_York").windows
    assert late == starts("2026-10-31", "2026-11-01")
    assert times(midnight, "3h", catch_up=1, tz="America/New_York").windows == ()


def test_every_divides_a_day_of_25_hours_into_25():
    """Each window has the same elapsed time."""
    windows = times(day="2026-11-01", tz="America/New_York", every="1h").windows
    assert len(windows) == 25
    assert {window.end - window.start for window in windows} == {timedelta(hours=1)}


def test_with_every_last_ends_at_a_whole_hour():
    """An hour later, the windows are the same except for the oldest and the newest."""
    first = times(last="8h", every="1h").windows
    second = times(NOW + timedelta(hours=1, seconds=7), last="8h", every="1h").windows
    assert first[-1].end == datetime(2026, 11, 2, 3, tzinfo=UTC)
    assert second[:-1] == first[1:]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"catch_up": 3}, "--catch-up requires --tz"),
        ({"catch_up": 3, "last": "1h", "tz": "UTC"}, "--catch-up excludes"),
        ({"every": "1"}, "--every 1"),
        ({"every": "0m"}, "--every 0m"),
        ({"settle": "soon"}, "--settle soon"),
    ],
)
def test_wrong_options_for_several_windows_are_refused(options, says):
    """The error names the option."""
    with pytest.raises(InvalidWindow, match=says):
        times(**options)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "2026-11-01T01:30",
            "give 2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00",
        ),
        ("2026-03-08T02:30", "2026-03-08T01:59:59-05:00 and 2026-03-08T03:00:00-04:00"),
    ],
)
def test_a_local_time_that_is_skipped_or_repeated_is_refused(text, says):
    """The error has the two possible times."""
    with pytest.raises(InvalidWindow) as caught:
        read_window(None, text, None, None, "America/New_York", now=NOW.replace(year=2027))
    assert str(caught.value).endswith(says)
