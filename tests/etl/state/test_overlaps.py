"""Windows that one output may hold."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.state.overlaps import planned_windows, refuse_overlaps, stored_windows

WS = "WS" + "1" * 32
ORIGIN = datetime(2026, 11, 1, tzinfo=UTC)

spans = st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(["UTC", "Asia/Manila"]))


def of(span):
    """Return a planned window of this start and length in hours, and this zone."""
    start, length, zone = span
    begins = ORIGIN + timedelta(hours=start)
    window = Window.between(begins, begins + timedelta(hours=length))
    (planned,) = planned_windows(WS, None, [attrs.evolve(window, tz=ZoneInfo(zone))])
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


def test_other_workspaces_and_channels_do_not_collide():
    """Columns separate the rows of another Workspace or TaskChannel."""
    hour, day = (Window.between(ORIGIN, ORIGIN + timedelta(hours=n)) for n in (1, 24))
    stored = planned_windows(WS, None, [day])
    refuse_overlaps("lake", stored, planned_windows("WS" + "2" * 32, None, [hour]))
    refuse_overlaps("lake", stored, planned_windows(WS, "voice", [hour]))


def test_rows_and_plans_give_equal_windows():
    """The window of a plan equals the window of the plan's rows."""
    window = Window.day(ORIGIN.date(), tz="America/New_York")
    row = {"workspace_sid": WS, "task_channel": None, "tz": "America/New_York"}
    row |= {"window_start": window.start, "window_end": window.end}
    assert stored_windows([{"worker_statistics": [row]}, {}]) == planned_windows(WS, None, [window])
