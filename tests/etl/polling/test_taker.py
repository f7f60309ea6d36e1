"""Taking snapshots: what is fetched, and what is said about what is missing."""

import asyncio
from datetime import UTC

import pytest

from taskrouter_stats import RetryPolicy, errors
from taskrouter_stats.etl.polling.snapshot import Snapshot
from taskrouter_stats.etl.polling.taker import DEFAULT_TABLES, TABLES, SnapshotTaker
from tests.etl.polling.live_workspace import LiveWorkspace, queue_sid, worker_sid, workflow_sid
from tests.etl.polling.polled import EIGHT
from tests.support.fakes import ACCOUNT, WORKSPACE, FakeTransport, reply, session_over, trouble
from tests.support.virtual import now, virtual

BULK = "POST /TaskQueues/RealTimeStatistics"
QUEUES = "GET /TaskQueues"


async def take(workspace, *, tables=TABLES, count=1, stop=None, latency=0.01, **options):
    """Return snapshots of a workspace, a beat apart."""
    options = {"retry": RetryPolicy(attempts=1), **options}
    async with session_over(FakeTransport(workspace, latency=latency), **options) as session:
        taker, taken = SnapshotTaker(session, WORKSPACE, tables), []
        for _ in range(count):
            snapshot = Snapshot(WORKSPACE, EIGHT, UTC, 30.0)
            await taker.take(snapshot, stop)
            taken.append(snapshot)
            if count > 1:
                await asyncio.sleep(30)
    return taken


@virtual
async def test_every_table_has_its_rows():
    """A snapshot has the rows of every table, with names, account, time and day."""
    (snapshot,) = await take(LiveWorkspace())
    assert snapshot.complete
    assert snapshot.rows == {
        "task_queue_real_time_statistics": 3,
        "task_queue_tasks_by_priority": 3,
        "task_queue_tasks_by_status": 3,
        "task_queue_workers_by_activity": 3,
        "worker_activity": 4,
        "workers_by_activity": 1,
        "workers_real_time_statistics": 1,
        "workflow_real_time_statistics": 2,
        "workflow_tasks_by_priority": 2,
        "workflow_tasks_by_status": 2,
        "workspace_real_time_statistics": 1,
        "workspace_tasks_by_priority": 1,
        "workspace_tasks_by_status": 1,
        "workspace_workers_by_activity": 1,
    }
    everything = [row for rows in snapshot.tables.values() for row in rows]
    assert {row["snapshot_time"] for row in everything} == {EIGHT}
    assert {row["account_sid"] for row in everything} == {ACCOUNT}
    queues = snapshot.tables["task_queue_real_time_statistics"]
    assert [row["task_queue_name"] for row in queues] == ["name of 0", "name of 1", "name of 2"]
    flows = snapshot.tables["workflow_tasks_by_status"]
    assert {row["workflow_name"] for row in flows} == {"name of 0", "name of 1"}
    workers = snapshot.tables["worker_activity"]
    assert {row["seconds_in_activity"] for row in workers} == {60.0}


@virtual
async def test_requests_are_few():
    """A snapshot takes one request for each part, and lists are read again only now and then."""
    workspace = LiveWorkspace(queues=range(120))
    taken = await take(workspace, tables=DEFAULT_TABLES, count=22)
    assert workspace.asked.count(BULK) == 22 * 3
    assert workspace.asked.count(QUEUES) == 2  # at the start, and after ten minutes
    assert (
        workspace.asked.count("GET /Workers")
        == workspace.asked.count("GET /RealTimeStatistics")
        == 22
    )
    assert sum(snapshot.requests for snapshot in taken) == len(workspace.asked)


@pytest.mark.parametrize(
    ("odd", "table", "reason"),
    [
        ("GET /RealTimeStatistics", "workspace_real_time_statistics", "ServerError"),
        (BULK, "task_queue_real_time_statistics", f"3 TaskQueues from {queue_sid(0)}: ServerError"),
        (QUEUES, "task_queue_real_time_statistics", "the list could not be read: ServerError"),
        ("GET /Workers", "worker_activity", "ServerError"),
        ("GET /Workers/RealTimeStatistics", "workers_real_time_statistics", "ServerError"),
        ("GET /Workflows", "workflow_real_time_statistics", "the list could not be read"),
        (
            f"GET /Workflows/{workflow_sid(1)}/RealTimeStatistics",
            "workflow_real_time_statistics",
            f"{workflow_sid(1)}: ServerError",
        ),
    ],
)
@virtual
async def test_a_part_that_fails_is_missing_and_said_so(odd, table, reason):
    """A failing part costs only its own rows, and the snapshot names its table and the reason."""
    workspace = LiveWorkspace()
    workspace.odd[odd] = trouble(500)
    (snapshot,) = await take(workspace)
    assert not snapshot.complete
    assert list(snapshot.reasons) == [table]
    assert reason in snapshot.reasons[table]
    others = set(TABLES) - {table}
    assert others <= {name for name, rows in snapshot.tables.items() if rows}


@virtual
async def test_an_old_list_is_used_if_a_new_one_fails():
    """If a list can't be read again, its known items are asked for, and the snapshot says so."""
    workspace = LiveWorkspace()
    async with session_over(FakeTransport(workspace), retry=RetryPolicy(attempts=1)) as session:
        taker = SnapshotTaker(session, WORKSPACE, ("task_queue_real_time_statistics",))
        for answers, complete in ((None, True), (trouble(500), False), (None, True)):
            workspace.odd = {} if answers is None else {QUEUES: answers}
            snapshot = Snapshot(WORKSPACE, EIGHT, UTC, 30.0)
            await taker.take(snapshot)
            assert snapshot.complete == complete
            assert snapshot.rows["task_queue_real_time_statistics"] == 3
            await asyncio.sleep(601)


@virtual
async def test_a_deleted_queue_is_missing_once():
    """A TaskQueue that an answer lacks is said to be missing, and the list is read again."""
    workspace = LiveWorkspace()
    tables = ("task_queue_real_time_statistics",)
    async with session_over(FakeTransport(workspace)) as session:
        taker, taken = SnapshotTaker(session, WORKSPACE, tables), []
        for queues in ([0, 1, 2], [0, 2], [0, 2]):
            workspace.queues = queues
            taken.append(Snapshot(WORKSPACE, EIGHT, UTC, 30.0))
            await taker.take(taken[-1])
    assert [snapshot.complete for snapshot in taken] == [True, False, True]
    assert taken[1].reasons == {tables[0]: f"the answer lacks 1 of 3, such as {queue_sid(1)}"}


@virtual
async def test_a_key_is_stored_once():
    """A TaskQueue that the server answers twice in a snapshot has one row, and it says so."""
    workspace = LiveWorkspace(queues=[0])
    data = [{"task_queue_sid": queue_sid(0), "total_tasks": number} for number in (1, 2)]
    answer = {"workspace_sid": WORKSPACE, "task_queue_data": data}
    workspace.odd[BULK] = reply(200, answer)
    (snapshot,) = await take(workspace, tables=("task_queue_real_time_statistics",))
    assert [row["total_tasks"] for row in snapshot.tables["task_queue_real_time_statistics"]] == [1]
    assert "answered twice" in snapshot.reasons["task_queue_real_time_statistics"]


@virtual
async def test_another_workspaces_answer_is_no_row():
    """An answer of another Workspace is a problem, and never a row of this one."""
    workspace = LiveWorkspace()
    workspace.odd["GET /RealTimeStatistics"] = reply(200, {"workspace_sid": "WS" + "9" * 32})
    (snapshot,) = await take(workspace, tables=("workspace_real_time_statistics",))
    assert snapshot.rows == {}
    assert "PayloadError" in snapshot.reasons["workspace_real_time_statistics"]


@virtual
async def test_one_bad_worker_costs_only_itself():
    """A Worker that can't be read is left out, and the snapshot says so."""
    workspace = LiveWorkspace()
    items = [{"sid": worker_sid(1)}, {"sid": "nobody"}, {"sid": worker_sid(2)}]
    page = {"workers": items, "meta": {"next_page_url": None}}
    workspace.odd["GET /Workers"] = reply(200, page)
    (snapshot,) = await take(workspace, tables=("worker_activity",))
    assert snapshot.rows == {"worker_activity": 2}
    assert "1 of 3 items cannot be read" in snapshot.reasons["worker_activity"]


@pytest.mark.parametrize("error", [trouble(401, 20003)])
@virtual
async def test_refused_credentials_end_it(error):
    """Credentials that the server refuses raise that error: no later snapshot can succeed."""
    workspace = LiveWorkspace()
    workspace.odd["GET /Workers"] = error
    with pytest.raises(errors.Unauthorized):
        await take(workspace)


@virtual
async def test_a_stop_ends_a_hanging_server():
    """Ten seconds after the stop a request that hangs is given up, and its part is missing."""
    workspace, stop = LiveWorkspace(), asyncio.Event()
    asyncio.get_running_loop().call_later(3, stop.set)

    def latency(request):
        return 1000 if request.target.endswith("Workers?PageSize=1000") else 0.01

    (snapshot,) = await take(workspace, stop=stop, latency=latency)
    assert now() == pytest.approx(13)
    assert list(snapshot.reasons) == ["worker_activity"]
    assert "stopped before the server had answered" in snapshot.reasons["worker_activity"]
    assert snapshot.rows["task_queue_real_time_statistics"] == 3


@virtual
async def test_cancellation_leaves_nothing():
    """A cancelled snapshot leaves no task and no permit."""
    async with session_over(FakeTransport(LiveWorkspace(), latency=1)) as session:
        taker = SnapshotTaker(session, WORKSPACE, TABLES)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await taker.take(Snapshot(WORKSPACE, EIGHT, UTC, 30.0))
