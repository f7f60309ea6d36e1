"""Windows that can't be, and the exact words with which each is refused."""

import math
from datetime import UTC, date, datetime, timedelta, timezone

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
        ("make a window with Window.last(), Window.between(), Window.day() or Window.days()"),
    ),
    (
        "last of nothing",
        Window.last,
        InvalidWindow,
        "at least one minute is needed, such as minutes=15",
    ),
    (
        "no minutes",
        lambda: Window.last(minutes=0),
        InvalidWindow,
        "at least one minute is needed, such as minutes=15",
    ),
    (
        "negative minutes",
        lambda: Window.last(minutes=-5),
        InvalidWindow,
        "minutes=-5: a whole number, not negative, is expected",
    ),
    (
        "half a minute more",
        lambda: Window.last(minutes=1.5),
        InvalidWindow,
        "minutes=1.5: a whole number, not negative, is expected",
    ),
    (
        "True minutes",
        lambda: Window.last(minutes=True),
        InvalidWindow,
        "minutes=True: a whole number, not negative, is expected",
    ),
    (
        "minutes that are no number",
        lambda: Window.last(minutes=math.nan),
        InvalidWindow,
        "minutes=nan: a whole number, not negative, is expected",
    ),
    (
        "minutes as text",
        lambda: Window.last(minutes="15"),
        InvalidWindow,
        "minutes='15': a whole number, not negative, is expected",
    ),
    (
        "days as a timedelta",
        lambda: Window.last(days=timedelta(days=1)),
        InvalidWindow,
        "days=datetime.timedelta(days=1): a whole number, not negative, is expected",
    ),
    (
        "minutes since before Christ",
        lambda: Window.last(minutes=2 * 10**9).at(EIGHT),
        InvalidWindow,
        "last 2000000000 min before 2026-11-01T08:00:00Z is before the calendar",
    ),
    (
        "minutes beyond all numbers",
        lambda: Window.last(minutes=10**30).at(EIGHT),
        InvalidWindow,
        (
            "last 1000000000000000000000000000000 min before 2026-11-01T08:00:00Z is "
            "before the calendar"
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
        "an end without a zone",
        lambda: Window.between(EIGHT, NAIVE),
        InvalidWindow,
        (
            "end=datetime.datetime(2026, 11, 1, 8, 0) has no time zone; give it one, such "
            "as tzinfo=datetime.UTC"
        ),
    ),
    (
        "the end before the start",
        lambda: Window.between(EIGHT, EIGHT - timedelta(days=1)),
        InvalidWindow,
        (
            "the window ends at 2026-10-31T08:00:00Z, which is not after its start "
            "2026-11-01T08:00:00Z"
        ),
    ),
    (
        "the end at the start",
        lambda: Window.between(EIGHT, EIGHT),
        InvalidWindow,
        (
            "the window ends at 2026-11-01T08:00:00Z, which is not after its start "
            "2026-11-01T08:00:00Z"
        ),
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
        "start='2026-11-01' is no datetime; datetime(2026, 11, 1, 8, tzinfo=UTC) is",
    ),
    (
        "seconds for a time",
        lambda: Window.between(1.7e9, 1.8e9),
        InvalidWindow,
        "start=1700000000.0 is no datetime; datetime(2026, 11, 1, 8, tzinfo=UTC) is",
    ),
    (
        "no end",
        lambda: Window.between(EIGHT, None),
        InvalidWindow,
        "end=None is no datetime; datetime(2026, 11, 1, 8, tzinfo=UTC) is",
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
        "'2026-11-01' is no calendar day; datetime.date(2026, 11, 1) is",
    ),
    (
        "a time for a day",
        lambda: Window.day(EIGHT, tz="UTC"),
        InvalidWindow,
        (
            "datetime.datetime(2026, 11, 1, 8, 0, tzinfo=datetime.timezone.utc) is no "
            "calendar day; datetime.date(2026, 11, 1) is"
        ),
    ),
    (
        "a zone by its offset",
        lambda: Window.day(DAY, tz="CET+1"),
        InvalidWindow,
        "tz='CET+1' is no time zone; an IANA name such as \"Europe/Dublin\" is",
    ),
    (
        "a city alone for a zone",
        lambda: Window.day(DAY, tz="Berlin"),
        InvalidWindow,
        "tz='Berlin' is no time zone; an IANA name such as \"Europe/Dublin\" is",
    ),
    (
        "no zone",
        lambda: Window.day(DAY, tz=None),
        InvalidWindow,
        'tz=None is no time zone; an IANA name such as "Europe/Dublin" is',
    ),
    (
        "a file for a zone",
        lambda: Window.day(DAY, tz="../../passwd"),
        InvalidWindow,
        "tz='../../passwd' is no time zone; an IANA name such as \"Europe/Dublin\" is",
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
        "a number of days",
        lambda: Window.days(DAY, 7, tz="UTC"),
        InvalidWindow,
        "7 is no calendar day; datetime.date(2026, 11, 1) is",
    ),
    (
        "a relative window cut",
        lambda: Window.last(hours=8).split(hours=1),
        InvalidWindow,
        "a window that says only 'last 480 min' can't be cut: call .at(now).split(…)",
    ),
    (
        "cut into nothing",
        WHOLE.split,
        InvalidWindow,
        "at least one minute is needed, such as minutes=15",
    ),
    (
        "cut into halves of hours",
        lambda: WHOLE.split(hours=0.5),
        InvalidWindow,
        "hours=0.5: a whole number, not negative, is expected",
    ),
    (
        "now without a zone",
        lambda: Window.last(hours=8).at(NAIVE),
        InvalidWindow,
        (
            "now=datetime.datetime(2026, 11, 1, 8, 0) has no time zone; give it one, such "
            "as tzinfo=datetime.UTC"
        ),
    ),
)
async def test_a_wrong_window_is_refused_in_these_words(call, error, says):
    """A window that can't be is refused where it is made, by the argument's name."""
    assert same(await refused(call), error, says)
