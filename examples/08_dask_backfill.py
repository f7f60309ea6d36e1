"""Many accounts on a Dask cluster: ``python examples/08_dask_backfill.py [FOLDER]``.

Requires the extra ``dask``. It starts a cluster of two processes on this machine, and a simulator
for each account. With a scheduler elsewhere use ``Client("tcp://scheduler:8786")``, and install a
module such as ``fleet_accounts`` on its workers. Run it again with the same folder: it continues.
"""

import asyncio
import json
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fleet_accounts
from distributed import Client, LocalCluster

from taskrouter_stats import Window, etl
from taskrouter_stats.fleet.dask import ShardReport, export
from taskrouter_stats.simulator import Simulator

ACCOUNTS = 6


async def run(client: Client, folder: str) -> list[ShardReport]:
    """Export six hours of every Worker of each account; the simulators serve meanwhile."""
    day = datetime.now(UTC).date() - timedelta(days=2)
    hours = Window.day(day, tz="UTC").split(hours=1)[12:18]
    async with AsyncExitStack() as stack:
        made = [Simulator(workers=4, seed=seed) for seed in range(ACCOUNTS)]
        simulators = [await stack.enter_async_context(simulator) for simulator in made]
        known = {one.account_sid: {"token": one.auth[1], "url": one.base_url} for one in simulators}
        fleet_accounts.accounts_file().write_text(json.dumps(known))
        plans = {one.account_sid: etl.worker_plan(one.workspace_sid, hours) for one in simulators}
        return await asyncio.to_thread(
            export,
            client,
            plans,
            folder,
            credentials=fleet_accounts.credentials,
            session=fleet_accounts.session,
        )


def main(folder: str) -> None:
    """Start the cluster, run, and print what became of each account's queries."""
    local = LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address="127.0.0.1:0")
    with local as cluster, Client(cluster) as client:
        reports = asyncio.run(run(client, folder))
    for report in reports:
        counts = (
            f"{report.written} written, {report.already_done} done already, {report.failed} failed"
        )
        print(f"{report.account_sid}: {report.planned} planned, {counts}")
        if report.error is not None:
            print(f"  {report.error}")
    print("complete" if all(report.complete for report in reports) else "not complete")


if __name__ == "__main__":  # worker processes import this file
    with tempfile.TemporaryDirectory() as temporary:
        os.environ[fleet_accounts.VARIABLE] = f"{temporary}/accounts.json"  # workers inherit it
        main(str(Path(sys.argv[1] if len(sys.argv) > 1 else f"{temporary}/lake").resolve()))
