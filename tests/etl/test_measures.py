"""Measures are quotients of sums over all rows of a group."""

import math
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window
from taskrouter_stats.errors import InvalidParameter, UsageError
from taskrouter_stats.etl import SCHEMAS, measures
from taskrouter_stats.etl.schemas import EXPORTED

counts = st.integers(0, 10_000)
split_counts = st.tuples(counts, counts, counts, counts)


def split(accepted_within, accepted_after, canceled_within=0, canceled_after=0, threshold=20):
    """Return a row of ``task_queue_wait_splits``."""
    return {
        "threshold": threshold,
        "below_reservations_accepted": accepted_within,
        "above_reservations_accepted": accepted_after,
        "below_tasks_canceled": canceled_within,
        "above_tasks_canceled": canceled_after,
    }


def waits(total, accepted, **changes):
    """Return a row of ``task_queue_statistics``."""
    row = {"wait_duration_until_accepted_total": total, "reservations_accepted": accepted}
    return {**row, **changes}


def spent(name, total, sid="WA1"):
    """Return a row of ``worker_activity_durations``."""
    return {"activity_name": name, "activity_sid": sid, "total": total}


@pytest.mark.parametrize(
    ("canceled", "expected"),
    [("late", 70 / 95), ("missed", 70 / 100), ("met", 75 / 100), ("ignored", 70 / 90)],
)
def test_each_definition_of_the_service_level_counts_canceled_tasks_in_its_way(canceled, expected):
    """Of 70 accepted in time, 20 late, 5 canceled in time and 5 late, each has its share."""
    rows = [split(70, 20, 5, 5), split(99, 1, threshold=60)]
    assert measures.service_level(rows, 20, canceled=canceled) == expected


def test_the_service_level_of_two_hours_is_no_mean_of_theirs():
    """A busy hour weighs more than a quiet one."""
    quiet, busy = split(1, 1), split(98, 0)
    assert measures.service_level([quiet, busy], 20) == 0.99
    assert (measures.service_level([quiet], 20), measures.service_level([busy], 20)) == (0.5, 1)


@given(st.lists(st.lists(split_counts, max_size=4), max_size=4), st.sampled_from(["late", "met"]))
def test_a_service_level_does_not_depend_on_how_windows_are_cut(groups, canceled):
    """The rows of all windows, and one row of their sums, have the same service level."""
    rows = [split(*found) for group in groups for found in group]
    whole = split(*(sum(found[n] for group in groups for found in group) for n in range(4)))
    level = measures.service_level(rows, 20, canceled=canceled)
    assert level == measures.service_level([whole], 20, canceled=canceled)
    assert level is None or 0 <= level <= 1


def test_without_tasks_there_is_no_service_level():
    """A measure that has nothing to divide by is None."""
    assert measures.service_level([], 20) is None
    assert measures.service_level([split(0, 0, 5)], 20) is None
    assert measures.acceptance_rate([]) is None
    assert measures.mean_wait([waits(0, 0)]) is None
    assert measures.occupancy([], busy={"Busy"}, idle={"Idle"}) is None


def test_another_threshold_than_those_fetched_raises_an_error():
    """The error names the thresholds that the rows have."""
    rows = [split(1, 1, threshold=60), split(1, 1, threshold=5)]
    with pytest.raises(InvalidParameter, match="seconds=20: one of 5, 60"):
        measures.service_level(rows, 20)


def test_an_acceptance_rate_counts_what_workers_decided():
    """Reservations that were canceled, rescinded or still open do not count."""
    row = {"reservations_created": 20, "reservations_canceled": 4, "reservations_rescinded": 2}
    row |= {"reservations_accepted": 9, "reservations_rejected": 1, "reservations_timed_out": 2}
    assert measures.acceptance_rate([row]) == 9 / 12


def test_a_mean_wait_is_weighted():
    """Ten Tasks that waited a second and one that waited a minute waited 70 / 11 seconds."""
    assert measures.mean_wait([waits(10.0, 10), waits(60.0, 1)]) == 70 / 11
    canceled = {"wait_duration_until_canceled_total": 8.0, "tasks_canceled": 2}
    assert measures.mean_wait([canceled], "until_canceled") == 4
    queue = {"wait_duration_in_queue_until_accepted_total": 9.0, "reservations_accepted": 3}
    assert measures.mean_wait([queue], "in_queue_until_accepted") == 3


@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_row_without_one_of_the_counts_adds_to_no_sum(missing):
    """A null, or the NaN that pandas makes of it, is not zero: its row is left out."""
    assert measures.mean_wait([waits(50.0, missing), waits(10.0, 5), waits(missing, 5)]) == 2
    assert measures.service_level([split(5, missing), split(1, 1)], 20) == 0.5
    durations = [spent("Busy", missing), spent("Busy", 1.0), spent("Idle", 1.0)]
    assert measures.occupancy(durations, busy={"Busy"}, idle={"Idle"}) == 0.5


def test_occupancy_is_busy_time_in_busy_and_idle_time():
    """Other Activities do not count, and names match in either case, as do SIDs."""
    rows = [spent("Busy", 60), spent("Wrap-up", 15), spent("Idle", 25, "WA9"), spent("Break", 500)]
    assert measures.occupancy(rows, busy={"busy", "wrap-up"}, idle={"wa9"}) == 0.75


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: measures.service_level([], 20, canceled="all"), "canceled='all': one of late, "),
        (lambda: measures.mean_wait([], "avg"), "wait='avg': one of until_accepted, "),
        (lambda: measures.occupancy([], busy="Busy", idle={"Idle"}), "busy='Busy': names of "),
        (lambda: measures.occupancy([], busy={"Busy"}, idle=()), r"idle=\(\): names of Activities"),
        (lambda: measures.occupancy([], busy={"A"}, idle={"a"}), r"idle=\['a'\]: Activities that"),
        (lambda: measures.acceptance_rate([{}]), "no column reservations_accepted: expected rows"),
        (lambda: measures.service_level([{}], 20), "no column threshold: expected rows"),
    ],
)
def test_a_wrong_call_raises_an_error(call, says):
    """The error says what is wrong and what is expected."""
    with pytest.raises(UsageError, match=says):
        call()


@pytest.mark.parametrize(
    ("tz", "day", "hours", "first", "second"),
    [
        ("America/New_York", date(2026, 11, 1), 25, "01:00-04:00", "01:00-05:00"),
        ("America/New_York", date(2026, 3, 8), 23, "01:00-05:00", "03:00-04:00"),
        ("Europe/Berlin", date(2026, 10, 25), 25, "02:00+02:00", "02:00+01:00"),
        ("Europe/Berlin", date(2026, 3, 29), 23, "01:00+01:00", "03:00+02:00"),
    ],
)
def test_each_hour_of_a_day_has_its_own_local_time(tz, day, hours, first, second):
    """The hour that comes twice is two hours, and the skipped one does not exist."""
    windows = Window.day(day, tz=tz).split(hours=1)
    found = [measures.local_hour({"window_start": w.start, "tz": tz}) for w in windows]
    assert (len(set(found)), found[0][:16]) == (hours, f"{day}T00:00")
    at = found.index(f"{day}T{first}")
    assert found[at + 1] == f"{day}T{second}"


def test_local_hours_are_read_from_text_and_from_offsets():
    """JSON Lines hold times as text, and a zone without a name is an offset."""
    row = {"window_start": "2026-11-01T05:00:00Z", "tz": "UTC-05:00"}
    assert measures.local_hour(row) == "2026-11-01T00:00-05:00"
    row = {"window_start": datetime(2026, 11, 1, 5, tzinfo=UTC), "tz": "UTC"}
    assert measures.local_hour(row) == "2026-11-01T05:00+00:00"


def test_the_page_says_of_each_column_how_it_adds_up():
    """One row of the page's table, and no other, has each number of cumulative statistics."""
    page = Path(measures.__file__).with_name("README.md").read_text("utf-8")
    table = page[page.index("| add up over windows") :].partition("\n\n")[0]
    patterns = [
        re.escape(name).replace("…", r"\w+")
        for name in re.findall(r"(?:^\| |, |: |^\| \| )`([^`]+)`", table, re.MULTILINE)
    ]
    columns = {
        column.name
        for name in EXPORTED
        for column in SCHEMAS[name].columns
        if column.kind in ("int64", "float64") and column.name != "threshold"
    }
    assert len(columns) > 30
    matching = {
        name: [pattern for pattern in patterns if re.fullmatch(pattern, name)] for name in columns
    }
    assert {name: found for name, found in matching.items() if len(found) != 1} == {}
