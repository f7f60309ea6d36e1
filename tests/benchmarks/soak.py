"""Half an hour of everything at once: ``python -m tests.benchmarks.soak [SECONDS]``.

One session streams, fetches, lists and exports against servers in another process: one spoils a
quarter of its replies, and a gateway before it tells lies (``lying_gateway.py``). Meanwhile calls
are cancelled, reach deadlines and are left early, and short sessions open and close. Each success
must equal the reply of a server without faults.

The script samples the resources of its process 60 times and compares the medians of the second and
the last fifth; the first fifth warms up. The exit code is 1 if

* memory grew by more than ``BOUND``: in a minute the allocator alone moves it by up to half of it,
  and over half an hour it means less than 16 bytes for each request;
* descriptors or tasks grew by more than ``SWAY``, or any is left after the session has closed;
* a success was wrong, something was missing without an error, or the event loop reported an error
  that no code handled.
"""

import asyncio
import gc
import json
import logging
import resource
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from statistics import median

from attrs import Factory, define, frozen

from taskrouter_stats import Credentials, Success, TaskRouterSession, errors
from taskrouter_stats import queries as q
from tests.benchmarks.fault_storm import WINDOW, Storm, as_json, export, servers

SECONDS, SAMPLES = 1_800, 60
FAULTS, LIES, LATENCY = 0.25, 0.05, 0.01
TIMEOUT, IN_FLIGHT = 0.5, 20
BOUND = 2.0
"""MiB."""
SWAY = 2 * IN_FLIGHT
"""Descriptors or tasks: a busy session holds more of them than one that waits for permits."""


@frozen
class Sample:
    """The resources of this process."""

    at: float
    mib: float
    descriptors: int
    tasks: int
    sent: int


@define
class Load:
    """Everything that is done with one session, each kind in a loop until the time ends."""

    session: TaskRouterSession
    options: dict
    expected: dict[str, dict]
    asked: list
    until: float
    random: Random = Factory(lambda: Random(6))
    seen: Counter = Factory(Counter)
    storm: Storm = Factory(lambda: Storm(0))

    async def run(self):
        """Run every kind until the time ends."""
        turns = (self.stream, self.fetch, self.fetch, self.listing, self.cancelled)
        turns += (self.broken_off, self.late, self.short_session, self.export)
        async with asyncio.TaskGroup() as group:
            for turn in turns:
                group.create_task(self.again(turn))

    async def again(self, turn):
        """Repeat one kind; an error of the package is an outcome, any other ends the soak."""
        while time.monotonic() < self.until:
            try:
                await turn()
            except errors.TaskRouterStatsError as error:
                self.seen[type(error).__name__] += 1
            self.seen[turn.__name__] += 1
            await asyncio.sleep(0.2 * self.random.random())

    def judge(self, value):
        """Compare a success with the truth."""
        self.seen["answered"] += 1
        self.storm.wrong += as_json(value) != self.expected[value.worker_sid]

    async def stream(self):
        """Stream many queries, in their order or as they end."""
        many = self.random.choices(self.asked, k=300)
        ordered = self.random.random() < 0.5
        async with self.session.stream(many, ordered=ordered) as outcomes:
            async for outcome in outcomes:
                if isinstance(outcome, Success):
                    self.judge(outcome.value)
                else:
                    self.seen[type(outcome.error).__name__] += 1

    async def fetch(self):
        """Fetch one query."""
        self.judge(await self.session.fetch(self.random.choice(self.asked)))

    async def listing(self):
        """Read a list page by page."""
        listing = q.workers(self.asked[0].workspace_sid, page_size=10)
        found = [worker.sid async for worker in self.session.iterate(listing)]
        self.storm.judge_list(found, set(self.expected))

    async def cancelled(self):
        """Cancel a stream at a random time."""
        task = asyncio.create_task(self.session.collect(self.asked))
        await asyncio.wait({task}, timeout=0.3 * self.random.random())
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def broken_off(self):
        """Leave a stream after some outcomes."""
        left = self.random.randrange(20)
        async with self.session.stream(self.asked) as outcomes:
            async for _ in outcomes:
                if (left := left - 1) < 0:
                    break

    async def late(self):
        """Let the caller's deadline end a call."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1 * self.random.random()):
                await self.session.fetch(self.random.choice(self.asked))

    async def short_session(self):
        """Open a session, use it once for another resource key, and close it."""
        async with TaskRouterSession(**self.options) as session:
            await session.fetch(q.workspace(self.asked[0].workspace_sid))

    async def export(self):
        """Export all workers, and compare the rows and the reports with the truth."""
        await export(self.storm, self.session, self.asked[0].workspace_sid, self.expected)
        await asyncio.sleep(2 * self.random.random())


async def serve():
    """Serve until EOF; print the addresses at the beginning and the lies at the end."""
    async with servers(FAULTS, LIES, LATENCY) as (calm, gateway, raw_server):
        addresses = raw_server.url, calm.base_url, *calm.auth, calm.workspace_sid
        print(json.dumps(addresses), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    lies = ", ".join(f"{name} {count:,}" for name, count in gateway.told.most_common())
    print("lies:", lies, file=sys.stderr)


@asynccontextmanager
async def server():
    """Run ``serve`` in another process; yield what it printed first."""
    command = sys.executable, "-m", "tests.benchmarks.soak", "serve"
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def truth(url, credentials, workspace):
    """Return the queries of all workers, and what the server without faults replies to each."""
    async with TaskRouterSession(credentials, base_url=url) as session:
        sids = [worker.sid async for worker in session.iterate(q.workers(workspace))]
        asked = [q.worker_statistics(workspace, sid, WINDOW) for sid in sids]
        values = [outcome.unwrap() for outcome in await session.collect(asked)]
    return asked, {value.worker_sid: as_json(value) for value in values}


def look(began, session=None):
    """Return a sample of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    sent = sum(budget.sent for budget in session.budgets()) if session else 0
    mib = pages * resource.getpagesize() / 2**20
    descriptors = len(list(Path("/proc/self/fd").iterdir())) - 1  # the one that lists them
    return Sample(time.monotonic() - began, mib, descriptors, len(asyncio.all_tasks()), sent)


async def watch(load, began, seconds):
    """Return the samples of this many seconds."""
    samples = []
    for number in range(1, SAMPLES + 1):
        await asyncio.sleep(began + seconds * number / SAMPLES - time.monotonic())
        samples.append(look(began, load.session))
    return samples


async def soak(seconds):
    """Return samples, what was left at the end, the load, and errors that no code handled."""
    logging.getLogger("taskrouter_stats").setLevel(logging.CRITICAL)
    unhandled = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
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
    return watching.result(), left, load, unhandled


def middle(samples):
    """Return the medians of these samples."""
    rows = [(one.mib, one.descriptors, one.tasks) for one in samples]
    return [median(column) for column in zip(*rows, strict=True)]


def main(seconds):
    """Print the table; return whether every condition holds."""
    samples, left, load, unhandled = asyncio.run(soak(seconds))
    seen, storm = load.seen, load.storm
    print(f"{'fifth':>5}{'requests':>12}{'MiB':>8}{'descriptors':>13}{'tasks':>7}")
    fifth = SAMPLES // 5
    parts = [samples[start : start + fifth] for start in range(0, SAMPLES, fifth)]
    for number, part in enumerate(parts, 1):
        mib, descriptors, tasks = middle(part)
        print(f"{number:>5}{part[-1].sent:>12,}{mib:>8.1f}{descriptors:>13.0f}{tasks:>7.0f}")
    grown = [late - early for early, late in zip(middle(parts[1]), middle(parts[4]), strict=True)]
    print("grown: {:+.2f} MiB, {:+.0f} descriptors, {:+.0f} tasks".format(*grown))
    print(
        "left at the end: {} descriptors, {} tasks; {} errors unhandled".format(
            *left, len(unhandled)
        )
    )
    print(
        f"{seen['answered']:,} answers, {storm.lists:,} lists, {storm.exports:,} exports complete"
    )
    print(f"wrong {storm.wrong}, silent {storm.silent}")
    print(
        ", ".join(f"{name} {count:,}" for name, count in seen.most_common()), *unhandled, sep="\n"
    )
    within = grown[0] <= BOUND and max(grown[1:]) <= SWAY
    true = seen["answered"] and not storm.wrong and not storm.silent
    return within and left == (0, 0) and not unhandled and true


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        sys.exit(not main(float(sys.argv[1]) if sys.argv[1:] else SECONDS))
