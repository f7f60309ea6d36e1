"""Windows that one output may hold."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, queries
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.state.overlaps import planned_windows, refuse_overlaps, stored_window

WS, WK = "WS" + "1" * 32, "WK" + "1" * 32
QUERY = queries.worker_statistics(WS, WK)
ORIGIN = datetime(2026, 11, 1, tzinfo=UTC)

spans = st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(["UTC", "Asia/Manila"]))


def of(span):
    """Return a planned window of this start and length in hours, and this zone."""
    start, length, zone = span
    begins = ORIGIN + timedelta(hours=start)
    window = Window.between(begins, begins + timedelta(hours=length))
    (planned,) = planned_windows(QUERY, [attrs.evolve(window, tz=ZoneInfo(zone))])
    return planned


def collides(one, other):
    """Return whether two different windows overlap and differ in length or zone."""
    if one[:2] == other[:2]:
        return False
    overlap = one[0] < other[0] + other[1] and other[0] < one[0] + one[1]
    return overlap and one[1:] != other[1:]


@given(st.lists(spans, max_size=6, unique_by=lambda span: span[:2]), st.integers(0, 6))
def test_windows_raise_an_error_exactly_if_two_of_them_collide(given_spans, cut):
    """The check compares each pair of stored and planned windows, and nothing else."""
    stored, planned = (
        {of(span) for span in part} for part in (given_spans[:cut], given_spans[cut:])
    )
    wrong = bool(planned) and any(collides(*pair) for pair in combinations(given_spans, 2))
    if wrong:
        with pytest.raises(ConfigError, match="overlap"):
            refuse_overlaps("lake", stored, planned)
    else:
        refuse_overlaps("lake", stored, planned)


@pytest.mark.parametrize(
    "other",
    [
        queries.worker_statistics("WS" + "2" * 32, WK),
        queries.worker_statistics(WS, WK, task_channel="voice"),
        queries.workspace_cumulative_statistics(WS),
        queries.workers_cumulative_statistics(WS),
        queries.task_queue_cumulative_statistics(WS, "WQ" + "1" * 32),
    ],
    ids=str,
)
def test_other_tables_workspaces_and_channels_do_not_collide(other):
    """Sums are made within one table, Workspace and TaskChannel."""
    hour, day = (Window.between(ORIGIN, ORIGIN + timedelta(hours=n)) for n in (1, 24))
    refuse_overlaps("lake", planned_windows(QUERY, [day]), planned_windows(other, [hour]))


def test_windows_with_other_thresholds_collide():
    """One window with two sets of thresholds would have two rows with one key."""
    day = Window.day(ORIGIN.date(), tz="UTC")
    plain, split, more = (
        planned_windows(
            queries.workspace_cumulative_statistics(WS, split_by_wait_time=thresholds), [day]
        )
        for thresholds in (None, [5], [5, 10])
    )
    refuse_overlaps("lake", split, split)
    for stored, planned in ((plain, split), (split, more), (more, plain)):
        with pytest.raises(ConfigError, match="of workspace_statistics overlap"):
            refuse_overlaps("lake", stored, planned)


def test_a_query_and_a_plan_give_equal_windows():
    """The window of a plan equals the window of each of its queries."""
    window = Window.day(ORIGIN.date(), tz="America/New_York")
    query = queries.worker_statistics(WS.replace("1", "A"), WK, window, task_channel="voice")
    assert {stored_window(query)} == planned_windows(query, [window])
    assert stored_window(query).workspace == "WS" + "a" * 32
    assert stored_window(queries.worker_statistics(WS, WK)) is None
    assert stored_window(queries.workspace_real_time_statistics(WS)) is None
