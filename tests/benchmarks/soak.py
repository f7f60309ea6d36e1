"""Half an hour of everything at once: ``python -m tests.benchmarks.soak [SECONDS]``.

One session streams, fetches, lists and exports against a server in another process that spoils a
quarter of its answers. Beside that calls are cancelled, run into deadlines and are broken off, and
short sessions open and close. Each success must be what an unspoilt server says.

What this process holds is looked at 60 times. The second fifth of the time stands against the last
one by their medians; the first is for warming up. It ends with 1 if

* memory grew by more than ``BOUND``: in a minute the allocator alone moves it by up to half of it,
  and over half an hour it means less than 16 bytes for each request;
* descriptors or tasks grew by more than ``SWAY``, or any is left after the session has closed;
* a success was wrong, or the event loop met an error that nobody was there to hear.
"""

import asyncio
import gc
import json
import logging
import resource
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections import Counter
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from attrs import Factory, define, frozen

from taskrouter_stats import Credentials, Success, TaskRouterSession, Window, errors, etl
from taskrouter_stats import models as m
from taskrouter_stats import queries as q
from taskrouter_stats.simulator import Simulator

SECONDS, SAMPLES = 1_800, 60
WORKERS, LIMIT, SHARE = 50, 1_000, 0.25
TIMEOUT, IN_FLIGHT = 0.5, 20
BOUND = 2.0
"""MiB."""
SWAY = 2 * IN_FLIGHT
"""Descriptors or tasks: who is busy holds more than who waits for a budget."""
DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
WINDOW = Window.between(DAY, DAY + timedelta(hours=8))


@frozen
class Sample:
    """What this process holds."""

    at: float
    mib: float
    descriptors: int
    tasks: int
    sent: int


@define
class Load:
    """All that is done to one session, each in its own loop until the time is up."""

    session: TaskRouterSession
    options: dict
    expected: dict[str, bytes]
    asked: list
    until: float
    random: Random = Factory(lambda: Random(6))
    seen: Counter = Factory(Counter)

    async def run(self):
        """Until the time is up."""
        turns = (self.stream, self.fetch, self.fetch, self.listing, self.cancelled)
        turns += (self.broken_off, self.late, self.short_session, self.export)
        async with asyncio.TaskGroup() as group:
            for turn in turns:
                group.create_task(self.again(turn))

    async def again(self, turn):
        """One turn after the other; an error of ours is an outcome, any other ends the soak."""
        while time.monotonic() < self.until:
            try:
                await turn()
            except errors.TaskRouterStatsError as error:
                self.seen[type(error).__name__] += 1
            self.seen[turn.__name__] += 1
            await asyncio.sleep(0.2 * self.random.random())

    def judge(self, value):
        """Hold a success against the truth."""
        self.seen["answered"] += 1
        self.seen["wrong"] += m.to_json(value) != self.expected[value.worker_sid]

    async def stream(self):
        """Many, in their order or not."""
        many = self.random.choices(self.asked, k=300)
        ordered = self.random.random() < 0.5
        async with self.session.stream(many, ordered=ordered) as outcomes:
            async for outcome in outcomes:
                if isinstance(outcome, Success):
                    self.judge(outcome.value)
                else:
                    self.seen[type(outcome.error).__name__] += 1

    async def fetch(self):
        """One."""
        self.judge(await self.session.fetch(self.random.choice(self.asked)))

    async def listing(self):
        """A list, page by page."""
        listing = q.workers(self.asked[0].workspace_sid, page_size=10)
        self.seen["listed"] += len([1 async for _ in self.session.iterate(listing)])

    async def cancelled(self):
        """A stream that is cancelled from outside, wherever it stands."""
        task = asyncio.create_task(self.session.collect(self.asked))
        await asyncio.wait({task}, timeout=0.3 * self.random.random())
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def broken_off(self):
        """A stream that its reader leaves after some outcomes."""
        left = self.random.randrange(20)
        async with self.session.stream(self.asked) as outcomes:
            async for _ in outcomes:
                if (left := left - 1) < 0:
                    break

    async def late(self):
        """A call that its caller's deadline ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1 * self.random.random()):
                await self.session.fetch(self.random.choice(self.asked))

    async def short_session(self):
        """A session opened, used once, closed; of another budget than the others'."""
        async with TaskRouterSession(**self.options) as session:
            await session.fetch(q.workspace(self.asked[0].workspace_sid))

    async def export(self):
        """All workers into files."""
        plan = etl.worker_plan(self.asked[0].workspace_sid, [WINDOW])
        with tempfile.TemporaryDirectory() as folder:
            await etl.export(self.session, plan, etl.JsonLinesSink(folder))
        await asyncio.sleep(2 * self.random.random())


async def serve():
    """Two servers of one world, one that spoils answers and one that doesn't, until EOF."""
    spoilt = Simulator(WORKERS, LIMIT, seed=3, latency=0.01, faults=SHARE)
    async with spoilt, Simulator(WORKERS, window="none", seed=3, latency=0) as calm:
        told = spoilt.base_url, calm.base_url, *spoilt.auth, spoilt.workspace_sid
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def server():
    """`serve` in a process of its own: what it told."""
    command = sys.executable, "-m", "tests.benchmarks.soak", "serve"
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def truth(url, credentials, workspace):
    """The queries of all workers, and what the unspoilt server says to each."""
    async with TaskRouterSession(credentials, base_url=url) as session:
        sids = [worker.sid async for worker in session.iterate(q.workers(workspace))]
        asked = [q.worker_statistics(workspace, sid, WINDOW) for sid in sids]
        told = [outcome.unwrap() for outcome in await session.collect(asked)]
    return asked, {value.worker_sid: m.to_json(value) for value in told}


def look(began, session=None):
    """A sample of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    sent = sum(budget.sent for budget in session.budgets()) if session else 0
    mib = pages * resource.getpagesize() / 2**20
    descriptors = len(list(Path("/proc/self/fd").iterdir())) - 1  # the one that lists them
    return Sample(time.monotonic() - began, mib, descriptors, len(asyncio.all_tasks()), sent)


async def watch(load, began, seconds):
    """Samples until the time is up."""
    samples = []
    for number in range(1, SAMPLES + 1):
        await asyncio.sleep(began + seconds * number / SAMPLES - time.monotonic())
        samples.append(look(began, load.session))
    return samples


async def soak(seconds):
    """Samples of that time, what was left at its end, what happened, and errors unheard."""
    logging.getLogger("taskrouter_stats").setLevel(logging.CRITICAL)
    unheard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    async with server() as (spoilt, calm, user, token, workspace):
        credentials = Credentials.auth_token(user, token)
        asked, expected = await truth(calm, credentials, workspace)
        options = {"credentials": credentials, "base_url": spoilt}
        options |= {"timeout": TIMEOUT, "max_in_flight": IN_FLIGHT}
        began = time.monotonic()
        before = look(began)
        async with TaskRouterSession(**options) as session:
            load = Load(session, options, expected, asked, began + seconds)
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(watch(load, began, seconds))
                group.create_task(load.run())
        await asyncio.sleep(0.25)  # sockets close in the loop's next rounds
        after = look(began)
    left = after.descriptors - before.descriptors, after.tasks - before.tasks
    return watching.result(), left, load.seen, unheard


def middle(samples):
    """The medians of what they hold."""
    rows = [(one.mib, one.descriptors, one.tasks) for one in samples]
    return [median(column) for column in zip(*rows, strict=True)]


def main(seconds):
    """Print the table; whether all is well."""
    samples, left, seen, unheard = asyncio.run(soak(seconds))
    print(f"{'fifth':>5}{'requests':>12}{'MiB':>8}{'descriptors':>13}{'tasks':>7}")
    fifth = SAMPLES // 5
    parts = [samples[start : start + fifth] for start in range(0, SAMPLES, fifth)]
    for number, part in enumerate(parts, 1):
        mib, descriptors, tasks = middle(part)
        print(f"{number:>5}{part[-1].sent:>12,}{mib:>8.1f}{descriptors:>13.0f}{tasks:>7.0f}")
    grown = [late - early for early, late in zip(middle(parts[1]), middle(parts[4]), strict=True)]
    print("grown: {:+.2f} MiB, {:+.0f} descriptors, {:+.0f} tasks".format(*grown))
    print(
        "left at the end: {} descriptors, {} tasks; {} errors unheard".format(*left, len(unheard))
    )
    print(", ".join(f"{name} {count:,}" for name, count in seen.most_common()), *unheard, sep="\n")
    within = grown[0] <= BOUND and max(grown[1:]) <= SWAY
    return within and left == (0, 0) and not unheard and seen["answered"] and not seen["wrong"]


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        sys.exit(not main(float(sys.argv[1]) if sys.argv[1:] else SECONDS))
