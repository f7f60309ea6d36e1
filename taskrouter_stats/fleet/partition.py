"""A partition: the ``worker_statistics`` of one window of one account, as a pandas DataFrame."""

import asyncio
import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final
from uuid import uuid4

import attrs
from attrs import define, field, frozen

from taskrouter_stats.errors import InvalidParameter, MissingExtra, TaskRouterStatsError
from taskrouter_stats.etl import SCHEMAS, Export, ExportReport, Plan, RowWriter
from taskrouter_stats.etl.arrow import arrow_table
from taskrouter_stats.etl.output.batch import UNWRITABLE, PendingRows
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.models import Credentials
from taskrouter_stats.session import TaskRouterSession

from .shard import Plans, Shard, make_shards

__all__ = ["Partition", "as_frame", "make_partitions"]

_TABLE: Final = "worker_statistics"


@frozen
class Partition:
    """One window of one plan; it pickles, and holds no secret.

    Attributes:
        shard: the plan, with one table and one window.
        call: what tells the partitions of this call from those of a later one, so that Dask
            fetches them again.
    """

    shard: Shard
    call: str

    def fetch(self) -> Any:
        """Fetch the rows in this thread, and return them as a DataFrame.

        Raises:
            TaskRouterStatsError: the server did not give the statistics of every Worker.
        """
        return as_frame(asyncio.run(self._rows()))

    async def _rows(self) -> list[Row]:
        (plan,) = self.shard.plans
        writer = _RowList()
        async with self.shard.open_session() as session:
            report = await Export(session, plan, writer).run()
        if not report.complete or report.expired:
            raise TaskRouterStatsError(_why(self.shard, plan, report))
        return writer.rows


def make_partitions(
    plans: Plans,
    credentials: Callable[[str], Credentials],
    session: Callable[[Credentials], TaskRouterSession],
) -> list[Partition]:
    """Return a partition for each window of each plan, in their order.

    Raises:
        UsageError, InvalidParameter, InvalidSid: an argument is wrong.
    """
    call, found = uuid4().hex, list[Partition]()
    for shard in make_shards(plans, os.curdir, credentials=credentials, session=session):
        for plan in shard.plans:
            tables = tuple(table for table in plan.tables if table.name == _TABLE)
            if not tables:
                rule = f"a plan with {_TABLE}, such as etl.worker_plan(…)"
                raise InvalidParameter("plans", f"the plan of {plan.workspace_sid}", rule)
            for window in plan.windows:
                one = attrs.evolve(plan, tables=tables, windows=(window,), dimensions=())
                found.append(Partition(attrs.evolve(shard, plans=(one,)), call))
    if not found:
        raise InvalidParameter("plans", "{}", "a plan for one account at least")
    return found


def as_frame(rows: Iterable[Row]) -> Any:
    """Return rows as a DataFrame with the columns of the table, in pandas' Arrow types.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        pandas: Any = import_module("pandas")
    except ImportError:
        raise MissingExtra("a DataFrame", "dask") from None
    return arrow_table(SCHEMAS[_TABLE], list(rows)).to_pandas(types_mapper=pandas.ArrowDtype)


@define(eq=False)
class _RowList(RowWriter):
    """Writer that keeps the rows in memory."""

    rows: list[Row] = field(factory=list[Row], init=False)

    @property
    def place(self) -> str:
        """The name of the output."""
        return "a DataFrame"

    @property
    def format(self) -> str:
        """The format."""
        return "Arrow"

    async def add(self, item: PendingRows) -> None:
        """Keep the rows; an item whose rows can't be made fails alone."""
        try:
            self.rows += item.make().get(_TABLE, ())
        except UNWRITABLE as error:
            item.on_stored(error)
        else:
            item.on_stored(None)


def _why(shard: Shard, plan: Plan, report: ExportReport) -> str:
    """Return what is missing, and the reason of the first failure."""
    missing = report.planned - report.written - report.gone
    text = (
        f"{missing} of {report.planned} answers are missing for {plan.workspace_sid} of "
        f"{shard.account_sid}, {plan.windows[0]}"
    )
    first = next(iter(report.failures), None)
    if first is not None:
        return f"{text}: {first.sid}: {first.message}"
    return f"{text}: the server has no statistics of it any more" if report.expired else text
