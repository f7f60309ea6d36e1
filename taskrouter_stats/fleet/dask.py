"""Exports and DataFrames on a Dask cluster. Requires the extra ``dask``.

::

    with Client("tcp://scheduler:8786") as client:
        plans = {account: etl.worker_plan(workspace, days) for account, workspace in …}
        reports = export(client, plans, "s3://bucket/lake", credentials=accounts.credentials)

Dask decides where a shard runs; the shard's checkpoint holds what is done. If a worker dies, Dask
runs its tasks again, until ``distributed.scheduler.allowed-failures`` + 1 workers died (3 + 1).
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Unpack
from uuid import uuid4

from taskrouter_stats.errors import MissingExtra, UsageError
from taskrouter_stats.models import Credentials
from taskrouter_stats.session import TaskRouterSession

from .partition import Partition, as_frame, make_partitions
from .shard import Output, Plans, Shard, ShardOptions, ShardReport, export_shard, make_shards

__all__ = ["ShardReport", "export", "submit", "worker_statistics_dataframe"]

CHECK_SECONDS: Final = 0.5
"""Seconds between two checks whether the cluster still wants a running task."""


def export(
    client: Any, plans: Plans, output: Output, **options: Unpack[ShardOptions]
) -> list[ShardReport]:
    """Export plans of many accounts on a cluster; run it again to resume, or to fetch what is new.

    An error of a shard, its cancellation and the loss of the cluster are in its report, and end no
    other shard. Interrupting the call cancels the tasks.

    Args:
        client: a ``distributed.Client``, not asynchronous.
        plans: a plan, or several, for each account SID (AC…).
        output: a URI, or a folder that every worker reaches by this path.
        options: ``credentials=``, ``session=``, ``sink=``, ``shards=``: see ``ShardOptions``.

    Raises:
        UsageError, InvalidParameter, InvalidSid, ConfigError: an argument is wrong.
    """
    if client.asynchronous:
        raise UsageError("export() blocks: await the futures that submit() returns instead")
    submitted = submit(client, plans, output, **options)
    try:
        return [_report(shard, future) for shard, future in submitted]
    except BaseException:
        client.cancel([future for _, future in submitted])
        raise


def submit(
    client: Any, plans: Plans, output: Output, **options: Unpack[ShardOptions]
) -> list[tuple[Shard, Any]]:
    """Return each shard with the future of its report; the arguments are those of ``export``."""
    shards = make_shards(plans, output, **options)
    keys = [f"export-{shard.name}-{uuid4().hex}" for shard in shards]  # a later call runs it again
    futures = client.map(_export, shards, key=keys, pure=False) if shards else ()
    return list(zip(shards, futures, strict=True))


def worker_statistics_dataframe(
    plans: Plans,
    *,
    credentials: Callable[[str], Credentials],
    session: Callable[[Credentials], TaskRouterSession] = TaskRouterSession,
) -> Any:
    """Return a ``dask.dataframe`` of ``worker_statistics``, a partition for each window of a plan.

    Computing a partition fetches the list of Workers and their statistics. Columns have pandas'
    Arrow types: any may be null, times are UTC. An answer that is missing raises an error.
    """
    parts = make_partitions(plans, credentials, session)
    try:
        from_map = import_module("dask.dataframe").from_map
    except ImportError:
        raise MissingExtra("a DataFrame on Dask", "dask") from None
    return from_map(Partition.fetch, parts, meta=as_frame(()), enforce_metadata=True)


def _export(shard: Shard) -> ShardReport:
    """Export a shard in a worker's thread, in an event loop of its own."""
    return asyncio.run(_export_while_wanted(shard))


async def _export_while_wanted(shard: Shard) -> ShardReport:
    """Export a shard. If its task is cancelled or its worker closes, stop and raise Reschedule."""
    distributed, stop = import_module("distributed"), asyncio.Event()
    watching = asyncio.create_task(_stop_when_unwanted(distributed.get_worker(), stop))
    report = await export_shard(shard, stop)
    watching.cancel()
    if stop.is_set() and not report.complete:
        raise distributed.Reschedule
    return report


async def _stop_when_unwanted(worker: Any, stop: asyncio.Event) -> None:
    key = worker.get_current_task()
    while not stop.is_set():
        await asyncio.sleep(CHECK_SECONDS)
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled" or worker.status.name.startswith("clos"):
            stop.set()


def _report(shard: Shard, future: Any) -> ShardReport:
    """Wait for a report, or return one that says why the task has none."""
    try:
        report: ShardReport = future.result()
    except Exception as error:  # noqa: BLE001 (cancelled, killed, lost: other shards go on)
        return shard.report(error)
    return report
