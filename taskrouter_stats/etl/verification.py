"""Compares the sums of our rows with what the server says of all Workers together."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from taskrouter_stats.core import queries
from taskrouter_stats.session import TaskRouterSession

from .plan import WorkerPlan
from .report import Verification
from .state.checkpoint import split_key

__all__ = ["COUNTS", "compare"]

COUNTS: Final = tuple(
    f"reservations_{name}"
    for name in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
)
"""What is added up for ``--verify``."""


async def compare(
    session: TaskRouterSession, plan: WorkerPlan, sums: Mapping[str, Mapping[str, int]]
) -> AsyncGenerator[tuple[Verification, int]]:
    """Yield a check of each window that has sums, and how many requests it took.

    Args:
        session: asks, one query a window.
        plan: whose windows.
        sums: our totals by query_group and count.
    """
    template = plan.template
    channel = dict(template.filters).get("TaskChannel")
    for window in plan.windows:
        ours = sums.get(split_key(template.with_window(window).key)[0])
        if ours is None:
            continue
        whole = queries.workers_cumulative_statistics(
            template.workspace_sid, window, task_channel=channel
        )
        said = await session.fetch_with_meta(whole, priority="bulk")
        theirs = {name: getattr(said.value, name) for name in COUNTS}
        mine = {name: ours.get(name, 0) for name in COUNTS}
        check = Verification(window, ours.get("workers", 0), mine, theirs)
        yield check, said.meta.attempts + said.meta.refused
