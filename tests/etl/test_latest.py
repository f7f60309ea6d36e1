"""The latest of several rows with the same key."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.etl import SCHEMAS
from taskrouter_stats.etl.latest import latest_rows

ORIGIN = datetime(2026, 11, 1, tzinfo=UTC)
DURATIONS = "worker_activity_durations"

answers = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 400_000), st.sets(st.integers(0, 3))), max_size=8
)


def row(table, worker, fetched, **changes):
    """Return a row of a table."""
    at = None if fetched is None else ORIGIN + timedelta(microseconds=fetched)
    known = {"worker_sid": worker, "fetched_at": at, **changes}
    return {**dict.fromkeys(SCHEMAS[table].names), **known}


@given(answers, st.booleans())
def test_the_latest_answer_of_each_worker_keeps_all_its_rows(found, as_text):
    """Every Activity of a worker's latest answer stays, and none of an older answer."""
    found = list(
        {(worker, fetched): (worker, fetched, sids) for worker, fetched, sids in found}.values()
    )
    rows = [
        row(DURATIONS, worker, fetched, activity_sid=sid)
        for worker, fetched, sids in found
        for sid in sorted(sids)
    ]
    newest = {each["worker_sid"]: each["fetched_at"] for each in rows}
    expected = {
        n for n, each in enumerate(rows) if each["fetched_at"] == newest[each["worker_sid"]]
    }
    if as_text:
        for each in rows:
            each["fetched_at"] = each["fetched_at"].isoformat().replace("+00:00", "Z")
    assert latest_rows(DURATIONS, rows) == (expected, len(rows))


def test_of_rows_of_one_time_the_last_stays():
    """A row that was stored twice stays once, with or without the time of its answer."""
    for fetched in (None, 5):
        rows = [row("worker_statistics", 1, fetched), row("worker_statistics", 2, fetched)] * 2
        assert latest_rows("worker_statistics", rows) == ({2, 3}, 4)


def test_snapshots_of_different_times_all_stay():
    """A later snapshot does not replace an earlier one."""
    rows = [dict.fromkeys(SCHEMAS["workers"].names) | {"snapshot_time": n} for n in (1, 2, 2)]
    assert latest_rows("workers", rows) == ({0, 2}, 3)


def test_null_and_an_empty_field_are_one_key():
    """An empty field of CSV equals the null of other formats."""
    rows = [row("worker_statistics", 1, 1, task_channel=None)]
    rows += [row("worker_statistics", 1, 2, task_channel="")]
    assert latest_rows("worker_statistics", rows) == ({1}, 2)


def test_a_settled_answer_beats_every_unsettled_one():
    """A row whose window had settled stays, wherever it is and whatever the clock said."""
    for true, false in ((True, False), ("true", "false")):
        for order in ((true, false), (false, true), (false, true, false)):
            rows = [
                row("worker_statistics", 1, -number, complete=complete)
                for number, complete in enumerate(order)
            ]
            expected = ({order.index(true)}, len(rows))
            assert latest_rows("worker_statistics", rows) == expected


def test_all_rows_of_the_latest_answer_stay():
    """Rows of Activities without a SID, or twice in an answer, all stay."""
    for sids in ((None, None), ("WA1", "WA1"), ("WA1", None, "WA1")):
        rows = [
            row(DURATIONS, worker, fetched, activity_sid=sid, total=number)
            for worker, fetched in ((1, 1), (1, 2), (2, 2), (1, 1))
            for number, sid in enumerate(sids)
        ]
        size = len(sids)
        assert latest_rows(DURATIONS, rows) == (set(range(2 * size, 4 * size)), 4 * size)
