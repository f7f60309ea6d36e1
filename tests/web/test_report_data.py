"""Which rows a report contains."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.reading import ParquetReader, WindowKey
from taskrouter_stats.web.report_data import TABLES, read_report, windows_to_leave_out
from tests.support.stored_rows import START, StoredRows, row

TABLE = "worker_statistics"
WINDOWS = st.sets(
    st.builds(
        lambda place, hour, hours: WindowKey(
            place, None, START + timedelta(hours=hour), START + timedelta(hours=hour + hours)
        ),
        st.sampled_from(["WS1", "WS2"]),
        st.integers(0, 30),
        st.integers(1, 24),
    ),
    max_size=30,
)


def overlap(one, other):
    """Return whether two windows of one Workspace have a moment in common."""
    same = one.workspace_sid == other.workspace_sid
    return same and one.window_start < other.window_end and other.window_start < one.window_end


def report(*parts):
    """Return the data of these parts."""
    return read_report(ParquetReader(StoredRows(*parts)), "lake")


@given(WINDOWS)
def test_no_moment_counts_twice_and_none_is_lost(windows):
    """Windows that stay are disjoint, and each other one overlaps one that is not longer."""
    left_out = windows_to_leave_out(windows)
    kept = windows - left_out
    assert left_out <= windows
    assert not any(overlap(one, other) for one in kept for other in kept if one != other)
    for window in left_out:
        span = window.window_end - window.window_start
        assert any(
            overlap(window, other) and other.window_end - other.window_start <= span
            for other in kept
        )


def test_a_day_is_left_out_if_its_hours_are_there():
    """Rows of a day's window beside those of its hours are counted as left out."""
    counts = {"worker_sid": "WK1", "reservations_created": 4}
    data = report((TABLE, [row(TABLE, 0, **counts), row(TABLE, -9, hours=24, **counts)]))
    (covered,) = data.coverage
    assert (covered.rows, covered.left_out, covered.windows) == (1, 1, 1)
    assert (covered.start, covered.end) == (START, START + timedelta(hours=1))
    assert sum(each["reservations_created"] for each in data.workers) == 4


@pytest.mark.parametrize(
    ("channels", "chosen", "rows"),
    [
        ((None, "voice", "voice"), None, 1),
        (("chat", "voice", "voice"), "voice", 2),
        (("chat",), "chat", 1),
    ],
)
def test_one_channel_is_reported(channels, chosen, rows):
    """Rows of all channels win over those of one, and else the channel with the most rows."""
    given_rows = [
        row(TABLE, hour, worker_sid="WK1", task_channel=channel)
        for hour, channel in enumerate(channels)
    ]
    (covered,) = report((TABLE, given_rows)).coverage
    assert (covered.channel, covered.rows) == (chosen, rows)
    assert covered.left_out == len(channels) - rows


def test_rows_that_had_not_settled_are_counted():
    """The coverage of a table says how many rows may still change."""
    rows = [row(TABLE, hour, worker_sid="WK1", complete=hour < 2) for hour in range(3)]
    (covered,) = report((TABLE, rows)).coverage
    assert (covered.rows, covered.incomplete) == (3, 1)


def test_an_output_without_rows_is_refused():
    """An output with none of the tables, and one whose rows name no window, raise an error."""
    for parts in ((), ((TABLE, [row(TABLE, window_start=None)]),)):
        with pytest.raises(ConfigError, match=f"lake has no rows of {TABLES[0]}, "):
            report(*parts)
