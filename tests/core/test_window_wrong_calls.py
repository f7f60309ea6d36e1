"""Wrong windows: the exact text of each error once, and otherwise its beginning."""

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from taskrouter_stats import Window
from taskrouter_stats.errors import InvalidWindow
from tests.support.wrong_calls import refused, rows, same

DAY = date(2026, 11, 1)
EIGHT = datetime(2026, 11, 1, 8, tzinfo=UTC)
NAIVE = EIGHT.replace(tzinfo=None)
EAST = timezone(timedelta(hours=5))
WHOLE = Window.day(DAY, tz="UTC")


@rows(
    (
        "a window of nothing",
        Window,
        InvalidWindow,
        "make a window with Window.last(), Window.between(), Window.day() or Window.days()",
    ),
    (
        "last of nothing",
        Window.last,
        InvalidWindow,
        "expected at least one minute, such as minutes=15",
    ),
    (
        "negative minutes",
        lambda: Window.last(minutes=-5),
        InvalidWindow,
        "minutes=-5: expected a whole number, 0 or more",
    ),
    (
        "minutes since before Christ",
        lambda: Window.last(minutes=2 * 10**9).at(EIGHT),
        InvalidWindow,
        (
            "the window 'last 2000000000 min' before 2026-11-01T08:00:00Z would start before "
            "the year 1"
        ),
    ),
    (
        "times without a zone",
        lambda: Window.between(NAIVE, EIGHT),
        InvalidWindow,
        (
            "start=datetime.datetime(2026, 11, 1, 8, 0) has no time zone; give it one, "
            "such as tzinfo=datetime.UTC"
        ),
    ),
    (
        "the end before the start",
        lambda: Window.between(EIGHT, EIGHT - timedelta(days=1)),
        InvalidWindow,
        "the window ends at 2026-10-31T08:00:00Z, not after its start 2026-11-01T08:00:00Z",
    ),
    (
        "dates for times",
        lambda: Window.between(DAY, DAY),
        InvalidWindow,
        (
            "start=datetime.date(2026, 11, 1) is a date, not a datetime: give datetime(2026, "
            "11, 1, 8, tzinfo=UTC), or for whole days call Window.day(day, tz=…) or "
            "Window.days(first, last, tz=…)"
        ),
    ),
    (
        "text for a time",
        lambda: Window.between("2026-11-01", EIGHT),
        InvalidWindow,
        (
            "start='2026-11-01' is not a datetime: give one, such as "
            "datetime(2026, 11, 1, 8, tzinfo=UTC)"
        ),
    ),
    (
        "a time before all years",
        lambda: Window.between(datetime.min.replace(tzinfo=EAST), EIGHT),
        InvalidWindow,
        (
            "start=datetime.datetime(1, 1, 1, 0, 0, "
            "tzinfo=datetime.timezone(datetime.timedelta(seconds=18000))) is outside the "
            "calendar in UTC"
        ),
    ),
    (
        "text for a day",
        lambda: Window.day("2026-11-01", tz="UTC"),
        InvalidWindow,
        "'2026-11-01' is not a calendar day: give one, such as datetime.date(2026, 11, 1)",
    ),
    (
        "a zone by its offset",
        lambda: Window.day(DAY, tz="CET+1"),
        InvalidWindow,
        "tz='CET+1' is not a time zone: give an IANA name, such as \"Europe/Dublin\"",
    ),
    (
        "the last day of all",
        lambda: Window.day(date.max, tz="UTC"),
        InvalidWindow,
        "9999-12-31 has no next day",
    ),
    (
        "days backwards",
        lambda: Window.days(DAY, DAY - timedelta(days=1), tz="UTC"),
        InvalidWindow,
        "the last day 2026-10-31 is before the first 2026-11-01",
    ),
    (
        "a relative window split",
        lambda: Window.last(hours=8).split(hours=1),
        InvalidWindow,
        "cannot split the relative window 'last 480 min': call .at(now).split(…)",
    ),
)
async def test_errors_of_wrong_windows_have_these_texts(call, error, says):
    """A constructor of windows refuses a wrong argument with this text."""
    assert same(await refused(call), error, says)


@pytest.mark.parametrize(
    ("call", "beginning"),
    [
        (lambda: Window.last(minutes=0), "expected at least one minute"),
        (lambda: Window.last(minutes=1.5), "minutes=1.5: "),
        (lambda: Window.last(minutes=True), "minutes=True: "),
        (lambda: Window.last(minutes=math.nan), "minutes=nan: "),
        (lambda: Window.last(minutes="15"), "minutes='15': "),
        (lambda: Window.last(days=timedelta(days=1)), "days=datetime.timedelta(days=1): "),
        (lambda: Window.last(minutes=10**30).at(EIGHT), "the window 'last 10000"),
        (lambda: Window.between(EIGHT, NAIVE), "end=datetime.datetime("),
        (lambda: Window.between(EIGHT, EIGHT), "the window ends at "),
        (lambda: Window.between(1.7e9, 1.8e9), "start=1700000000.0 is not a datetime"),
        (lambda: Window.between(EIGHT, None), "end=None is not a datetime"),
        (lambda: Window.day(EIGHT, tz="UTC"), "datetime.datetime("),
        (lambda: Window.day(DAY, tz="Berlin"), "tz='Berlin' is not a time zone"),
        (lambda: Window.day(DAY, tz=None), "tz=None is not a time zone"),
        (lambda: Window.day(DAY, tz="../../passwd"), "tz='../../passwd' is not a time zone"),
        (lambda: Window.days(DAY, 7, tz="UTC"), "7 is not a calendar day"),
        (WHOLE.split, "expected at least one minute"),
        (lambda: WHOLE.split(hours=0.5), "hours=0.5: "),
        (lambda: Window.last(hours=8).at(NAIVE), "now=datetime.datetime("),
    ],
)
async def test_errors_of_wrong_windows_name_the_argument(call, beginning):
    """Every other wrong argument is refused with an error that begins with it."""
    caught = await refused(call)
    assert type(caught) is InvalidWindow
    assert str(caught).startswith(beginning)
