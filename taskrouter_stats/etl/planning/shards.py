"""A stable split of plans for schedulers: several jobs, each with some of the plans' queries.

The split is the same in every process for the same plans. A shard gets whole budgets, which are the
statistics tables of each Workspace, since the rate limit of each operation and Workspace is its
own: two jobs that shared one would compete for it. Only if there are fewer budgets than shards,
a table's list is divided by SID, and a log line says so.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Final
from zlib import crc32

import attrs
from attrs import frozen

from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.models.sids import sid_of

from .plan import DimensionPlan, Part, Plan, TablePlan
from .tables import STATISTICS

__all__ = ["shards"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_ORDER: Final = tuple(STATISTICS)


@frozen
class _Budget:
    """A statistics table of one plan, and the shards that have parts of its list."""

    plan: int
    table: TablePlan
    shards: tuple[int, ...] = ()

    def part_of(self, shard: int) -> Part | None:
        """Return the part of this shard, or None if it has none."""
        if shard not in self.shards:
            return None
        return Part(self.shards.index(shard), len(self.shards))


def shards(plans: Plan | Iterable[Plan], count: int) -> list[list[Plan]]:
    """Divide the queries of plans into shards; each query is in exactly one of them.

    A shard that gets nothing is an empty list: if there are more shards than budgets, and the
    budgets are of the Workspaces' own statistics, which have no list to divide. A dimension that
    comes with a table's list is divided as the table is. Every other dimension is in one shard.
    Give each shard a separate output, since one process at a time writes to an output.

    Args:
        plans: a plan, or one for each Workspace.
        count: the number of shards, > 0.

    Raises:
        InvalidParameter: the count is not > 0, or a plan is divided already.
    """
    given = [plans] if isinstance(plans, Plan) else list(plans)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidParameter("count", count, "a whole number > 0")
    for number, plan in enumerate(given):
        if any(table.part != Part() for table in plan.tables):
            raise InvalidParameter("plans", f"plan {number}", "a plan that is not divided yet")
    budgets = _assigned(_sorted(given), count)
    for budget in budgets:
        if len(budget.shards) > 1:
            _LOGGER.info(
                "shards %s of %d share the rate limit of %s of %s: there are fewer budgets than "
                "shards",
                ", ".join(str(shard + 1) for shard in budget.shards),
                count,
                budget.table.name,
                given[budget.plan].workspace_sid,
            )
    return [_shard(given, budgets, shard) for shard in range(count)]


def _sorted(plans: Sequence[Plan]) -> list[_Budget]:
    """Return the budgets, those of the same table together, in an order that is always the same."""
    found = [_Budget(number, table) for number, plan in enumerate(plans) for table in plan.tables]

    def order(budget: _Budget) -> tuple[int, int, str, int]:
        sid = sid_of(plans[budget.plan].workspace_sid)
        return _ORDER.index(budget.table.name), crc32(sid.encode()), sid, budget.plan

    return sorted(found, key=order)


def _assigned(budgets: list[_Budget], count: int) -> list[_Budget]:
    """Assign shards to budgets: each budget one; shards that are left divide lists further."""
    owners: list[list[int]] = [[number % count] for number in range(len(budgets))]
    divisible = [number for number, one in enumerate(budgets) if one.table.kind is not None]
    for extra in range(len(budgets), count):
        if divisible:
            owners[divisible[(extra - len(budgets)) % len(divisible)]].append(extra)
    return [
        attrs.evolve(budget, shards=tuple(owned))
        for budget, owned in zip(budgets, owners, strict=True)
    ]


def _shard(plans: Sequence[Plan], budgets: Sequence[_Budget], shard: int) -> list[Plan]:
    found: list[Plan] = []
    for number, plan in enumerate(plans):
        own = [budget for budget in budgets if budget.plan == number]
        parts = {budget.table.name: part for budget in own if (part := budget.part_of(shard))}
        tables = tuple(
            attrs.evolve(table, part=parts[table.name])
            for table in plan.tables
            if table.name in parts
        )
        dimensions = tuple(
            attrs.evolve(dimension, part=part)
            for dimension in plan.dimensions
            if (part := _dimension_part(dimension, own, shard, number)) is not None
        )
        if tables or dimensions:
            made = attrs.evolve(plan, tables=tables, dimensions=dimensions)
            given = {name: each for name, each in plan.given.items() if name in made.lists}
            found.append(attrs.evolve(made, given=given))
    return found


def _dimension_part(
    dimension: DimensionPlan, budgets: Sequence[_Budget], shard: int, number: int
) -> Part | None:
    """Return the part of a dimension that a shard has; None for no part.

    It follows the table whose list it is. Any other dimension is whole, in the first shard of the
    plan's first table, or in a shard by the plan's number if the plan has no table.
    """
    lists = dimension.list_name
    for budget in budgets:
        if budget.table.kind is not None and budget.table.kind.name == lists:
            return budget.part_of(shard)
    owner = budgets[0].shards[0] if budgets else number
    return Part() if owner == shard else None
