"""Simulated accounts of a fleet, and the functions that its workers import: for tests of clusters.

The environment names a file with the simulators, since a worker's process imports this afresh.
"""

import json
import os
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, Window, etl
from taskrouter_stats.etl.output import writer
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.fleet.store import MemoryStore
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.simulator.server.statistics import reservation_counts

VARIABLE = "FLEET_TEST_ACCOUNTS"
"""Environment variable with the name of a file: URL and token by account."""

STORE = MemoryStore()
"""The store of ``shared_session``."""

CALLS = Counter()
"""Calls of ``credentials`` in this process, by account."""

UNFLUSHED, MANY = 10, 50
"""Answers after which ``flushed_often`` and ``flushed_sometimes`` commit."""

FORBIDDEN = "hunter2-of-the-vault"
"""A secret in the error of a provider."""


def _known(account_sid):
    return json.loads(Path(os.environ[VARIABLE]).read_text("utf-8"))[account_sid]


def credentials(account_sid):
    """Return the credentials of a simulated account; raise ``KeyError`` for an unknown one."""
    CALLS[account_sid] += 1
    return Credentials.auth_token(account_sid, _known(account_sid)["token"])


def session(credentials):
    """Return a session with the simulator of these credentials."""
    url = _known(credentials.account_sid)["url"]
    return TaskRouterSession(credentials, base_url=url)


def shared_session(credentials):
    """Return a session that shares its budgets with every other one of this process."""
    url = _known(credentials.account_sid)["url"]
    return TaskRouterSession(credentials, base_url=url, pacer=SharedPacer(STORE))


def hasty_session(credentials):
    """Return a session that tries each request once."""
    url, once = _known(credentials.account_sid)["url"], RetryPolicy(attempts=1)
    return TaskRouterSession(credentials, base_url=url, retry=once, timeout=0.5)


def closed_vault(account_sid):
    """Raise an error that repeats a secret."""
    raise PermissionError(f"the vault refuses {FORBIDDEN} for {account_sid}")


def other_account(account_sid):
    """Return the credentials of another account than the one that is asked for."""
    return Credentials.auth_token(account_sid[:-4] + "0000", "t" * 32)


def unnamed_account(account_sid):
    """Return an API key that does not say which account it belongs to."""
    return Credentials.api_key("SK" + account_sid[2:], "s" * 32)


def plain_token(account_sid):
    """Return what is not credentials."""
    return _known(account_sid)["token"]


def known_url(credentials):
    """Return what is not a session."""
    return _known(credentials.account_sid)["url"]


def flushed_often(place):
    """Return a sink of JSON Lines, and make this process commit after every few answers."""
    writer.BATCH_SIZE = UNFLUSHED
    return etl.JsonLinesSink(place)


def flushed_sometimes(place):
    """Return a Parquet sink, and make this process commit after a tenth of a shard or so."""
    writer.BATCH_SIZE = MANY
    return etl.ParquetSink(place)


@asynccontextmanager
async def simulated(path, count, **options):
    """Run that many simulators, each another account, and write the file that names them."""
    async with AsyncExitStack() as stack:
        simulators = [
            await stack.enter_async_context(Simulator(seed=seed, **options))
            for seed in range(count)
        ]
        known = {one.account_sid: {"url": one.base_url, "token": one.auth[1]} for one in simulators}
        path.write_text(json.dumps(known), "utf-8")
        yield simulators


def plans_of(simulators, windows):
    """Return a plan for each account."""
    return {one.account_sid: etl.worker_plan(one.workspace_sid, windows) for one in simulators}


def truth(simulators, windows):
    """Return the counts of reservations by Worker and window, as each account's world has them."""
    return {
        (one.account_sid, worker.sid, window.start): reservation_counts(
            one.world.totals(worker, int(window.start.timestamp()), int(window.end.timestamp()))
        )
        for one in simulators
        for worker in one.world.workers
        for window in windows
    }


def counts(row):
    """Return the key and the counts of reservations of a row, in any format."""
    start = row["window_start"]
    start = datetime.fromisoformat(start) if isinstance(start, str) else start
    found = {name: row[name] for name in row if name.startswith("reservations_")}
    return (row["account_sid"], row["worker_sid"], start.astimezone(UTC)), found


def stored(output):
    """Return key and counts of each row below an output, in the files of all shards."""
    lines = [
        line
        for path in sorted(output.glob("*/worker_statistics.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    return [counts(row) for row in (*map(json.loads, lines), *_parquet_rows(output))]


def _parquet_rows(output):
    import pyarrow.parquet as pq  # noqa: PLC0415 (a worker that writes no Parquet starts sooner)

    for path in sorted(output.glob("*/worker_statistics/**/*.parquet")):
        yield from pq.ParquetFile(path).read().to_pylist()


def hours(count):
    """Return that many hours of four days ago, which have settled."""
    day = datetime.now(UTC).date() - timedelta(days=4)
    return Window.day(day, tz="UTC").split(hours=1)[:count]
