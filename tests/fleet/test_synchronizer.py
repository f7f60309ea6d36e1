"""What happens when the store is slow, gone, empty, behind, forbidden or wrong: requests go on."""

import asyncio
import logging

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.fleet.interval import STEADY_INTERVAL
from tests.lab.fleet import KEY, Crew, live

SECONDS = 5.0


def crew(story, processes=4, **more):
    """Return processes that share 50 requests a second for about ten seconds."""
    return Crew(processes, int(SECONDS * 50 / processes), story=story, **more)


def link(process):
    """Return a process's synchronizer."""
    return process.fleet._budgets[KEY]


def check(figures, *, seconds=11.5, refused=0.02):
    """All requests were admitted, in time, with few refusals; ten seconds are the optimum."""
    assert all(each.done == each.crew.jobs for each in figures.world.processes)
    assert figures.seconds <= seconds
    assert figures.refused <= refused


def lines(caplog):
    """Return what was logged."""
    return [(record.levelname, record.message) for record in caplog.records]


@pytest.fixture(autouse=True)
def logged(caplog):
    """Collect the room's log."""
    caplog.set_level(logging.INFO, "taskrouter_stats.fleet")


def test_a_store_that_is_gone_for_ten_seconds_and_comes_back_empty(caplog):
    """Nothing fails, nothing learned is lost, and each process says once that it went and came."""
    seen = []

    async def story(world):
        await world.until(3.0)
        world.store.go_down()
        await world.until(4.0)
        seen.append([each.fleet._budgets[KEY].throttle.is_alone for each in world.processes])
        await world.until(13.0)
        world.store.come_back(empty=True)
        await world.until(15.5)
        seen.append([link(each).throttle.is_alone for each in world.processes])
        seen.append({link(each).throttle.limit for each in world.processes})

    figures = live(Crew(4, 250, story=story))
    check(figures, seconds=26.0)
    assert seen == [[True] * 4, [False] * 4, {50.0}]
    levels = [level for level, _ in lines(caplog)]
    assert (levels.count("WARNING"), levels.count("INFO")) == (4, 4)


@pytest.mark.parametrize(("seed", "empty"), [(14, True), (15, True), (18, False)])
def test_processes_come_back_one_after_another(seed, empty):
    """While some are back and others are not, nothing false is learned from their paces."""
    # In these runs the first process that was back took its pace times four, or the others' sends
    # for its own: 6.5% were refused, or the run took half more time.

    async def story(world):
        await world.until(3.0)
        world.store.go_down()
        await world.until(13.0)
        world.store.come_back(empty=empty)

    check(live(Crew(4, 250, story=story, seed=seed)), seconds=26.0, refused=0.015)


def test_a_slow_store_is_not_waited_for(caplog):
    """A store that takes longer than ``patience`` counts as gone, and is used when it is faster."""
    seen = []

    async def story(world):
        await world.until(2.0)
        world.store.latency = 0.3
        await world.until(3.0)
        seen.append([link(each).throttle.is_alone for each in world.processes])
        world.store.latency = 0.0005
        await world.until(5.0)
        seen.append([link(each).throttle.is_alone for each in world.processes])

    check(live(crew(story)), seconds=13.0)
    assert seen == [[True] * 4, [False] * 4]
    assert any("no answer within 250 ms" in text for _, text in lines(caplog))


def test_a_store_that_is_slow_from_the_start():
    """A session whose store never answers paces alone."""

    async def story(world):
        world.store.latency = 60.0

    check(live(crew(story, processes=1)), seconds=12.0)


def test_a_failover_to_a_replica_that_lags():
    """A server that went back half a second gets the newer state from a process."""
    steps = []

    async def story(world):
        await world.until(3.0)
        replica = world.store.remember()
        await world.until(3.5)
        steps.append(link(world.processes[0]).throttle.state.steps)
        world.store.fail_over(replica)
        await world.until(4.0)
        steps.append(link(world.processes[0]).throttle.state.steps)

    figures = live(crew(story))
    check(figures)
    assert steps[1] > steps[0]


def test_a_write_whose_answer_was_lost_counts_once():
    """After lost answers, no slot is charged twice: none is charged that was not sent or leased."""
    totals = []

    async def story(world):
        await world.until(3.0)
        world.store.loses_answers = 2
        await world.until(4.8)
        states = [link(each).throttle.state for each in world.processes]
        newest = max(states, key=lambda state: state.steps)
        totals.append((newest.throttle.sent, sum(each.sent for each in world.processes)))

    check(live(crew(story, processes=2)))
    charged, sent = totals[0]
    assert charged - sent <= 12  # leased and not sent yet


@pytest.mark.parametrize("misconfigured", [False, True])
def test_a_store_that_refuses_is_told_once(caplog, misconfigured):
    """A read-only or forbidden store is one line, an error if only a person can repair it."""

    async def story(world):
        await world.until(1.0)
        world.store.go_down("NOPERM", is_misconfigured=misconfigured)

    check(live(crew(story, processes=1)))
    found = lines(caplog)
    assert [level for level, _ in found] == ["ERROR" if misconfigured else "WARNING"]
    assert "NOPERM" in found[0][1]


@pytest.mark.parametrize("blob", [b"garbage", b'{"throttle":{}}', b"\x00" * 5000])
def test_an_unreadable_state_is_replaced(caplog, blob):
    """Bytes that no process wrote are told once and replaced by what the processes know."""

    async def story(world):
        await world.until(2.0)
        (name,) = world.store._held
        held = await world.store.read(name)
        while not (await world.store.compare_and_set(name, held.version, blob, ttl=60)).committed:
            held = await world.store.read(name)

    figures = live(crew(story, processes=2))
    check(figures)
    assert [level for level, text in lines(caplog) if "unreadable" in text] in (
        ["WARNING"],
        ["WARNING"] * 2,
    )


@pytest.mark.parametrize("jump", [-3600.0, -5.0, 5.0, 3600.0])
def test_the_stores_clock_jumps(jump):
    """If the store's clock jumps back, nothing is refused; if ahead, a few requests are."""

    async def story(world):
        await world.until(3.0)
        world.store.skew += jump

    # Ahead looks like time that passed, in which a window would have turned.
    check(live(crew(story)), refused=0.0 if jump < 0 else 0.04)


def test_a_killed_process_overspends_nothing_and_holds_nobody_up():
    """After SIGKILL the others take over its part, and its requests in flight are forgotten."""
    held = []

    async def story(world):
        await world.until(3.0)
        await world.processes[0].kill()
        await world.until(9.0)
        state = link(world.processes[1]).throttle.state
        held.append((len(state.clients), state.throttle.in_flight))

    figures = live(Crew(4, 150, story=story))
    assert figures.refused <= 0.01
    assert held[0][0] == 3
    alive = figures.world.processes[1:]
    assert all(each.done == 150 for each in alive)
    assert figures.seconds <= 600 / 50 + 2


def test_a_pause_is_known_everywhere_within_an_interval_and_a_round_trip():
    """A 429 of one process stops all others within a fifth of a second and two calls."""
    late = []

    async def story(world):
        await world.until(3.0)
        first = world.processes[0]
        permit = await first.pacer.acquire(KEY, interactive=True)
        permit.observe(first_headers(), refused=True)
        await asyncio.sleep(STEADY_INTERVAL + 4 * world.store.latency + 0.03)
        before = [each.sent for each in world.processes]
        late.extend(link(each).throttle.snapshot(now()).reason for each in world.processes)
        await asyncio.sleep(1.0)
        assert [each.sent for each in world.processes] == before

    live(crew(story))
    assert late == ["paused"] * 4


def test_a_pause_is_waited_for_quietly():
    """Processes that wait for the end of a pause call once a second, and go on when it is over."""
    calls, sent = [], []

    async def story(world):
        await world.until(2.0)
        first = world.processes[0]
        permit = await first.pacer.acquire(KEY, interactive=True)
        permit.observe(RateLimit(limit=50.0, remaining=0.0, retry_after=6.0), refused=True)
        fetch = asyncio.create_task(world.processes[1].request(interactive=True))
        await asyncio.sleep(1.0)
        before = [each.sent for each in world.processes], world.store.calls
        await asyncio.sleep(4.0)
        calls.append(world.store.calls - before[1])
        sent.append([each.sent for each in world.processes] == before[0])
        await asyncio.sleep(2.0)
        sent.extend(each.sent > old for each, old in zip(world.processes, before[0], strict=True))
        await fetch

    figures = live(crew(story))
    assert 0 < calls[0] <= 4 * 5 * 2.5
    assert sent == [True] * 5
    assert figures.refused <= 0.02
    assert figures.jain >= 0.95


def first_headers():
    """Return the headers of a 429 that pauses for two seconds."""
    return RateLimit(limit=50.0, remaining=0.0, retry_after=2.0)


def now():
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


def test_reports_are_few():
    """A process reports ten times a second at most, with two and a half calls each at most."""
    figures = live(Crew(4, 150))
    assert figures.syncs <= 10.5
    assert figures.calls <= 2.5


def test_a_quiet_budget_costs_no_call():
    """Once all is reported, a session without requests does not call the store."""
    calls = []

    async def quiet(world):
        await world.until(3.0)
        before = world.store.calls
        await asyncio.sleep(30.0)
        calls.append(world.store.calls - before)

    live(Crew(1, 40, story=quiet, lingers=40.0))
    assert calls == [0]
