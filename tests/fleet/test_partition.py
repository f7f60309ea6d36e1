"""Tests of partitions: the rows of one window as a DataFrame, without a cluster."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from taskrouter_stats import TaskRouterSession, Window, etl
from taskrouter_stats.errors import InvalidParameter, MissingExtra, TaskRouterStatsError
from taskrouter_stats.fleet.partition import as_frame, make_partitions
from tests.fleet import accounts

BY_NAME = (accounts.credentials, accounts.session)


@pytest.fixture
async def simulator(known):
    """Run one simulated account with five Workers."""
    async with accounts.simulated(known, 1, workers=5, limit=500, latency=0.0) as (running,):
        yield running


def test_columns_have_the_types_of_the_schema():
    """A column has the table's Arrow type, so that any value may be null and times are UTC."""
    frame = as_frame(())
    expected = {
        "string": pa.string(),
        "int64": pa.int64(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "bool": pa.bool_(),
        "json": pa.string(),
    }
    schema = etl.SCHEMAS["worker_statistics"]
    assert dict(frame.dtypes) == {
        column.name: pd.ArrowDtype(expected[column.kind]) for column in schema.columns
    }


async def test_a_partition_is_one_window(simulator):
    """There is a partition for each window of each plan, and its rows are the server's."""
    windows = accounts.hours(3)
    parts = make_partitions(accounts.plans_of([simulator], windows), *BY_NAME)
    frames = [await asyncio.to_thread(part.fetch) for part in parts]
    assert [list(frame["window_start"].unique()) for frame in frames] == [
        [pd.Timestamp(window.start)] for window in windows
    ]
    rows = [row for frame in frames for row in frame.to_dict("records")]
    assert dict(map(accounts.counts, rows)) == accounts.truth([simulator], windows)
    assert len(rows) == 15
    assert all(frame.dtypes.equals(as_frame(()).dtypes) for frame in frames)


async def test_only_the_table_is_fetched(simulator):
    """Of a plan with other tables only the statistics of Workers are fetched."""
    plan = etl.plan(simulator.workspace_sid, accounts.hours(1))
    (part,) = make_partitions({simulator.account_sid: plan}, *BY_NAME)
    assert len(await asyncio.to_thread(part.fetch)) == 5
    assert simulator.counters.requests == 6


def partition_of(simulator, windows, sids, session=accounts.session):
    """Return the partition of these Workers."""
    plan = etl.worker_plan(simulator.workspace_sid, windows, workers=sids)
    (part,) = make_partitions({simulator.account_sid: plan}, accounts.credentials, session)
    return part


async def test_gone_workers_have_no_rows(simulator):
    """A Worker that the server does not know has no row, and the others have theirs."""
    sid = simulator.world.workers[0].sid
    part = partition_of(simulator, accounts.hours(1), [sid, "WK" + "0" * 32])
    assert list((await asyncio.to_thread(part.fetch))["worker_sid"]) == [sid]


async def test_an_expired_window_is_an_error(simulator):
    """A window that the server has deleted raises an error instead of an empty partition."""
    end = datetime.now(UTC) - timedelta(days=60)
    window = Window.between(end - timedelta(hours=1), end)
    part = partition_of(simulator, window, [simulator.world.workers[0].sid])
    with pytest.raises(TaskRouterStatsError, match=r"1 of 1 answers are missing .* any more"):
        await asyncio.to_thread(part.fetch)


async def test_a_failed_query_is_an_error(known):
    """A partition that lacks an answer raises an error, which says of whom and why."""
    async with accounts.simulated(known, 1, workers=5, faults=1.0, latency=0.0) as (simulator,):
        sids = [worker.sid for worker in simulator.world.workers]
        part = partition_of(simulator, accounts.hours(1), sids, accounts.hasty_session)
        missing = f"of 5 answers are missing for {simulator.workspace_sid} of .*: WK.*: "
        with pytest.raises(TaskRouterStatsError, match=missing):
            await asyncio.to_thread(part.fetch)


def test_plans_without_the_table_are_refused():
    """A plan without the statistics of Workers, and no plan at all, are refused."""
    plan = etl.plan("WS" + "2" * 32, accounts.hours(1), ["workspace_statistics"])
    for plans in ({"AC" + "1" * 32: plan}, {}):
        with pytest.raises(InvalidParameter, match="a plan"):
            make_partitions(plans, *BY_NAME)


def test_each_call_has_partitions_of_its_own():
    """The partitions of two calls differ, so that Dask does not answer the second from memory."""
    plans = {"AC" + "1" * 32: etl.worker_plan("WS" + "2" * 32, accounts.hours(1))}
    first, second = (make_partitions(plans, accounts.credentials, TaskRouterSession) for _ in "ab")
    assert first != second


def test_pandas_is_an_extra(monkeypatch):
    """Without pandas the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"taskrouter-stats\[dask\]"):
        as_frame(())
