"""Rows of answers."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import dateutil.tz
import pendulum
import pytest

from taskrouter_stats import Success, Window, models, queries
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.etl import SCHEMAS
from taskrouter_stats.etl.rows import (
    ROW_BYTES,
    estimated_bytes,
    rows,
    zone_name,
)
from taskrouter_stats.etl.state.overlaps import planned_windows
from taskrouter_stats.models import structure

WS, WK, AC, WA, WQ = (prefix + "1" * 32 for prefix in ("WS", "WK", "AC", "WA", "WQ"))
WORKER = "worker_statistics"
DAY = Window.day(date(2026, 11, 1), tz="America/New_York")
NEW_YORK = "America/New_York"
LATER = datetime(2026, 11, 5, tzinfo=UTC)


def success(payload, window=DAY, **filters):
    """Return a worker's statistics as a stream delivers them."""
    query = queries.worker_statistics(WS, WK, window, **filters)
    worker = models.Worker(sid=WK, friendly_name="Ada", account_sid=AC)
    named = {"workspace_sid": WS, "worker_sid": WK, "cumulative": {}}
    value = structure({**named, **payload}, models.WorkerStatistics)
    return Success(
        query.__class__(query.endpoint, query.sids, window, query.filters, (), worker),
        value,
        Meta(),
    )


def test_a_worker_is_one_row_and_each_activity_another():
    """Names, times, counts and durations are in the columns of the same names."""
    duration = {"sid": WA, "friendly_name": "Idle", "avg": 1, "min": 1, "max": 2, "total": 3}
    cumulative = {"reservations_created": "4", "activity_durations": [{**duration, "new": 1}]}
    tables = rows(success({"cumulative": cumulative}, task_channel="voice"), fetched_at=LATER)
    (row,), (activity,) = tables["worker_statistics"], tables["worker_activity_durations"]
    assert list(row) == list(SCHEMAS["worker_statistics"].names)
    assert (row["worker_name"], row["account_sid"], row["task_channel"]) == ("Ada", AC, "voice")
    assert (row["day"], row["tz"], row["complete"]) == (date(2026, 11, 1), str(DAY.tz), True)
    assert (row["reservations_created"], row["reservations_accepted"]) == (4, None)
    assert set(activity) == set(SCHEMAS["worker_activity_durations"].names)
    assert (activity["activity_name"], activity["total"], activity["extra"]) == (
        "Idle",
        3.0,
        {"new": 1},
    )


def test_an_empty_cumulative_is_a_row_of_nulls():
    """A worker without counts in the answer has a row all the same."""
    tables = rows(success({"cumulative": {}}))
    (row,) = tables["worker_statistics"]
    assert row["worker_sid"] == WK
    assert {row[name] for name in row if name.startswith("reservations")} == {None}
    assert tables["worker_activity_durations"] == []


def test_unknown_keys_are_kept():
    """Unknown keys of every level are in the row's ``extra``."""
    (row,) = rows(success({"a": 1, "cumulative": {"b": 2}}))["worker_statistics"]
    assert row["extra"] == {"a": 1, "cumulative": {"b": 2}}


@pytest.mark.parametrize(
    ("fetched_at", "complete"),
    [(DAY.end, False), (DAY.end + timedelta(hours=1), True), (None, None)],
)
def test_a_window_is_complete_once_it_has_settled(fetched_at, complete):
    """A row says whether its window ended an hour before the fetch, if both are known."""
    (row,) = rows(success({}), fetched_at=fetched_at)["worker_statistics"]
    assert row["complete"] is complete


@pytest.mark.parametrize(("short", "complete"), [(0, True), (59, True), (60, False)])
def test_an_answer_that_ends_before_its_window_is_not_complete(short, complete):
    """An answer is not complete if the server counted to a minute before the window's end."""
    counted_to = (DAY.end - timedelta(seconds=short)).isoformat()
    answer = success({"cumulative": {"end_time": counted_to}})
    (row,) = rows(answer, fetched_at=LATER)["worker_statistics"]
    assert row["complete"] is complete


class Own(datetime):
    """A datetime of another library."""


def test_times_of_a_subclass_become_plain_ones():
    """Rows hold plain datetimes, whatever class the window's times have."""
    start = Own(2026, 11, 1, 12, tzinfo=UTC)
    window = Window(start=start, end=Own(2026, 11, 1, 13, tzinfo=UTC))
    (row,) = rows(success({}, window), fetched_at=Own(2026, 11, 5, tzinfo=UTC))["worker_statistics"]
    times = [row[name] for name in ("window_start", "window_end", "fetched_at")]
    assert times == [start, start + timedelta(hours=1), LATER]
    assert {type(time) for time in times} == {datetime}
    assert type(row["day"]) is date


class Nameless(tzinfo):
    """A zone whose text is a path of this machine."""

    def utcoffset(self, dt):
        """Return five hours and a half."""
        return timedelta(hours=5.5)

    def dst(self, dt):
        """Return no difference of summer time."""
        return timedelta(0)

    def __str__(self):
        """Return a path."""
        return "tzfile('/etc/localtime')"


@pytest.mark.parametrize(
    ("tz", "name"),
    [
        (ZoneInfo(NEW_YORK), NEW_YORK),
        (dateutil.tz.gettz(NEW_YORK), NEW_YORK),
        (pendulum.timezone(NEW_YORK), NEW_YORK),
        (dateutil.tz.tzutc(), "UTC"),
        (UTC, "UTC"),
        (timezone(timedelta(hours=-5)), "UTC-05:00"),
        (timezone(timedelta(hours=-5), "the office"), "UTC-05:00"),
        (Nameless(), "UTC+05:30"),
    ],
    ids=str,
)
def test_a_row_names_its_zone_and_no_path(tz, name):
    """Rows, failures and the checkpoint name a zone by its IANA name or by its offset."""
    window = Window.day(date(2026, 11, 4), tz=tz)
    (row,) = rows(success({}, window), fetched_at=LATER)["worker_statistics"]
    assert row["tz"] == zone_name(tz, window.start) == name
    assert row["day"] == date(2026, 11, 4)
    assert {stored.zone for stored in planned_windows(success({}).query, [window])} == {name}


def test_the_estimated_bytes_count_rows_names_and_unknown_keys():
    """The estimate grows with activities, with long names and with keys that no model knows."""
    durations = [{"sid": WA, "friendly_name": "x" * 5000}] * 10
    few, many = ({"cumulative": {"activity_durations": durations[:count]}} for count in (1, 10))
    plain, one, ten = (estimated_bytes(success(body).value) for body in ({}, few, many))
    assert (plain, one, ten) == (ROW_BYTES, 2 * ROW_BYTES + 5000, 11 * ROW_BYTES + 50_000)
    unknown = {"new": {"a": ["y" * 9000]}}
    assert 9000 < estimated_bytes(success({"cumulative": unknown}).value) - plain < 10_000
