"""Tests of exports and DataFrames on a Dask cluster in this process, over real sockets."""

import asyncio
import pickle
import sys
from contextlib import contextmanager

import cloudpickle
import pytest
import tblib.pickling_support

from taskrouter_stats import Credentials, etl
from taskrouter_stats.errors import MissingExtra, UsageError
from taskrouter_stats.fleet import dask as fleet
from tests.fleet import accounts
from tests.support.secret_leaks import TOKEN, leaked

BY_NAME = {"credentials": accounts.credentials, "session": accounts.session}
LOCAL = {
    "processes": False,
    "protocol": "tcp",
    "host": "127.0.0.1",
    "dashboard_address": "127.0.0.1:0",  # Dask warns of a port that is in use
}
FAST = {"workers": 2, "limit": 500, "latency": 0.0}


@contextmanager
def running(workers):
    """Run a cluster in threads of this process, and yield a client of it."""
    import distributed  # noqa: PLC0415 (its import costs every process of pytest-xdist a second)

    cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=2, **LOCAL)
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def client():
    """Return a client of a cluster of two workers with two threads each."""
    with running(2) as client:
        yield client


async def export(client, simulators, output, windows=None, **options):
    """Export all accounts in a thread, and return the reports."""
    plans = accounts.plans_of(simulators, windows or accounts.hours(1))
    return await asyncio.to_thread(fleet.export, client, plans, str(output), **BY_NAME | options)


async def test_fifty_accounts(client, known, tmp_path):
    """Each account is a task, which asks once for credentials and stores exactly its rows."""
    accounts.CALLS.clear()
    async with accounts.simulated(known, 50, **FAST) as simulators:
        reports = await export(client, simulators, tmp_path / "lake")
        expected = accounts.truth(simulators, accounts.hours(1))
    assert [report.account_sid for report in reports] == [one.account_sid for one in simulators]
    assert {(one.complete, one.error, one.planned, one.written) for one in reports} == {
        (True, None, 2, 2)
    }
    rows = accounts.stored(tmp_path / "lake")
    assert (dict(rows), len(rows)) == (expected, 100)
    assert set(accounts.CALLS.values()) == {1}


async def test_one_bad_account_does_not_end_others(client, known, tmp_path):
    """An account without credentials is in its report; the others are complete."""
    async with accounts.simulated(known, 3, **FAST) as simulators:
        plans = accounts.plans_of(simulators, accounts.hours(1))
        plans["AC" + "0" * 32] = plans[simulators[0].account_sid]
        reports = await asyncio.to_thread(
            fleet.export, client, plans, str(tmp_path / "lake"), **BY_NAME
        )
    assert [report.complete for report in reports] == [True, True, True, False]
    assert reports[-1].error.startswith("ConfigError: credentials= (tests.fleet.accounts:")
    assert sum(report.planned for report in reports) == sum(report.written for report in reports)


async def test_shards_of_an_account_run_at_the_same_time(client, known, tmp_path):
    """Three shards in threads of one process store each query once, and a rerun asks for none."""
    async with accounts.simulated(known, 1, **FAST | {"workers": 12}) as simulators:
        reports = await export(client, simulators, tmp_path / "lake", shards=3)
        again = await export(client, simulators, tmp_path / "lake", shards=3)
        expected = accounts.truth(simulators, accounts.hours(1))
    assert [(report.shard, report.shards, report.complete) for report in reports] == [
        (number, 3, True) for number in (1, 2, 3)
    ]
    assert [(report.written, report.complete) for report in again] == [(0, True)] * 3
    assert sum(report.already_done for report in again) == 12
    rows = accounts.stored(tmp_path / "lake")
    assert (dict(rows), len(rows)) == (expected, 12)


async def test_shards_share_a_budget(client, known, tmp_path):
    """Sessions of the workers' own making share a budget: all shards write the same state."""
    many = FAST | {"workers": 12}
    async with accounts.simulated(known, 1, **many) as (simulator,):
        shared = {"shards": 3, "session": accounts.shared_session}
        reports = await export(client, [simulator], tmp_path / "lake", **shared)
    assert [(report.complete, report.error) for report in reports] == [(True, None)] * 3
    assert sum(report.written for report in reports) == 12
    budgets = [key for key in accounts.STORE._held if "WorkerStatistics" in key]
    assert len(budgets) == 1
    assert simulator.account_sid in budgets[0]


async def until(condition):
    """Wait until a condition holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (other threads and loops change it)
            await asyncio.sleep(0.01)


async def test_a_cancelled_export_stops_and_resumes(client, known, tmp_path, monkeypatch):
    """A cancelled task stops asking, stores what it has, and its output is free for the next."""
    monkeypatch.setattr(fleet, "CHECK_SECONDS", 0.01)
    async with accounts.simulated(known, 1, workers=40, limit=100) as simulators:
        (simulator,) = simulators
        plans = accounts.plans_of(simulators, accounts.hours(4))
        ((shard, future),) = fleet.submit(client, plans, str(tmp_path / "lake"), **BY_NAME)
        await until(lambda: simulator.counters.requests > 20)
        await asyncio.to_thread(client.cancel, [future])
        report = fleet._report(shard, future)
        assert report.error.startswith("FutureCancelledError: ")
        await until(lambda: not executing(client))
        asked = simulator.counters.requests
        assert asked < 160
        (resumed,) = await export(client, simulators, tmp_path / "lake", accounts.hours(4))
        expected = accounts.truth(simulators, accounts.hours(4))
    assert (resumed.complete, resumed.planned) == (True, 160)
    assert resumed.already_done > 0
    rows = accounts.stored(tmp_path / "lake")
    assert (dict(rows), len(rows)) == (expected, 160)


def executing(client):
    """Return the number of tasks that run in the workers of a cluster."""
    return sum(worker.state.executing_count for worker in client.cluster.workers.values())


async def test_a_closing_worker_hands_its_shard_over(known, tmp_path, monkeypatch):
    """A worker that retires stops its shard, and another worker goes on from the checkpoint."""
    monkeypatch.setattr(fleet, "CHECK_SECONDS", 0.01)
    accounts.CALLS.clear()
    async with accounts.simulated(known, 1, workers=80, limit=40) as simulators:
        (simulator,) = simulators
        with running(2) as client:
            task = asyncio.create_task(export(client, simulators, tmp_path / "lake"))
            await until(lambda: simulator.counters.requests > 20)
            processing = await asyncio.to_thread(client.processing)
            (busy,) = (worker for worker, keys in processing.items() if keys)
            await asyncio.to_thread(client.retire_workers, [busy])
            (report,) = await task
        expected = accounts.truth(simulators, accounts.hours(1))
    assert (report.complete, report.already_done + report.written) == (True, 80)
    rows = accounts.stored(tmp_path / "lake")
    assert (dict(rows), len(rows)) == (expected, 80)


async def test_allowed_failures_end_a_task(known, tmp_path):
    """A task is run again as often as Dask allows when its workers die; its report says so."""
    async with accounts.simulated(known, 1, workers=80, limit=40) as simulators:
        (simulator,) = simulators
        with running(1) as client:
            client.cluster.scheduler.allowed_failures = 0
            task = asyncio.create_task(export(client, simulators, tmp_path / "lake"))
            await until(lambda: simulator.counters.requests > 5)
            (worker,) = client.cluster.workers.values()
            await asyncio.to_thread(client.sync, worker.close, executor_wait=False)
            (report,) = await task
    assert report.error.startswith("KilledWorker: ")
    assert not report.complete


async def test_a_lost_cluster_is_in_the_report(known, tmp_path):
    """When the cluster closes, the call returns: the report of each shard says why it ended."""
    async with accounts.simulated(known, 1, workers=80, limit=40) as simulators:
        (simulator,) = simulators
        with running(1) as client:
            task = asyncio.create_task(export(client, simulators, tmp_path / "lake"))
            await until(lambda: simulator.counters.requests > 5)
            await asyncio.to_thread(client.cluster.close)
            (report,) = await task
    assert report.error.startswith("FutureCancelledError: ")
    assert not report.complete


async def test_an_interrupted_call_cancels_its_tasks(client, known, tmp_path, monkeypatch):
    """An interrupted call leaves no task on the cluster."""
    monkeypatch.setattr(fleet, "CHECK_SECONDS", 0.01)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "_report", interrupted)
    async with accounts.simulated(known, 1, workers=80, limit=40) as (simulator,):
        plans = accounts.plans_of([simulator], accounts.hours(1))

        def call():
            with pytest.raises(KeyboardInterrupt):
                fleet.export(client, plans, str(tmp_path / "lake"), **BY_NAME)

        await asyncio.to_thread(call)
        await until(lambda: not client.cluster.scheduler.tasks and not executing(client))
    assert simulator.counters.requests < 80


async def test_a_cluster_may_start_without_workers(known, tmp_path):
    """Tasks wait for the workers of an adaptive cluster that has none yet."""
    async with accounts.simulated(known, 2, **FAST) as simulators:
        with running(0) as client:
            adaptive = await asyncio.to_thread(
                client.cluster.adapt, minimum=0, maximum=2, interval="50ms"
            )
            reports = await export(client, simulators, tmp_path / "lake")
            await asyncio.to_thread(adaptive.stop)
    assert [report.complete for report in reports] == [True, True]


async def test_an_asynchronous_client_submits(known, tmp_path):
    """An asynchronous client awaits the futures; ``export``, which blocks, refuses it."""
    import distributed  # noqa: PLC0415 (its import costs every process of pytest-xdist a second)

    async with (
        accounts.simulated(known, 1, **FAST) as simulators,
        distributed.LocalCluster(n_workers=1, asynchronous=True, **LOCAL) as cluster,
        distributed.Client(cluster, asynchronous=True) as client,
    ):
        plans, output = accounts.plans_of(simulators, accounts.hours(1)), str(tmp_path / "lake")
        with pytest.raises(UsageError, match="await the futures that submit"):
            fleet.export(client, plans, output, **BY_NAME)
        ((shard, future),) = fleet.submit(client, plans, output, **BY_NAME)
        assert (await future).place == shard.place


async def test_no_account_is_no_task(client, tmp_path):
    """Without plans nothing is submitted."""
    assert await export(client, [], tmp_path / "lake") == []


async def test_secrets_stay_on_the_workers(client, known, tmp_path, caplog):
    """No token is in the graph, its keys, the reports, the logs or what a dashboard shows."""
    async with accounts.simulated(known, 2, **FAST) as simulators:
        tokens = [one.auth[1] for one in simulators]
        plans = accounts.plans_of(simulators, accounts.hours(1))
        submitted = fleet.submit(client, plans, str(tmp_path / "lake"), **BY_NAME)
        failing = {"credentials": accounts.closed_vault}
        submitted += fleet.submit(client, plans, str(tmp_path / "lake"), **failing)
        futures = [future for _, future in submitted]
        reports = await asyncio.to_thread(client.gather, futures)
        scheduler = client.cluster.scheduler
        specs = [cloudpickle.dumps(scheduler.tasks[future.key].run_spec) for future in futures]
        frame = fleet.worker_statistics_dataframe(plans, **BY_NAME)
        await asyncio.to_thread(frame.compute)
        shown = [
            *specs,
            *(pickle.dumps(value) for value in (*submitted[0][:1], *reports)),
            cloudpickle.dumps(frame.dask),
            *map(repr, (submitted, reports, frame, dict(frame.dask), scheduler.identity())),
            *map(str, (scheduler.tasks, scheduler.transition_log)),
            repr(await asyncio.to_thread(client.get_task_stream)),
            repr(await asyncio.to_thread(client.profile)),
            repr(await asyncio.to_thread(client.get_events)),
            *(str(worker.state.log) for worker in client.cluster.workers.values()),
            caplog.text,
        ]
    assert [report.complete for report in reports] == [True, True, False, False]
    text = b"".join(one if isinstance(one, bytes) else one.encode() for one in shown)
    assert all(b"tests.fleet.accounts:" in spec for spec in specs)
    assert [secret for secret in (*tokens, accounts.FORBIDDEN) if secret.encode() in text] == []


def test_an_error_pickles_as_dask_does_it():
    """Dask pickles an error with the errors that it came from, and the token is in neither."""
    with pytest.raises(UsageError) as caught:
        Credentials.api_key("SK", TOKEN.secret)
    error = caught.value
    tblib.pickling_support.install(error)  # as a Dask worker does
    assert error.__context__ is not None
    assert type(pickle.loads(pickle.dumps(error))) is type(error)
    assert leaked(pickle.dumps(error)) == []


async def test_a_dataframe_has_the_servers_rows(client, known):
    """A DataFrame has a partition for each account and window, and exactly the server's rows."""
    async with accounts.simulated(known, 3, **FAST) as simulators:
        plans = accounts.plans_of(simulators, accounts.hours(2))
        frame = fleet.worker_statistics_dataframe(plans, **BY_NAME)
        asked = sum(one.counters.requests for one in simulators)
        found = await asyncio.to_thread(frame.compute)
        names = ["account_sid", "reservations_created"]
        sums = frame[names].groupby("account_sid").reservations_created.sum()
        by_account = await asyncio.to_thread(sums.compute)
        expected = accounts.truth(simulators, accounts.hours(2))
    assert (asked, frame.npartitions) == (0, 6)
    assert found.dtypes.equals(frame.dtypes)
    rows = found.to_dict("records")
    assert (dict(map(accounts.counts, rows)), len(rows)) == (expected, 12)
    assert by_account.to_dict() == {
        one.account_sid: sum(
            counts["reservations_created"]
            for (account, *_), counts in expected.items()
            if account == one.account_sid
        )
        for one in simulators
    }


def test_dask_is_an_extra(monkeypatch):
    """Without Dask the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    plans = {"AC" + "1" * 32: etl.worker_plan("WS" + "2" * 32, accounts.hours(1))}
    with pytest.raises(MissingExtra, match=r"taskrouter-stats\[dask\]"):
        fleet.worker_statistics_dataframe(plans, **BY_NAME)
