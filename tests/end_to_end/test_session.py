"""The main job over real sockets, against the simulator: counts, not times."""

import asyncio
import gc
import time

import aiohttp
import pytest

from taskrouter_stats import (
    Credentials,
    Failure,
    RetryPolicy,
    Success,
    TaskRouterSession,
    Window,
    errors,
    queries,
)
from taskrouter_stats.simulator import WINDOWS, Simulator

DAY = Window.last(hours=8)
LIST, STATISTICS = "Worker-List", "WorkerStatistics-Fetch"


def session_for(simulator, **options):
    """Return a session for a simulator's account."""
    return TaskRouterSession(simulator.credentials, base_url=simulator.base_url, **options)


def sids(simulator):
    """Return the SIDs of a simulator's workers."""
    return [worker.sid for worker in simulator.world.workers]


class StoppedClock:
    """A clock that stands still until a condition holds, so that no budget refills."""

    def __init__(self):
        self._start, self._went = time.time(), None
        self.go_after = lambda: False

    def __call__(self):
        """Return seconds since 1970."""
        if self._went is None and self.go_after():
            self._went = time.monotonic()
        return self._start + (0.0 if self._went is None else time.monotonic() - self._went)


async def spend(simulator, many):
    """Send this many requests without the session, as another client would."""
    url = f"{simulator.base_url}/v1/Workspaces/{simulator.workspace_sid}/Workers"
    headers = {"Authorization": simulator.credentials.authorization()}
    async with aiohttp.ClientSession(headers=headers) as other_client:
        for _ in range(many):
            async with other_client.get(f"{url}/{sids(simulator)[0]}/Statistics"):
                pass


class TestWholeWorkspace:
    """Every worker's statistics."""

    @pytest.mark.parametrize("window", WINDOWS)
    async def test_every_worker_once(self, window):
        """With each window model each worker has one outcome, for the same window."""
        async with (
            Simulator(workers=130, limit=100, window=window, latency=0.005) as simulator,
            session_for(simulator) as session,
            session.stream_worker_statistics(simulator.workspace_sid, DAY) as outcomes,
        ):
            found = [outcome async for outcome in outcomes]
            progress = outcomes.progress
        counts = simulator.counters.by_key[STATISTICS]
        assert sorted(outcome.value.worker_sid for outcome in found) == sorted(sids(simulator))
        assert all(o.query.context.sid == o.value.worker_sid for o in found)
        assert len({outcome.value.cumulative.start_time for outcome in found}) == 1
        assert (progress.done, progress.failed, progress.total) == (130, 0, 130)
        assert counts.succeeded == 130
        assert progress.refused == counts.refused == sum(o.meta.refused for o in found)
        assert simulator.counters.max_in_flight <= 100

    async def test_almost_nothing_is_refused(self):
        """In one-second windows the server refuses at most one request in a hundred."""
        async with (
            Simulator(workers=400, limit=200, latency=0.01) as simulator,
            session_for(simulator) as session,
        ):
            stream = session.stream_worker_statistics(simulator.workspace_sid, DAY)
            assert len(await stream.collect()) == 400
        assert simulator.counters.refused <= 4
        assert simulator.counters.in_flight == 0

    async def test_listed_in_small_pages(self):
        """URLs of pages with Twilio's host lead to the simulator, each once."""
        async with Simulator(workers=23, window="none", latency=0) as simulator:
            listing = queries.workers(simulator.workspace_sid, page_size=5)
            async with session_for(simulator) as session:
                items = session.iterate(listing)
                assert [worker.sid for worker in await items.collect()] == sids(simulator)
                assert items.total == 23
        assert simulator.counters.by_key[LIST].requests == 5

    async def test_an_empty_workspace(self):
        """A workspace without workers gives no outcome, and a total of 0."""
        async with (
            Simulator(workers=0, latency=0) as simulator,
            session_for(simulator) as session,
            session.stream_worker_statistics(simulator.workspace_sid) as outcomes,
        ):
            assert [outcome async for outcome in outcomes] == []
            assert outcomes.progress.total == 0

    async def test_values_add_up(self):
        """A worker's activities fill the window, and accepted is at most created."""
        async with Simulator(workers=10, latency=0) as simulator, session_for(simulator) as session:
            stream = session.stream_worker_statistics(simulator.workspace_sid, DAY)
            for outcome in await stream.collect():
                found = outcome.unwrap().cumulative
                total = sum(activity.total for activity in found.activity_durations)
                assert total == pytest.approx(8 * 3600, abs=len(found.activity_durations))
                assert found.reservations_accepted <= found.reservations_created


class TestRefusals:
    """A budget that another client uses too."""

    async def test_a_budget_used_by_another_client(self):
        """When another client has used the budget, the run pauses, continues and completes."""
        clock = StoppedClock()
        options = {"limit": 20, "window": "bucket", "latency": 0, "clock": clock}
        async with Simulator(workers=8, **options) as simulator:
            simulator.options.retry_after = 0.5
            await spend(simulator, 20)
            before = simulator.counters.by_key[STATISTICS].refused
            clock.go_after = lambda: simulator.counters.by_key[STATISTICS].refused > before
            async with session_for(simulator) as session:
                stream = session.stream_worker_statistics(simulator.workspace_sid, DAY)
                found = await stream.collect()
                refused = sum(budget.refused for budget in session.budgets())
        assert all(isinstance(outcome, Success) for outcome in found)
        assert len(found) == 8
        assert simulator.counters.by_key[STATISTICS].refused - before == refused > 0

    async def test_refused_for_good(self):
        """A query that the server refuses ``refusals`` times fails with RateLimited."""
        async with Simulator(workers=1, limit=1, window="sliding10s", latency=0) as simulator:
            simulator.options.retry_after = 0
            query = queries.worker_statistics(simulator.workspace_sid, sids(simulator)[0])
            await spend(simulator, 10)
            async with session_for(simulator, retry=RetryPolicy(refusals=3)) as session:
                with pytest.raises(errors.RateLimited) as caught:
                    await session.fetch(query)
        assert (caught.value.status, caught.value.retry_after) == (429, 0)
        assert simulator.counters.refused == 3

    async def test_no_headers_at_all(self):
        """Without rate-limit headers the run completes."""
        async with Simulator(workers=60, limit=1000, latency=0.005) as simulator:
            simulator.options.headers = simulator.options.headers_on_429 = False
            async with session_for(simulator) as session:
                stream = session.stream_worker_statistics(simulator.workspace_sid, DAY)
                assert len(await stream.collect()) == 60
                assert {budget.limit for budget in session.budgets()} == {None}
        assert simulator.counters.refused == 0


class TestErrors:
    """Errors from the server."""

    async def test_wrong_credentials(self):
        """A wrong token ends the run with Unauthorized after one request."""
        async with Simulator(workers=50, latency=0) as simulator:
            wrong = Credentials.auth_token(simulator.account_sid, "wrong")
            async with TaskRouterSession(wrong, base_url=simulator.base_url) as session:
                with pytest.raises(errors.Unauthorized) as caught:
                    await session.stream_worker_statistics(simulator.workspace_sid).collect()
        assert (caught.value.code, simulator.counters.requests) == (20003, 1)
        assert "wrong" not in str(caught.value)

    async def test_a_worker_that_is_gone(self):
        """An unknown worker is a Failure, and the other workers succeed."""
        async with Simulator(workers=30, latency=0) as simulator, session_for(simulator) as session:
            gone = "WK" + "0" * 32
            stream = session.stream_worker_statistics(
                simulator.workspace_sid, DAY, workers=[*sids(simulator), gone]
            )
            found = await stream.collect()
        [failure] = [outcome for outcome in found if isinstance(outcome, Failure)]
        assert isinstance(failure.error, errors.NotFound)
        assert (failure.query.context.sid, failure.meta.attempts) == (gone, 1)
        assert len(found) == 31

    async def test_a_stopped_server(self):
        """A stopped server gives ConnectionFailed after the policy's attempts."""
        async with Simulator(workers=1) as simulator:
            base_url, credentials = simulator.base_url, simulator.credentials
            workspace = simulator.workspace_sid
        policy = RetryPolicy(attempts=2, base=0)
        async with TaskRouterSession(credentials, base_url=base_url, retry=policy) as session:
            with pytest.raises(errors.ConnectionFailed):
                await session.iterate(queries.workers(workspace)).collect()


class TestLeaving:
    """Runs that end early."""

    @pytest.mark.parametrize("way", ["leave", "cancel", "aclose"])
    async def test_nothing_is_left(self, way):
        """A run that is left, cancelled or closed leaves no task, request or reported error."""
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
        before = asyncio.all_tasks()
        async with Simulator(workers=200, limit=500, latency=0.02) as simulator:
            simulators = asyncio.all_tasks()
            session = session_for(simulator, max_in_flight=20)
            reading = asyncio.create_task(_read(session, simulator, 30 if way == "leave" else 999))
            while simulator.counters.succeeded < 60 and not reading.done():  # noqa: ASYNC110
                await asyncio.sleep(0)
            if way == "cancel":
                reading.cancel()
            if way == "aclose":
                await session.aclose()
            [ended] = await asyncio.gather(reading, return_exceptions=True)
            expected = {"leave": int, "cancel": asyncio.CancelledError}
            assert isinstance(ended, expected.get(way, errors.SessionClosed))
            assert [b.in_flight + b.waiting for b in session.budgets()] == [0, 0]
            assert _ours(asyncio.all_tasks() - simulators) == set()
            await session.aclose()
        assert simulator.counters.requests < 200
        assert _ours(asyncio.all_tasks() - before) == set()
        del session, reading, ended
        gc.collect()
        assert complaints == []

    async def test_fetches_in_the_loop(self):
        """With one slot, a fetch inside the loop succeeds for each worker."""
        async with (
            Simulator(workers=25, window="none", latency=0) as simulator,
            session_for(simulator, max_in_flight=1) as session,
            session.stream_worker_statistics(simulator.workspace_sid, DAY) as outcomes,
        ):
            async for outcome in outcomes:
                again = await session.fetch(outcome.query)
                assert again.cumulative == outcome.value.cumulative
        assert simulator.counters.by_key[STATISTICS].succeeded == 50
        assert simulator.counters.max_in_flight == 1


async def _read(session, simulator, most):
    """Read at most this many outcomes and return their number."""
    seen = 0
    async with session.stream_worker_statistics(simulator.workspace_sid, DAY) as outcomes:
        async for _ in outcomes:
            seen += 1
            if seen == most:
                break
    return seen


def _ours(tasks):
    """Return the tasks that are not the simulator's."""
    return {task for task in tasks if "RequestHandler" not in repr(task.get_coro())} - {
        asyncio.current_task()
    }


async def test_from_the_environment(monkeypatch):
    """A session from the environment reaches the server that the environment names."""
    async with Simulator(workers=3, latency=0) as simulator:
        account, token = simulator.auth
        for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", account)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", token)
        monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", simulator.base_url)
        async with TaskRouterSession.from_env() as session:
            listing = queries.workers(simulator.workspace_sid)
            assert [w.sid async for w in session.iterate(listing)] == sids(simulator)
