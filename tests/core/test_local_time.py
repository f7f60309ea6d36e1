"""Tests of times, days and zones of other libraries, and of times that clocks skip."""

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
    """A datetime of a library with additional rules, such as nanoseconds."""

    nanosecond = 7

    def astimezone(self, tz=None):
        """Return a wrong value."""
        return Stamp(1999, 1, 1, tzinfo=tz)

    def replace(self, **_):
        """Return a wrong value."""
        return "a time of my own"

    def __sub__(self, other):
        return "a duration of my own"


class NotATime(datetime):
    """Like pandas.NaT: a datetime by its class alone."""

    year = property(lambda self: float("nan"))

    def utcoffset(self):
        """Raise, as pandas does."""
        raise ValueError("NaTType does not support utcoffset")


class Frozen(type):
    """A metaclass like freezegun's: every datetime is an instance."""

    def __instancecheck__(cls, value):
        return isinstance(value, datetime)


class FakeDatetime(datetime, metaclass=Frozen):
    """The class that replaces ``datetime`` while time is frozen."""


class Unfinished(tzinfo):
    """A zone that knows its offset but cannot convert from UTC."""

    def utcoffset(self, _):
        """An hour."""
        return timedelta(hours=1)

    def dst(self, _):
        """Unknown."""


class TestPlainUtc:
    """Tests of the conversion of any datetime to a plain one."""

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

    def test_frozen_time_stays_plain(self, monkeypatch):
        """The result is plain even while a library has replaced ``datetime``."""
        monkeypatch.setattr(local_time, "datetime", FakeDatetime)
        found = plain_utc("now", FakeDatetime(2026, 11, 1, 7, tzinfo=NEW_YORK))
        assert (type(found), found) == (datetime, NOON)

    @pytest.mark.parametrize("tz", [None, UTC])
    def test_values_that_are_not_times_are_refused(self, tz):
        """A library's not-a-time value raises our error, not the library's."""
        with pytest.raises(InvalidWindow, match=r"start=.* is not a datetime"):
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
    def test_a_skipped_time_is_refused(self, zone, time, nearest):
        """A skipped time of any library's zone is refused, with the nearest times in the error."""
        for tz in (ZoneInfo(zone), dateutil.tz.gettz(zone)):
            for fold in (0, 1):
                with pytest.raises(InvalidWindow) as caught:
                    plain_utc("end", time.replace(tzinfo=tz, fold=fold))
                assert str(caught.value).endswith(
                    f" was skipped when clocks went forward: the nearest times are {nearest}"
                )

    def test_fold_selects_a_repeated_time(self):
        """A repeated time is the first one, unless its fold is 1."""
        twice = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
        found = [plain_utc("start", twice.replace(fold=fold)).hour for fold in (0, 1)]
        assert found == [5, 6]

    def test_a_pytz_zone_without_localize_is_refused(self):
        """Local mean time is refused, and the error names the zone to use."""
        time = datetime(2026, 11, 1, tzinfo=pytz.timezone("America/New_York"))
        with pytest.raises(InvalidWindow, match=r'ZoneInfo\("America/New_York"\) instead'):
            plain_utc("start", time)

    @given(st.datetimes(timezones=st.timezones(), allow_imaginary=True))
    def test_a_time_is_right_or_refused(self, time):
        """An accepted time is what its zone's clock shows at that moment."""
        try:
            found = plain_utc("start", time)
        except InvalidWindow:
            return
        whole = time.replace(microsecond=0)
        assert whole.replace(tzinfo=None) - found.astimezone(time.tzinfo).replace(tzinfo=None) in (
            timedelta(0),
            timedelta(microseconds=time.microsecond),
        )


def test_a_local_time_has_none_one_or_two_moments():
    """A local time happens once, twice if clocks go back, never if they skip it."""
    hour = timedelta(hours=1)
    days = [datetime(2026, *day, 2) - hour / 2 for day in ((7, 1), (11, 1))]  # noqa: DTZ001
    skipped = datetime(2026, 3, 8, 2, 30)  # noqa: DTZ001
    found = [moments_of(wall, NEW_YORK) for wall in (*days, skipped)]
    twice = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert found == [(datetime(2026, 7, 1, 5, 30, tzinfo=UTC),), (twice, twice + hour), ()]


class TestMidnight:
    """Tests of the beginning of a local day."""

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

    def test_a_zone_that_only_has_an_offset_is_accepted(self):
        """A zone that cannot convert from UTC is accepted with its offset."""
        assert midnight(date(2026, 1, 1), Unfinished()).hour == 23


def test_days_become_plain():
    """A day of another library becomes a plain date; a datetime is not a day."""
    found = plain_day(pendulum.date(2026, 11, 1))
    assert (type(found), found) == (date, date(2026, 11, 1))
    with pytest.raises(InvalidWindow, match="not a calendar day"):
        plain_day(pendulum.datetime(2026, 11, 1))


class Name(str):
    """A name whose text is another one."""

    __slots__ = ()

    def __str__(self):
        return "Mars/Base"


class Uncached(ZoneInfo):
    """Zones with a separate cache, which is empty."""


class TestZones:
    """Tests of names and zones of other libraries."""

    @pytest.mark.parametrize(
        "tz", ["America/New_York", Name("America/New_York"), pytz.timezone("America/New_York")]
    )
    def test_names_and_pytz_zones_become_zones(self, tz):
        """A name of any text type, and a pytz zone, become the zone of that name."""
        assert plain_zone(tz) is NEW_YORK

    @pytest.mark.parametrize(
        "tz", [NEW_YORK, UTC, dateutil.tz.gettz("Europe/Dublin"), pytz.FixedOffset(60)]
    )
    def test_other_zones_stay(self, tz):
        """A tzinfo with right midnights stays the same object."""
        assert plain_zone(tz) is tz

    @pytest.fixture
    def no_database(self, monkeypatch):
        """Simulate a machine without time zones, such as Windows or a small container."""
        for name in {"tzdata", *(name for name in sys.modules if name.startswith("tzdata."))}:
            monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setattr(local_time, "ZoneInfo", Uncached)
        zoneinfo.reset_tzpath(to=())
        yield
        zoneinfo.reset_tzpath()

    @pytest.mark.usefixtures("no_database")
    def test_without_a_database_only_utc_is_known(self):
        """Without a database UTC is accepted; for other names the error says what to install."""
        assert [plain_zone(tz) for tz in ("UTC", "Etc/UTC", pytz.utc)] == [UTC] * 3
        assert midnight(date(2026, 1, 1), plain_zone("UTC")) == datetime(2026, 1, 1, tzinfo=UTC)
        for tz in ("Europe/Dublin", pytz.timezone("Europe/Dublin")):
            with pytest.raises(InvalidWindow, match="pip install tzdata"):
                plain_zone(tz)

    def test_an_unknown_name_is_refused(self):
        """With a database, an unknown name is refused as not a time zone."""
        assert find_zone("Mars/Base") is None
        assert has_zones()
