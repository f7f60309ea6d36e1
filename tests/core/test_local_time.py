"""Times, days and zones of other libraries, and times that no clock showed."""

import sys
import zoneinfo
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import dateutil.tz
import pendulum
import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core import local_time
from taskrouter_stats.core.local_time import (
    find_zone,
    has_zones,
    midnight,
    moments_of,
    plain_day,
    plain_utc,
    plain_zone,
)
from taskrouter_stats.errors import InvalidWindow

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Stamp(datetime):
    """A datetime of a library with ideas of its own, such as nanoseconds."""

    nanosecond = 7

    def astimezone(self, tz=None):
        """Give what nobody expects."""
        return Stamp(1999, 1, 1, tzinfo=tz)

    def replace(self, **_):
        """Give what nobody expects either."""
        return "a time of my own"

    def __sub__(self, other):
        return "a duration of my own"


class NotATime(datetime):
    """Like pandas.NaT: a datetime by its class alone."""

    year = property(lambda self: float("nan"))

    def utcoffset(self):
        """Refuse, as pandas does."""
        raise ValueError("NaTType does not support utcoffset")


class Frozen(type):
    """Like freezegun's: every datetime counts as one of this class."""

    def __instancecheck__(cls, value):
        return isinstance(value, datetime)


class FakeDatetime(datetime, metaclass=Frozen):
    """What stands in the place of ``datetime`` while time is frozen."""


class Unfinished(tzinfo):
    """A zone that knows its offset and can't go back from UTC."""

    def utcoffset(self, _):
        """An hour."""
        return timedelta(hours=1)

    def dst(self, _):
        """Unknown."""


class TestPlainUtc:
    """From any datetime to a plain one."""

    @pytest.mark.parametrize(
        "time",
        [
            Stamp(2026, 11, 1, 7, 0, 0, 999_999, tzinfo=NEW_YORK),
            pendulum.datetime(2026, 11, 1, 7, tz="America/New_York"),
            pytz.timezone("America/New_York").localize(datetime(2026, 11, 1, 7)),  # noqa: DTZ001
            datetime(2026, 11, 1, 7, tzinfo=dateutil.tz.gettz("America/New_York")),
            datetime(2026, 11, 1, 13, tzinfo=Unfinished()),
            FakeDatetime(2026, 11, 1, 12, tzinfo=UTC),
        ],
    )
    def test_any_library(self, time):
        """It is the same moment in whole seconds, of Python's own type, in Python's own UTC."""
        found = plain_utc("start", time)
        assert (type(found), found, found.tzinfo, found.fold) == (datetime, NOON, UTC, 0)

    def test_while_time_is_frozen(self, monkeypatch):
        """It is plain also while a library has put its own class in the place of datetime."""
        monkeypatch.setattr(local_time, "datetime", FakeDatetime)
        found = plain_utc("now", FakeDatetime(2026, 11, 1, 7, tzinfo=NEW_YORK))
        assert (type(found), found) == (datetime, NOON)

    @pytest.mark.parametrize("tz", [None, UTC])
    def test_what_is_not_a_time(self, tz):
        """What a library calls not-a-time is refused in words, not by its own error."""
        with pytest.raises(InvalidWindow, match=r"start=.* is not a time"):
            plain_utc("start", NotATime(2026, 1, 1, tzinfo=tz))

    @pytest.mark.parametrize(
        ("zone", "time", "nearest"),
        [
            (
                "America/New_York",
                datetime(2026, 3, 8, 2, 30),  # noqa: DTZ001
                "2026-03-08T01:59:59-05:00 and 2026-03-08T03:00:00-04:00",
            ),
            (
                "Asia/Beirut",
                datetime(2026, 3, 29),  # noqa: DTZ001
                "2026-03-28T23:59:59+02:00 and 2026-03-29T01:00:00+03:00",
            ),
            (
                "Pacific/Apia",
                datetime(2011, 12, 30, 12),  # noqa: DTZ001
                "2011-12-29T23:59:59-10:00 and 2011-12-31T00:00:00+14:00",
            ),
        ],
    )
    def test_a_time_that_clocks_skip(self, zone, time, nearest):
        """It is refused by any library's zone, and the nearest that there are are named."""
        for tz in (ZoneInfo(zone), dateutil.tz.gettz(zone)):
            for fold in (0, 1):
                with pytest.raises(InvalidWindow) as caught:
                    plain_utc("end", time.replace(tzinfo=tz, fold=fold))
                assert str(caught.value).endswith(
                    f" was skipped when clocks went forward: the nearest times are {nearest}"
                )

    def test_a_time_that_comes_twice(self):
        """It is the first, unless its fold says that it is the second."""
        twice = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
        found = [plain_utc("start", twice.replace(fold=fold)).hour for fold in (0, 1)]
        assert found == [5, 6]

    def test_a_pytz_zone_past_localize(self):
        """Local mean time is refused, with the zone to use instead."""
        time = datetime(2026, 11, 1, tzinfo=pytz.timezone("America/New_York"))
        with pytest.raises(InvalidWindow, match=r'ZoneInfo\("America/New_York"\) instead'):
            plain_utc("start", time)

    @given(st.datetimes(timezones=st.timezones(), allow_imaginary=True))
    def test_a_time_is_right_or_refused(self, time):
        """What is accepted is shown by its zone's clock at that moment."""
        try:
            found = plain_utc("start", time)
        except InvalidWindow:
            return
        whole = time.replace(microsecond=0)
        assert whole.replace(tzinfo=None) - found.astimezone(time.tzinfo).replace(tzinfo=None) in (
            timedelta(0),
            timedelta(microseconds=time.microsecond),
        )


def test_moments_of_a_local_time():
    """A local time comes once, twice when clocks go back, never when they skip it."""
    hour = timedelta(hours=1)
    days = [datetime(2026, *day, 2) - hour / 2 for day in ((7, 1), (11, 1))]  # noqa: DTZ001
    skipped = datetime(2026, 3, 8, 2, 30)  # noqa: DTZ001
    found = [moments_of(wall, NEW_YORK) for wall in (*days, skipped)]
    twice = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert found == [(datetime(2026, 7, 1, 5, 30, tzinfo=UTC),), (twice, twice + hour), ()]


class TestMidnight:
    """Where a local day begins."""

    @pytest.mark.parametrize(
        ("zone", "day", "start"),
        [
            ("Asia/Beirut", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),
            ("America/Toronto", date(1919, 3, 31), datetime(1919, 3, 31, 4, 30, tzinfo=UTC)),
            ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ],
    )
    def test_any_library(self, zone, day, start):
        """Skipped or twice, it is the day's first moment, whichever library has the zone."""
        for tz in (ZoneInfo(zone), dateutil.tz.gettz(zone), plain_zone(pytz.timezone(zone))):
            assert midnight(day, tz) == start

    def test_a_zone_that_cannot_go_back(self):
        """A zone that only tells its offset is believed."""
        assert midnight(date(2026, 1, 1), Unfinished()).hour == 23


def test_days_become_plain():
    """A day of another library is a plain date, and a datetime is not a day."""
    found = plain_day(pendulum.date(2026, 11, 1))
    assert (type(found), found) == (date, date(2026, 11, 1))
    with pytest.raises(InvalidWindow, match="no calendar day"):
        plain_day(pendulum.datetime(2026, 11, 1))


class Name(str):
    """A name that shows itself as another."""

    __slots__ = ()

    def __str__(self):
        return "Mars/Base"


class Uncached(ZoneInfo):
    """Zones with a cache of their own, which is empty."""


class TestZones:
    """Names and zones of other libraries."""

    @pytest.mark.parametrize(
        "tz", ["America/New_York", Name("America/New_York"), pytz.timezone("America/New_York")]
    )
    def test_names(self, tz):
        """A name, whatever its type, and a pytz zone are the zone of that name."""
        assert plain_zone(tz) is NEW_YORK

    @pytest.mark.parametrize(
        "tz", [NEW_YORK, UTC, dateutil.tz.gettz("Europe/Dublin"), pytz.FixedOffset(60)]
    )
    def test_zones_stay(self, tz):
        """A zone that cuts days rightly stays as it is."""
        assert plain_zone(tz) is tz

    @pytest.fixture
    def no_database(self, monkeypatch):
        """A machine without time zones, as Windows or a small container image."""
        for name in {"tzdata", *(name for name in sys.modules if name.startswith("tzdata."))}:
            monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setattr(local_time, "ZoneInfo", Uncached)
        zoneinfo.reset_tzpath(to=())
        yield
        zoneinfo.reset_tzpath()

    @pytest.mark.usefixtures("no_database")
    def test_without_a_database(self):
        """UTC is served, by its name and as pytz has it; other names say what to install."""
        assert [plain_zone(tz) for tz in ("UTC", "Etc/UTC", pytz.utc)] == [UTC] * 3
        assert midnight(date(2026, 1, 1), plain_zone("UTC")) == datetime(2026, 1, 1, tzinfo=UTC)
        for tz in ("Europe/Dublin", pytz.timezone("Europe/Dublin")):
            with pytest.raises(InvalidWindow, match="pip install tzdata"):
                plain_zone(tz)

    def test_a_name_of_no_zone(self):
        """With a database a wrong name is a wrong name."""
        assert find_zone("Mars/Base") is None
        assert has_zones()
