"""A poll in virtual time: beats, gaps, stops, and what the table ``snapshots`` says."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest

from taskrouter_stats import RetryPolicy, TaskRouterSession, errors
from taskrouter_stats.etl import JsonLinesSink
from taskrouter_stats.etl.polling import poll as polls
from taskrouter_stats.etl.polling.poll import Poll, poll
from tests.etl.polling.live_workspace import LiveWorkspace
from tests.etl.polling.polled import EIGHT
from tests.support.fakes import CREDENTIALS, WORKSPACE, FakeTransport, session_over, trouble
from tests.support.virtual import now, virtual

TABLES = ("workspace_real_time_statistics",)
ONLY = "GET /RealTimeStatistics"
ONCE = RetryPolicy(attempts=1)


class WallClock:
    """A time of day that follows the loop's clock, and can be set to another time."""

    def __init__(self):
        self.off = timedelta(0)

    def __call__(self):
        """Return the time of day."""
        return EIGHT + self.off + timedelta(seconds=now())


@pytest.fixture
def wall(monkeypatch):
    """Make blocking work run at once, and the time of day follow the virtual clock."""

    async def at_once(work):
        return work()

    monkeypatch.setattr(polls, "in_thread", at_once)
    clock = WallClock()
    monkeypatch.setattr(polls, "_utc_now", clock)
    return clock


async def polled(folder, workspace, *, latency=0.01, **options):
    """Poll a workspace into JSON Lines; return the report."""
    options = {"every": timedelta(seconds=30), "tables": TABLES, **options}
    async with session_over(FakeTransport(workspace, latency=latency), retry=ONCE) as session:
        return await poll(session, WORKSPACE, JsonLinesSink(folder), **options)


def marks(folder):
    """Return the rows of the table ``snapshots``, in order."""
    paths = sorted((folder / "snapshots").rglob("*.jsonl"), key=lambda path: path.name[-30:])
    rows = [orjson.loads(line) for path in paths for line in path.read_bytes().splitlines()]
    return sorted(rows, key=lambda row: row["snapshot_time"])


def seconds(folder):
    """Return the times of the snapshots, in seconds since eight o'clock."""
    times = [datetime.fromisoformat(row["snapshot_time"]) for row in marks(folder)]
    return [round((time - EIGHT).total_seconds(), 3) for time in times]


@virtual
async def test_snapshots_have_a_fixed_beat(wall, tmp_path):
    """A snapshot is taken at the start and then at every beat, and every beat is counted."""
    report = await polled(tmp_path, LiveWorkspace(), duration=timedelta(minutes=2))
    assert seconds(tmp_path) == [0, 30, 60, 90]
    assert (report.beats, report.complete, report.skipped) == (4, 4, 0)
    assert (report.rows, report.requests) == (4 * 4, 4)
    assert report.elapsed == now() == pytest.approx(90.01)  # no further beat begins in time
    assert not report.stopped
    assert [row["beat"] for row in marks(tmp_path)] == [0, 1, 2, 3]


@virtual
async def test_a_long_snapshot_skips_beats_and_says_so(wall, tmp_path, caplog):
    """Beats during a long snapshot are skipped, counted in the next row, and logged."""
    latencies = iter([70])
    report = await polled(
        tmp_path,
        LiveWorkspace(),
        latency=lambda _: next(latencies, 0.01),
        duration=timedelta(minutes=3),
    )
    assert seconds(tmp_path) == [0, 90, 120, 150]
    assert [row["skipped"] for row in marks(tmp_path)] == [0, 2, 0, 0]
    assert marks(tmp_path)[0]["took"] == 70
    assert report.beats == report.snapshots + report.skipped
    assert "beats skipped before 2026-11-26 08:01:30+00:00: 2" in caplog.text


@virtual
async def test_beats_of_the_last_snapshot_are_counted(wall, tmp_path):
    """Beats that the last snapshot covers are counted as skipped."""
    report = await polled(tmp_path, LiveWorkspace(), latency=100, duration=timedelta(minutes=2))
    assert (report.beats, report.snapshots, report.skipped) == (4, 1, 3)


@virtual
async def test_a_blocked_loop_skips_beats(wall, tmp_path):
    """Beats that pass while other code blocks the event loop are skipped, not bunched."""
    loop = asyncio.get_running_loop()

    def block():
        loop._clock += 100

    loop.call_later(15, block)
    await polled(tmp_path, LiveWorkspace(), duration=timedelta(minutes=4))
    assert seconds(tmp_path) == [0, 120, 150, 180, 210]


@pytest.mark.parametrize(("jump", "logged"), [(3600, True), (-3600, True), (0.5, False)])
@virtual
async def test_a_clock_jump_changes_no_beat(wall, tmp_path, caplog, jump, logged):
    """A jump of the time of day moves no beat; it is stored and logged."""
    loop = asyncio.get_running_loop()
    loop.call_later(45, lambda: setattr(wall, "off", timedelta(seconds=jump)))
    report = await polled(tmp_path, LiveWorkspace(), duration=timedelta(minutes=2))
    assert (report.complete, report.skipped) == (4, 0)
    rows = sorted(marks(tmp_path), key=lambda row: row["beat"])
    assert [row["clock_jump"] for row in rows] == [0, 0, pytest.approx(jump * logged), 0]
    assert ("jumped" in caplog.text) == logged


@virtual
async def test_a_clock_that_stands_still_repeats_no_time(wall, monkeypatch, tmp_path):
    """Two snapshots never have the same time, so that their rows have different keys."""
    monkeypatch.setattr(polls, "_utc_now", lambda: EIGHT)
    await polled(tmp_path, LiveWorkspace(), duration=timedelta(minutes=2))
    assert len({row["snapshot_time"] for row in marks(tmp_path)}) == 4


@virtual
async def test_a_stop_ends_after_the_snapshot_under_way(wall, tmp_path):
    """A stop during a snapshot stores it; a stop between two ends at once."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(35, stop.set)
    report = await polled(tmp_path, LiveWorkspace(), latency=8, stop=stop)
    assert now() == 38
    assert (report.complete, report.partial, report.stopped) == (2, 0, True)
    stop.clear()
    asyncio.get_running_loop().call_later(12, stop.set)
    report = await polled(tmp_path, LiveWorkspace(), latency=8, stop=stop)
    assert now() == 50
    assert (report.complete, report.elapsed) == (1, 12)


@virtual
async def test_a_set_stop_takes_no_snapshot(wall, tmp_path):
    """A poll that is stopped before it starts sends nothing."""
    stop, workspace = asyncio.Event(), LiveWorkspace()
    stop.set()
    report = await polled(tmp_path, workspace, stop=stop)
    assert (report.beats, workspace.asked) == (0, [])


@virtual
async def test_a_restart_continues(wall, tmp_path):
    """A second poll adds its snapshots; the first one's stay, and the hour is one file."""
    for minute in range(2):
        await asyncio.sleep(minute * 60 - now() if minute else 0)
        await polled(tmp_path, LiveWorkspace(), duration=timedelta(minutes=1))
    assert seconds(tmp_path) == [0, 30, 60, 90]
    assert [row["beat"] for row in marks(tmp_path)] == [0, 1, 0, 1]
    wall.off = timedelta(hours=1)
    await polled(tmp_path, LiveWorkspace(), duration=timedelta(minutes=1))
    names = sorted(path.name for path in (tmp_path / "snapshots").rglob("*.jsonl"))
    assert names[0] == "hour-20261126T08-0000000001-0000000004.jsonl"
    assert len(names) == 3


@virtual
async def test_failures_are_logged_once(wall, tmp_path, caplog):
    """A problem is logged when it begins and when it ends, not at every beat."""
    workspace = LiveWorkspace()
    loop = asyncio.get_running_loop()
    times = count(1)

    def fail(_):
        return errors.ServerDown(next(times) * 30.0, 0.5)

    loop.call_later(25, lambda: workspace.odd.update({ONLY: fail}))
    loop.call_later(145, workspace.odd.clear)
    report = await polled(tmp_path, workspace, duration=timedelta(minutes=6))
    assert (report.complete, report.partial) == (8, 4)
    assert report.beats == 12
    assert [row["complete"] for row in marks(tmp_path)] == [True] + [False] * 4 + [True] * 7
    assert marks(tmp_path)[1]["rows"] == {}
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "lacks workspace_real_time_statistics: ServerDown" in caplog.records[0].getMessage()
    assert "is complete again" in caplog.records[1].getMessage()


@pytest.mark.parametrize("status", [400, 403, 404])
@virtual
async def test_a_refused_first_snapshot_ends_it(wall, tmp_path, status):
    """If the server refuses everything at the start, the poll raises that error."""
    workspace = LiveWorkspace()
    workspace.odd[ONLY] = trouble(status)
    with pytest.raises(errors.ApiError) as caught:
        await polled(tmp_path, workspace)
    assert caught.value.status == status
    assert marks(tmp_path) == []


@virtual
async def test_a_server_that_is_down_at_the_start_is_waited_for(wall, tmp_path):
    """A poll that starts before its server is up goes on, and says what is missing."""
    workspace = LiveWorkspace()
    workspace.odd[ONLY] = errors.ConnectionFailed("refused")
    asyncio.get_running_loop().call_later(40, workspace.odd.clear)
    report = await polled(tmp_path, workspace, duration=timedelta(minutes=2))
    assert (report.partial, report.complete) == (2, 2)


@virtual
async def test_a_later_refusal_does_not_end_it(wall, tmp_path):
    """A 403 after stored snapshots is a gap; a 401 ends the poll."""
    workspace = LiveWorkspace()
    loop = asyncio.get_running_loop()
    loop.call_later(25, lambda: workspace.odd.update({ONLY: trouble(403)}))
    loop.call_later(85, lambda: workspace.odd.update({ONLY: trouble(401, 20003)}))
    with pytest.raises(errors.Unauthorized):
        await polled(tmp_path, workspace)
    assert [row["complete"] for row in marks(tmp_path)] == [True, False, False]


@virtual
async def test_each_snapshot_is_reported(wall, tmp_path):
    """``on_snapshot`` gets each row of ``snapshots`` after it is stored."""
    reported = []
    await polled(
        tmp_path, LiveWorkspace(), duration=timedelta(minutes=1), on_snapshot=reported.append
    )
    assert [row["beat"] for row in reported] == [0, 1]
    assert reported[0]["snapshot_time"] == EIGHT
    assert reported[0]["rows"] == marks(tmp_path)[0]["rows"]


@virtual
async def test_days_are_those_of_the_zone(wall, tmp_path):
    """Folders and rows have the local day of ``tz``."""
    wall.off = timedelta(hours=-4)
    await polled(tmp_path, LiveWorkspace(), duration=timedelta(seconds=20), tz="America/New_York")
    (row,) = marks(tmp_path)
    assert (row["day"], row["tz"]) == ("2026-11-25", "America/New_York")
    (path,) = (tmp_path / "snapshots").rglob("*.jsonl")
    assert path.parent.name == "day=2026-11-25"


@virtual
async def test_a_second_poll_of_the_workspace_is_refused(wall, tmp_path):
    """One poll of a Workspace writes to an output at a time; another Workspace's may run too."""
    workspace = LiveWorkspace()
    first = asyncio.create_task(polled(tmp_path, workspace, duration=timedelta(minutes=1)))
    await asyncio.sleep(1)
    with pytest.raises(errors.OutputLocked):
        await polled(tmp_path, workspace)
    assert (await first).complete == 2


@virtual
async def test_cancellation_leaves_nothing(wall, tmp_path):
    """A cancelled poll leaves no task, timer, lock or part of a snapshot."""
    workspace = LiveWorkspace()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(31):
            await polled(tmp_path, workspace, latency=5)
    assert len(marks(tmp_path)) == 1
    assert (await polled(tmp_path, workspace, duration=timedelta(seconds=9))).cut == 0


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"every": timedelta(milliseconds=999)}, errors.InvalidParameter),
        ({"every": timedelta(days=2)}, errors.InvalidParameter),
        ({"every": 30}, errors.InvalidParameter),
        ({"tables": ()}, errors.InvalidParameter),
        ({"tables": "worker_activity"}, errors.InvalidParameter),
        ({"tables": ("workers",)}, errors.InvalidParameter),
        ({"tables": (["x"],)}, errors.InvalidParameter),
        ({"duration": timedelta(0)}, errors.InvalidParameter),
        ({"duration": 60}, errors.InvalidParameter),
        ({"tz": "Mars/Olympus"}, errors.InvalidWindow),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, options, kind):
    """A wrong argument raises an error before the output is touched."""
    with pytest.raises(kind):
        Poll(TaskRouterSession(CREDENTIALS), WORKSPACE, JsonLinesSink(tmp_path / "lake"), **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((None, WORKSPACE), errors.UsageError),
        ((TaskRouterSession(CREDENTIALS), "WS1"), errors.InvalidSid),
    ],
)
def test_wrong_session_or_workspace_is_refused(tmp_path, arguments, kind):
    """Another object than a session, or another SID than a Workspace's, raises an error."""
    with pytest.raises(kind):
        Poll(*arguments, tmp_path)


def test_time_of_day_is_utc():
    """Snapshots have this machine's time in UTC."""
    assert polls._utc_now().tzinfo is UTC
