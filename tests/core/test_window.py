"""Tests of time windows: whole days in every zone, exact parts, no naive times."""

import pickle
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskrouter_stats import Window
from taskrouter_stats.errors import InvalidWindow

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
zones = st.timezones() | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
days = st.dates(date(1970, 1, 1), date(2037, 12, 31))
moments = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001 (Hypothesis adds the zone)
    datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=zones,
    allow_imaginary=False,  # those that clocks skip are refused: see test_local_time.py
)


def in_order(first, second):
    """Return two moments in order of time: Python compares local times within one zone."""
    return sorted((first, second), key=lambda moment: moment.astimezone(UTC))


def between(first, second):
    """Return the window between two moments in either order, if they are a second apart."""
    early, late = in_order(first, second)
    assume(late.astimezone(UTC) - early.astimezone(UTC) >= SECOND)
    return Window.between(early, late)


def exists(day, zone):
    """Return whether the zone ever had that day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


def begins(moment, day, zone):
    """Return whether that moment is the first of a local day."""
    local, before = moment.astimezone(zone), (moment - SECOND).astimezone(zone)
    midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
    return local.date() == day and (midnight or before.date() < day)


@given(days, zones)
def test_a_day_begins_and_ends_at_local_midnight(day, zone):
    """A day lasts from the first moment of its date to the first of the next, in every zone."""
    assume(exists(day, zone) and exists(day + timedelta(days=1), zone))
    window = Window.day(day, tz=zone)
    assert begins(window.start, day, zone)
    assert begins(window.end, day + timedelta(days=1), zone)
    assert timedelta(hours=20) <= window.end - window.start <= timedelta(hours=28)


def test_days_of_a_year_have_the_right_length():
    """In 2026 every day has 22 to 26 hours in every zone, and 24 unless clocks change."""
    ordinary, changed = set(), set()
    for name in available_timezones():
        zone = ZoneInfo(name)
        midnights = [datetime(2026, 1, 1, tzinfo=zone) + timedelta(days=n) for n in range(365)]
        for today, tomorrow in pairwise(midnights):
            if today.utcoffset() != tomorrow.utcoffset():
                window = Window.day(today.date(), tz=name)
                assert begins(window.start, today.date(), zone)
                assert begins(window.end, tomorrow.date(), zone)
                changed.add(window.end - window.start)
        window = Window.day(date(2026, 6, 21), tz=name)
        ordinary.add(window.end - window.start)
    assert ordinary == {24 * HOUR}
    assert changed == {24 * HOUR + n * HOUR / 2 for n in (-4, -2, -1, 1, 2, 4)}


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), "2026-03-08T05:00:00Z", 23),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T04:00:00Z", 25),
        ("America/New_York", date(2026, 7, 4), "2026-07-04T04:00:00Z", 24),
        ("Europe/Dublin", date(2026, 3, 29), "2026-03-29T00:00:00Z", 23),
        ("Asia/Kolkata", date(2026, 1, 1), "2025-12-31T18:30:00Z", 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T13:00:00Z", 24.5),
        # midnight is skipped: the day begins at 01:00
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00:00Z", 23),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00Z", 23),
        # midnight comes twice: the first counts
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00Z", 25),
        ("UTC", date(2028, 2, 29), "2028-02-29T00:00:00Z", 24),
    ],
)
def test_known_days_are_right(zone, day, start, hours):
    """These days begin at this moment and have that length."""
    window = Window.day(day, tz=zone)
    assert window.parameters()[0] == ("StartDate", start)
    assert (window.end - window.start) / HOUR == hours


@given(days, st.integers(0, 20), zones)
def test_days_have_no_gap(first, more, zone):
    """Several days are the windows of each day, without a gap."""
    dates = [first + timedelta(days=number) for number in range(more + 1)]
    assume(all(exists(day, zone) for day in dates))
    windows = Window.days(first, dates[-1], tz=zone)
    assert windows == [Window.day(day, tz=zone) for day in dates]
    assert all(earlier.end == later.start for earlier, later in pairwise(windows))


def test_a_skipped_day_is_refused():
    """A date that a zone skipped is refused."""
    with pytest.raises(InvalidWindow):
        Window.day(date(2011, 12, 30), tz="Pacific/Apia")


def test_days_in_wrong_order_are_refused():
    """A last day before the first is refused."""
    with pytest.raises(InvalidWindow, match="before the first"):
        Window.days(date(2026, 1, 2), date(2026, 1, 1), tz="UTC")


@pytest.mark.parametrize("day", [NOON, "2026-01-01", None, 5, (2026, 1, 1), date.max])
def test_other_values_are_not_days(day):
    """A datetime, text or the last day of the calendar is refused as a day."""
    with pytest.raises(InvalidWindow):
        Window.day(day, tz="UTC")
    with pytest.raises(InvalidWindow):
        Window.days(day, day, tz="UTC")


@pytest.mark.parametrize(
    "zone",
    [
        None,
        5,
        "",
        ".",
        "Europe",
        "Mars/Base",
        "../UTC",
        "/etc/localtime",
        "zone.tab",
        "a\0b",
        "ü",
        "\ud800",
        "a" * 5000,
        b"UTC",
        HOUR,
    ],
)
def test_unknown_zones_are_refused(zone):
    """An unknown zone is refused by its name."""
    with pytest.raises(InvalidWindow, match="is not a time zone"):
        Window.day(date(2026, 1, 1), tz=zone)


def test_a_zone_without_an_offset_is_refused():
    """A tzinfo without an offset is refused, as it makes naive times."""

    class Unsure(tzinfo):
        def utcoffset(self, _):
            return None

    with pytest.raises(InvalidWindow, match="no time zone"):
        Window.day(date(2026, 1, 1), tz=Unsure())


@given(moments, moments)
def test_between_converts_to_utc(first, second):
    """A window's start and end are the same moments in UTC, in whole seconds."""
    window = between(first, second)
    early, late = (moment.astimezone(UTC) for moment in in_order(first, second))
    assert (window.start.tzinfo, window.end.tzinfo, window.minutes) == (UTC, UTC, None)
    assert timedelta(0) <= early - window.start < SECOND
    assert timedelta(0) <= late - window.end < SECOND
    assert window.start.microsecond == window.end.microsecond == 0


@given(moments, moments, zones)
def test_windows_are_equal_in_every_zone(first, second, zone):
    """The same two moments make equal windows in every zone."""
    window = between(first, second)
    again = Window.between(window.start.astimezone(zone), window.end.astimezone(zone))
    assert (again, hash(again), str(again)) == (window, hash(window), str(window))


@given(moments, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_an_end_not_after_the_start_is_refused(start, back):
    """Empty and backward windows are refused."""
    with pytest.raises(InvalidWindow):
        Window.between(start, start.astimezone(UTC) - min(back, timedelta(days=1)))


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 (that is the point)
        date(2026, 1, 1),
        "2026-01-01T00:00:00Z",
        None,
        0,
        datetime.min.replace(tzinfo=timezone(HOUR)),
        datetime.max.replace(tzinfo=timezone(-HOUR)),
    ],
)
def test_other_values_are_not_times(time):
    """Naive times, other types and times outside the calendar are refused as start and end."""
    with pytest.raises(InvalidWindow):
        Window.between(time, NOON)
    with pytest.raises(InvalidWindow):
        Window.between(NOON, time)
    with pytest.raises(InvalidWindow):
        Window.last(minutes=1).at(time)


@given(moments, moments, st.integers(1, 10_000))
def test_split_covers_exactly(first, second, step):
    """Parts fill the window without gap or overlap, and only the last may be shorter."""
    window = between(first, second)
    minutes = max(step, int((window.end - window.start) / timedelta(minutes=500)))
    pieces = window.split(minutes=minutes)
    lengths = [piece.end - piece.start for piece in pieces]
    assert (pieces[0].start, pieces[-1].end) == (window.start, window.end)
    assert all(earlier.end == later.start for earlier, later in pairwise(pieces))
    assert set(lengths[:-1]) <= {timedelta(minutes=minutes)}
    assert timedelta(0) < lengths[-1] <= timedelta(minutes=minutes)


@pytest.mark.parametrize("hours", [25, 10**6, 10**9, 10**12, 10**400])
def test_a_part_longer_than_the_window_is_the_window(hours):
    """A part longer than the window is the window."""
    window = Window.day(date(2026, 1, 1), tz="UTC")
    assert window.split(hours=hours) == [window]


def test_split_adds_hours_and_minutes():
    """Hours and minutes of a part add up, in elapsed time also if clocks change."""
    day = Window.day(date(2026, 3, 8), tz="America/New_York")
    lengths = [(piece.end - piece.start) / HOUR for piece in day.split(hours=7, minutes=30)]
    assert lengths == [7.5, 7.5, 7.5, 0.5]


@pytest.mark.parametrize("length", [{}, {"minutes": 0}, {"hours": -1}, {"minutes": 0.5}])
def test_parts_have_at_least_a_minute(length):
    """A part has at least one minute and a whole number of them."""
    with pytest.raises(InvalidWindow):
        Window.day(date(2026, 1, 1), tz="UTC").split(**length)


def test_a_relative_window_cannot_be_split():
    """A relative window cannot be split, and the error names the right call."""
    with pytest.raises(InvalidWindow, match=r"\.at\(now\)"):
        Window.last(hours=1).split(minutes=15)


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 400))
def test_last_adds_up(minutes, hours, more):
    """Minutes, hours and days of 24 hours add up, and only ``Minutes`` is sent."""
    total = minutes + 60 * hours + 1440 * more
    assume(total)
    window = Window.last(minutes=minutes, hours=hours, days=more)
    assert window.parameters() == (("Minutes", str(total)),)
    assert (window.start, window.end) == (None, None)


@pytest.mark.parametrize("value", [-1, 0.5, 15.0, True, "15", None])
@pytest.mark.parametrize("name", ["minutes", "hours", "days"])
def test_last_takes_whole_numbers(name, value):
    """Fractions, booleans, text and negative numbers are refused by the argument's name."""
    with pytest.raises(InvalidWindow, match=name):
        Window.last(**{"minutes": 1, name: value})


def test_zero_minutes_are_refused():
    """Zero minutes are refused, and the error names the right call."""
    with pytest.raises(InvalidWindow, match=r"at least one minute, such as minutes=15$"):
        Window.last()


@given(st.integers(1, 10**6), moments)
def test_at_counts_back(minutes, now):
    """A relative window becomes absolute, with its length before the given moment."""
    assume(now.year > 2)
    window = Window.last(minutes=minutes).at(now)
    assert window.end - window.start == timedelta(minutes=minutes)
    assert timedelta(0) <= now.astimezone(UTC) - window.end < SECOND
    assert window.at(NOON) is window


@pytest.mark.parametrize("days", [10**4 * 366, 10**20, 10**400])
def test_at_before_the_year_1_is_refused(days):
    """A relative window that would start before the year 1 is refused."""
    with pytest.raises(InvalidWindow, match="would start before the year 1"):
        Window.last(days=days).at(NOON)


@given(moments, moments)
def test_parameters_are_gmt(first, second):
    """Dates are sent in GMT with a Z, never beside ``Minutes``, and keep the moments."""
    window = between(first, second)
    names, texts = zip(*window.parameters(), strict=True)
    assert names == ("StartDate", "EndDate")
    assert all(len(text) == len("2026-01-01T00:00:00Z") for text in texts)
    assert [datetime.fromisoformat(text) for text in texts] == [window.start, window.end]


@given(moments, moments)
def test_windows_pickle(first, second):
    """A pickled window is equal to the original."""
    for window in (between(first, second), Window.last(minutes=5)):
        assert pickle.loads(pickle.dumps(window)) == window


@pytest.mark.parametrize(
    "made_of",
    [
        {},
        {"minutes": 0},
        {"minutes": True},
        {"minutes": 5, "start": NOON, "end": NOON + timedelta(hours=1)},
        {"start": NOON},
        {"start": NOON.replace(tzinfo=None), "end": NOON},
        {"start": NOON.astimezone(ZoneInfo("Asia/Tokyo")), "end": NOON},
    ],
)
def test_wrong_direct_calls_are_refused(made_of):
    """A direct call of the class with impossible values is refused."""
    with pytest.raises(InvalidWindow, match="make a window with"):
        Window(**made_of)


def test_a_skipped_day_is_left_out():
    """The day that Samoa skipped in 2011 is left out, without a gap."""
    before, after = Window.days(date(2011, 12, 29), date(2011, 12, 31), tz="Pacific/Apia")
    assert before.end == after.start
