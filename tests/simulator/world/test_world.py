"""The laws of a simulated world."""

import re

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.world.worker_days import WorkerTotals
from taskrouter_stats.simulator.world.world import _KEPT_DAYS, World

WORLD = World(seed=7, workers=60)
NOW = 1_795_000_000
DAY = 86_400
workers = st.sampled_from(WORLD.workers)
moments = st.integers(NOW - 40 * DAY, NOW)
lengths = st.integers(0, 3 * DAY)
channels = st.sampled_from([None, "voice", "chat", "sms", "default", "nonsense"])


def sums(totals):
    """Return what adds up over windows: the counts, and each activity's total."""
    return [totals.created, *totals.outcomes, *totals.total]


@given(workers, moments, lengths, channels)
def test_durations_fill_the_window(worker, start, length, channel):
    """The totals of all activities sum to the window's length."""
    assert sum(WORLD.totals(worker, start, start + length, channel).total) == length


@given(workers, moments, lengths, lengths, channels)
def test_adjacent_windows_add_up(worker, start, first, second, channel):
    """Counts and durations of two adjacent windows sum to those of both."""
    middle, end = start + first, start + first + second
    parts = zip(
        sums(WORLD.totals(worker, start, middle, channel)),
        sums(WORLD.totals(worker, middle, end, channel)),
        strict=True,
    )
    both = sums(WORLD.totals(worker, start, end, channel))
    assert [left + right for left, right in parts] == both


@given(workers, moments, lengths, channels)
def test_outcomes_are_at_most_what_was_created(worker, start, length, channel):
    """No more reservations have an outcome than were created, and no count is negative."""
    totals = WORLD.totals(worker, start, start + length, channel)
    assert min(totals.outcomes) >= 0
    assert sum(totals.outcomes) <= totals.created


@given(workers, moments, lengths)
def test_durations_are_ordered(worker, start, length):
    """The shortest spell is at most the average, which is at most the longest, then the total."""
    totals = WORLD.totals(worker, start, start + length)
    columns = zip(totals.spells, totals.least, totals.most, totals.total, strict=True)
    for spells, least, most, total in columns:
        assert 0 <= least * spells <= total <= most * spells
        assert least <= most <= total


@given(workers, moments, lengths)
def test_channels_add_up(worker, start, length):
    """The reservations of all channels sum to those without a filter."""
    by_channel = [
        WORLD.totals(worker, start, start + length, channel.unique_name).created
        for channel in WORLD.task_channels
    ]
    assert sum(by_channel) == WORLD.totals(worker, start, start + length).created


def test_a_channel_is_selected_by_sid_or_name():
    """A SID and a unique name of one channel select the same, an unknown one selects nothing."""
    voice = WORLD.task_channels[1]
    worker = next(worker for worker in WORLD.workers if worker.profile.channels == (1,))
    by_name = WORLD.totals(worker, NOW - 9 * DAY, NOW, voice.unique_name)
    assert by_name == WORLD.totals(worker, NOW - 9 * DAY, NOW, voice.sid)
    assert by_name.created > 0
    assert WORLD.totals(worker, NOW - 9 * DAY, NOW, "TC" + "0" * 32).created == 0


def test_equal_seeds_make_equal_worlds():
    """Two worlds of one seed agree whatever was computed before; other seeds differ."""
    twin, other = World(7, 60), World(8, 60)
    twin.totals(twin.workers[4], NOW - DAY, NOW)
    ours, theirs = WORLD.workers[3], twin.workers[3]
    assert ours == theirs
    assert WORLD.workspace_sid == twin.workspace_sid != other.workspace_sid
    assert ours.sid != other.workers[3].sid
    window = (NOW - 5 * DAY, NOW)
    assert WORLD.totals(ours, *window) == twin.totals(theirs, *window)


def test_a_larger_world_has_the_same_first_workers():
    """The size of a world changes none of its workers."""
    assert World(7, 80).workers[:60] == WORLD.workers


def test_sids_have_their_shape():
    """Each SID has its prefix and 32 digits, and is unique."""
    sids = [WORLD.account_sid, WORLD.workspace_sid]
    sids += [item.sid for item in (*WORLD.activities, *WORLD.task_channels, *WORLD.workers)]
    assert all(re.fullmatch(r"(AC|WS|WA|TC|WK)[0-9a-f]{32}", sid) for sid in sids)
    assert len(set(sids)) == len(sids)


def test_workers_are_found_by_sid():
    """A worker's SID finds the worker; another SID finds ``None``."""
    assert WORLD.find(WORLD.workers[5].sid) is WORLD.workers[5]
    assert WORLD.find("WK" + "0" * 32) is None


def test_a_workspace_is_the_sum_of_its_workers():
    """All workers counted into the same totals give the sums of each worker's totals."""
    together = WorkerTotals()
    for worker in WORLD.workers:
        WORLD.totals(worker, NOW - DAY, NOW, into=together)
    alone = [WORLD.totals(worker, NOW - DAY, NOW) for worker in WORLD.workers]
    assert together.created == sum(totals.created for totals in alone) > 0
    assert together.total == [sum(column) for column in zip(*(t.total for t in alone), strict=True)]
    assert sum(together.total) == len(WORLD.workers) * DAY


@given(workers, moments)
def test_the_current_activity_agrees_with_the_totals(worker, now):
    """Since its last change, a worker's totals hold the current activity alone."""
    activity, since = WORLD.activity_of(worker, now)
    assert worker.created <= since <= now
    total = WORLD.totals(worker, since, now + 1).total
    assert {at: seconds for at, seconds in enumerate(total) if seconds} == {
        activity.index: now + 1 - since
    }


@given(workers, moments)
def test_activities_differ_across_a_change(worker, now):
    """A second before its last change, a worker was in another activity."""
    activity, since = WORLD.activity_of(worker, now)
    if since > worker.created:
        assert WORLD.activity_of(worker, since - 1)[0] != activity


def test_before_any_shift_the_last_change_is_the_creation():
    """A worker that has not worked since its creation is in its activity since then."""
    worker = next(worker for worker in WORLD.workers if worker.profile.kind == "shift")
    assert WORLD.activity_of(worker, worker.created)[1] == worker.created


def test_a_worker_is_available_at_every_hour():
    """At each hour of a weekday at least one worker is available."""
    monday = NOW - (NOW // DAY + 3) % 7 * DAY
    for hour in range(24):
        now = monday + hour * 3_600
        assert any(WORLD.activity_of(worker, now)[0].available for worker in WORLD.workers)


def test_kept_days_are_bounded():
    """The number of days in memory is bounded, and results do not change."""
    world = World(0, 200)
    worker = world.workers[0]
    before = world.totals(worker, NOW - 30 * DAY, NOW)
    for other in world.workers:
        world.totals(other, NOW - 30 * DAY, NOW)
    assert len(world._days) == _KEPT_DAYS
    assert world.totals(worker, NOW - 30 * DAY, NOW) == before


def test_the_repr_has_seed_and_size():
    """The repr is enough to create an equal world."""
    assert repr(WORLD) == "World(seed=7, workers=60)"
