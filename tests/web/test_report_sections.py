"""The parts of a report."""

import re
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from taskrouter_stats.web.report_sections import (
    activity_section,
    latest_names,
    length,
    occupancy_section,
    outcome_section,
    queue_section,
    worker_section,
)
from tests.support.stored_rows import row

ACTIVITIES = "worker_activity_durations"
WORKERS = "worker_statistics"


def activity(hour, name, total, **values):
    """Return seconds in an Activity."""
    return row(ACTIVITIES, hour, activity_name=name, total=total, **values)


def worker(name, accepted=0, rejected=0, **values):
    """Return a Worker's Reservations."""
    counts = {"reservations_accepted": accepted, "reservations_rejected": rejected}
    return row(WORKERS, worker_sid=f"WK-{name}", worker_name=name, **counts, **values)


def cells(body):
    """Return the text of a table's rows."""
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", body)
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.split(r"</t[hd]>", text)[:-1]] for text in rows
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "—"),
        (4.24, "4.2 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (3.6e6, "1,000 h 00 min"),
    ],
)
def test_durations_are_shown_in_two_units(seconds, shown):
    """A duration has the two units that fit its size."""
    assert length(seconds) == shown


def test_the_mix_is_by_hour_of_the_zone():
    """An hour holds the windows of all days that begin in it, by the zone's clock."""
    rows = [activity(0, "Available", 900), activity(24, "Available", 900), activity(0, "Busy", 600)]
    title, body = activity_section(rows, ZoneInfo("America/New_York"))
    assert title == "Activity mix by hour"
    assert "<title>04:00 Available: 75.0% (30 min 00 s)</title>" in body
    assert cells(body) == [
        ["Available", "30 min 00 s", "75.0%"],
        ["Busy", "10 min 00 s", "25.0%"],
    ]


def test_longer_windows_are_shown_by_day():
    """Without windows of an hour or less, the mix is by day."""
    rows = [activity(day * 24, "Busy", 600, hours=24) for day in (0, 1)]
    title, body = activity_section(rows, UTC)
    assert title == "Activity mix by day"
    assert re.findall(r"<title>(\S+) Busy", body) == ["2026-11-02", "2026-11-03"]


def test_a_day_beside_hours_is_in_the_table_only():
    """A longer window beside short ones counts in the table only, and the page says so."""
    rows = [activity(0, "Busy", 600), activity(24, "Busy", 1200, hours=24)]
    _, body = activity_section(rows, UTC)
    assert "<title>09:00 Busy: 100.0% (10 min 00 s)</title>" in body
    assert cells(body) == [["Busy", "30 min 00 s", "100.0%"]]
    assert "Windows longer than an hour are in the table only." in body


def test_activities_with_the_least_time_share_a_color():
    """More Activities than colors are one part of each column, and keep their rows of the table."""
    _, body = activity_section(
        [activity(0, f"A{number}", 700 - number) for number in range(7)], UTC
    )
    assert "<title>09:00 2 others: " in body
    assert len(cells(body)) == 7


def test_occupancy_is_busy_among_busy_and_idle():
    """Time in other Activities does not count, and names match in either case."""
    rows = [activity(0, "Busy", 300), activity(0, "Available", 900), activity(0, "Lunch", 5000)]
    _, body = occupancy_section(rows, UTC, busy={"busy"}, idle={"available"})
    assert "<title>09:00: 25.0%</title>" in body


def test_outcomes_have_their_share_of_all_outcomes():
    """Shares are of the Reservations that ended, not of those created."""
    rows = [worker("Ada", 6, 2, reservations_created=10)]
    found = {name: (count, share) for name, count, share in cells(outcome_section(rows)[1])}
    assert found["accepted"] == ("6", "75.0%")
    assert found["timed out"] == ("0", "0.0%")


def test_the_latest_name_of_a_sid_counts():
    """Rows of a renamed resource come under its latest name, and without a name under the SID."""
    rows = [worker("b", window_start=2), worker("b", window_start=1), worker("c", window_start=1)]
    rows[1]["worker_name"], rows[2]["worker_name"] = "old", None
    found = latest_names(rows, "worker_sid", "worker_name")
    assert {sid: {each["worker_name"] for each in each_of} for sid, each_of in found.items()} == {
        "WK-b": {"b"},
        "WK-c": {"WK-c"},
    }


def test_workers_stand_out_by_count_and_by_share():
    """The first list is by accepted Reservations; the second needs ten decided ones."""
    rows = [worker("Ada", 30, 10), worker("Bo", 9, 1), worker("Cy", 1, 8), worker("Di")]
    title, body = worker_section(rows)
    most, least = (cells(part) for part in body.split("Lowest acceptance</h3>"))
    assert title == "4 Workers"
    assert [name for name, *_ in most] == ["Ada", "Bo", "Cy", "Di"]
    assert least == [["Ada", "30", "75.0%"], ["Bo", "9", "90.0%"]]
    assert most[3] == ["Di", "0", "—"]


def test_queues_have_waits_and_service_levels():
    """A queue has its Tasks and waits, and a share for each threshold that was fetched."""
    names = {"task_queue_sid": "WQ1", "task_queue_name": "Sales"}
    queue = row(
        "task_queue_statistics",
        tasks_entered=9,
        reservations_accepted=4,
        wait_duration_until_accepted_total=100.0,
        wait_duration_until_accepted_max=61.0,
        **names,
    )
    split = {"above_reservations_accepted": 1, "below_reservations_accepted": 3}
    splits = [row("task_queue_wait_splits", threshold=20, **split, **names)]
    assert cells(queue_section([queue], splits)[1]) == [
        ["Sales", "9", "4", "0", "25.0 s", "1 min 01 s", "75.0%"]
    ]
    assert cells(queue_section([], splits)[1]) == [["Sales", "75.0%"]]
    assert cells(queue_section([queue], [])[1])[0][1:4] == ["9", "4", "0"]
