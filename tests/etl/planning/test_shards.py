"""Shards: each query of the plans in exactly one, whole budgets first."""

import logging
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, etl
from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.etl.planning.tables import DIMENSIONS, STATISTICS

DAY = Window.day(date(2026, 11, 1), tz="UTC")
SIDS = {"workers": "WK", "task_queues": "WQ", "workflows": "WW"}
LISTS = {name: [f"{prefix}{number:032x}" for number in range(40)] for name, prefix in SIDS.items()}
names = st.lists(
    st.sampled_from([*STATISTICS, *DIMENSIONS]), min_size=1, max_size=6, unique=True
).filter(lambda names: set(names) & set(STATISTICS))


def workspace(number):
    """Return the SID of a Workspace."""
    return f"WS{number:032x}"


def queries_of(plan):
    """Return the Workspace, table and SID of each query of a plan, and those of its dimensions."""
    found = []
    for table in plan.tables:
        sids = [""] if table.kind is None else filter(table.part.has, LISTS[table.kind.name])
        found += [(plan.workspace_sid, table.name, sid) for sid in sids]
    for dimension in plan.dimensions:
        sids = filter(dimension.part.has, LISTS.get(dimension.list_name, [""]))
        found += [(plan.workspace_sid, f"list {dimension.name}", sid) for sid in sids]
    return found


@given(st.lists(names, min_size=1, max_size=4), st.integers(1, 12))
def test_each_query_is_in_exactly_one_shard(tables, count):
    """The shards of plans have the plans' queries and dimension rows, each once."""
    plans = [etl.plan(workspace(n), DAY, chosen) for n, chosen in enumerate(tables)]
    shards = etl.shards(plans, count)
    assert len(shards) == count
    found = Counter(query for shard in shards for plan in shard for query in queries_of(plan))
    assert found == Counter(query for plan in plans for query in queries_of(plan))


@given(st.lists(names, min_size=1, max_size=4), st.integers(1, 12))
def test_a_budget_is_divided_only_if_there_are_fewer_than_shards(tables, count):
    """With enough budgets each is whole, and the shards have equally many, or one more."""
    plans = [etl.plan(workspace(n), DAY, chosen) for n, chosen in enumerate(tables)]
    budgets = sum(len(plan.tables) for plan in plans)
    shards = etl.shards(plans, count)
    sizes = [sum(len(plan.tables) for plan in shard) for shard in shards]
    if budgets >= count:
        parts = {table.part for shard in shards for plan in shard for table in plan.tables}
        assert {part.count for part in parts} == {1}
        assert max(sizes) - min(sizes) <= 1
    else:
        assert max(sizes) == 1


def test_shards_do_not_depend_on_the_order_or_case_of_plans():
    """Other processes that make the same plans get the same shards."""
    plans = [etl.plan(workspace(n), DAY) for n in (10, 11, 12)]
    upper = [etl.plan("WS" + workspace(n)[2:].upper(), DAY) for n in (12, 10, 11)]
    first, second = (
        [
            sorted(
                (table.name, plan.workspace_sid.lower()) for plan in shard for table in plan.tables
            )
            for shard in etl.shards(some, 4)
        ]
        for some in (plans, upper)
    )
    assert first == second


def test_a_divided_budget_is_told(caplog):
    """The log names the shards that share the rate limit of one table."""
    with caplog.at_level(logging.INFO, logger="taskrouter_stats"):
        shards = etl.shards(etl.worker_plan(workspace(1), DAY), 3)
    assert "shards 1, 2, 3 of 3 share the rate limit of worker_statistics" in caplog.text
    assert [len(shard) for shard in shards] == [1, 1, 1]


def test_a_workspaces_own_statistics_are_not_divided():
    """A table with one query a window is in one shard; the others are empty."""
    plan = etl.plan(workspace(1), DAY, ["workspace_statistics"])
    assert [len(shard) for shard in etl.shards(plan, 3)] == [1, 0, 0]


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "3"])
def test_a_wrong_count_raises_an_error(count):
    """The number of shards is a whole number > 0."""
    with pytest.raises(InvalidParameter, match="count"):
        etl.shards([], count)


def test_a_plan_is_divided_once():
    """A part of a plan can't be divided again, since a query could be in no shard then."""
    (part,), *_ = etl.shards(etl.worker_plan(workspace(1), DAY), 2)
    with pytest.raises(InvalidParameter, match="not divided yet"):
        etl.shards(part, 2)
