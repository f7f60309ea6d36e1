"""The world's laws."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.world.worker_days import WorkerTotals
from taskrouter_stats.simulator.world.world import _KEPT_DAYS, World, iso

WORLD = World(seed=7, workers=60)
NOW = 1_795_000_000
DAY = 86_400
PARTS = ("accepted", "rejected", "timed_out", "canceled", "rescinded")
workers = st.sampled_from(WORLD.workers)
moments = st.integers(NOW - 40 * DAY, NOW)
lengths = st.integers(0, 3 * DAY)
channels = st.sampled_from([None, "voice", "chat", "sms", "default", "nonsense"])


def totals(cumulative):
    """Return what must add up: the counts, and each activity's total."""
    counts = [value for name, value in cumulative.items() if name.startswith("reservations_")]
    return counts + [activity["total"] for activity in cumulative["activity_durations"]]


@given(workers, moments, lengths, channels)
def test_durations_fill_the_window(worker, start, length, channel):
    """The totals of the activities are together as long as the window."""
    cumulative = WORLD.statistics(worker, start, start + length, channel)
    assert sum(activity["total"] for activity in cumulative["activity_durations"]) == length


@given(workers, moments, lengths, lengths, channels)
def test_adjacent_windows_add_up(worker, start, first, second, channel):
    """Counts and totals of two adjacent windows are together those of both."""
    middle, end = start + first, start + first + second
    parts = zip(
        totals(WORLD.statistics(worker, start, middle, channel)),
        totals(WORLD.statistics(worker, middle, end, channel)),
        strict=True,
    )
    whole = totals(WORLD.statistics(worker, start, end, channel))
    assert [left + right for left, right in parts] == whole


@given(workers, moments, lengths, channels)
def test_outcomes_are_at_most_what_was_created(worker, start, length, channel):
    """No more reservations have an outcome than were created, and no count is negative."""
    cumulative = WORLD.statistics(worker, start, start + length, channel)
    counts = [cumulative[f"reservations_{part}"] for part in PARTS]
    assert min(counts) >= 0
    assert sum(counts) <= cumulative["reservations_created"]


@given(workers, moments, lengths)
def test_durations_are_ordered(worker, start, length):
    """The shortest spell is at most the average, that the longest, and that the total."""
    for activity in WORLD.statistics(worker, start, start + length)["activity_durations"]:
        assert 0 <= activity["min"] <= activity["avg"] <= activity["max"] <= activity["total"]


@given(workers, moments, lengths)
def test_channels_add_up(worker, start, length):
    """The reservations of all channels are together those without a filter."""
    by_channel = [
        WORLD.tally(worker, start, start + length, channel.unique_name).created
        for channel in WORLD.task_channels
    ]
    assert sum(by_channel) == WORLD.tally(worker, start, start + length).created


def test_a_channel_is_known_by_sid_and_by_name():
    """A SID and a unique name of one channel select the same, an unknown one selects nothing."""
    voice = WORLD.task_channels[1]
    worker = next(worker for worker in WORLD.workers if worker.habit.channels == (1,))
    by_name = WORLD.statistics(worker, NOW - 9 * DAY, NOW, voice.unique_name)
    assert by_name == WORLD.statistics(worker, NOW - 9 * DAY, NOW, voice.sid)
    assert by_name["reservations_created"] > 0
    assert WORLD.tally(worker, NOW - 9 * DAY, NOW, "TC" + "0" * 32).created == 0


def test_equal_seeds_make_equal_worlds():
    """Two worlds of one seed agree on everything, whatever was asked before; other seeds differ."""
    twin, other = World(7, 60), World(8, 60)
    twin.statistics(twin.workers[4], NOW - DAY, NOW)
    ours, theirs = WORLD.workers[3], twin.workers[3]
    assert ours == theirs
    assert WORLD.workspace_sid == twin.workspace_sid != other.workspace_sid
    assert ours.sid != other.workers[3].sid
    window = (NOW - 5 * DAY, NOW)
    assert WORLD.statistics(ours, *window) == twin.statistics(theirs, *window)


def test_a_larger_world_has_the_same_first_workers():
    """The size of a world changes nobody in it."""
    assert World(7, 80).workers[:60] == WORLD.workers


def test_sids_have_their_shape():
    """Each SID has its prefix, 32 digits, and belongs to one thing."""
    sids = [WORLD.account_sid, WORLD.workspace_sid]
    sids += [item.sid for item in (*WORLD.activities, *WORLD.task_channels, *WORLD.workers)]
    assert all(re.fullmatch(r"(AC|WS|WA|TC|WK)[0-9a-f]{32}", sid) for sid in sids)
    assert len(set(sids)) == len(sids)


def test_workers_are_found_by_sid():
    """A worker is found by its SID; another SID finds nobody."""
    assert WORLD.find(WORLD.workers[5].sid) is WORLD.workers[5]
    assert WORLD.find("WK" + "0" * 32) is None


def test_a_workspace_is_the_sum_of_its_workers():
    """Everybody counted into one tally gives the sums of everybody's own statistics."""
    together = WorkerTotals()
    for worker in WORLD.workers:
        WORLD.tally(worker, NOW - DAY, NOW, into=together)
    alone = [WORLD.tally(worker, NOW - DAY, NOW) for worker in WORLD.workers]
    assert together.created == sum(tally.created for tally in alone) > 0
    assert together.total == [sum(column) for column in zip(*(t.total for t in alone), strict=True)]
    assert sum(together.total) == len(WORLD.workers) * DAY


@given(workers, moments)
def test_what_a_worker_is_doing_agrees_with_the_statistics(worker, now):
    """Since the last change, the current activity is all that the statistics know."""
    activity, since = WORLD.activity_of(worker, now)
    assert worker.created <= since <= now
    durations = WORLD.statistics(worker, since, now + 1)["activity_durations"]
    assert {row["sid"]: row["total"] for row in durations if row["total"]} == {
        activity.sid: now + 1 - since
    }


@given(workers, moments)
def test_a_change_is_a_change(worker, now):
    """Right before the last change the worker was doing something else, unless it never changed."""
    activity, since = WORLD.activity_of(worker, now)
    if since > worker.created:
        assert WORLD.activity_of(worker, since - 1)[0] != activity


def test_before_any_shift_the_last_change_is_the_creation():
    """Someone who hasn't worked since being created has been in that activity since then."""
    worker = next(worker for worker in WORLD.workers if worker.habit.kind == "shift")
    assert WORLD.activity_of(worker, worker.created)[1] == worker.created


def test_somebody_works_at_every_hour():
    """The sites follow the sun: at any hour of a weekday somebody is available."""
    monday = NOW - (NOW // DAY + 3) % 7 * DAY
    for hour in range(24):
        now = monday + hour * 3_600
        assert any(WORLD.activity_of(worker, now)[0].available for worker in WORLD.workers)


def test_kept_days_are_bounded():
    """However much is asked for, no more days are kept than the bound, and answers don't change."""
    world = World(0, 200)
    worker = world.workers[0]
    before = world.statistics(worker, NOW - 30 * DAY, NOW)
    for other in world.workers:
        world.tally(other, NOW - 30 * DAY, NOW)
    assert len(world._days) == _KEPT_DAYS
    assert world.statistics(worker, NOW - 30 * DAY, NOW) == before


def test_the_shape_is_the_json_s():
    """Statistics are JSON, integers throughout, times as Twilio writes them."""
    cumulative = WORLD.statistics(WORLD.workers[0], NOW - DAY, NOW)
    assert json.loads(json.dumps(cumulative)) == cumulative
    assert all(isinstance(number, int) for number in totals(cumulative))
    assert (cumulative["start_time"], cumulative["end_time"]) == (iso(NOW - DAY), iso(NOW))
    assert iso(0) == "1970-01-01T00:00:00Z"


def test_a_world_tells_its_seed_and_size():
    """The repr is enough to make the same world again."""
    assert repr(WORLD) == "World(seed=7, workers=60)"
