"""The comparison of our rows' sums with the server's statistics of all Workers together."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from taskrouter_stats.core import queries
from taskrouter_stats.session import TaskRouterSession

from .plan import WorkerPlan, key_of
from .report import Verification
from .state.checkpoint import split_key

__all__ = ["COUNTS", "compare"]

COUNTS: Final = tuple(
    f"reservations_{name}"
    for name in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
)
"""The counts that ``--verify`` compares."""


async def compare(
    session: TaskRouterSession, plan: WorkerPlan, sums: Mapping[str, Mapping[str, int]]
) -> AsyncGenerator[tuple[Verification, int]]:
    """Yield a verification of each window that has sums, with the number of its requests.

    Args:
        session: sends one query a window.
        plan: the plan whose windows are compared.
        sums: our totals, by query group and count.
    """
    template = plan.template
    channel = dict(template.filters).get("TaskChannel")
    for window in plan.windows:
        ours = sums.get(split_key(key_of(template.with_window(window)))[0])
        if ours is None:
            continue
        query = queries.workers_cumulative_statistics(
            template.workspace_sid, window, task_channel=channel
        )
        success = await session.fetch_with_meta(query, priority="bulk")
        theirs = {name: getattr(success.value, name) for name in COUNTS}
        counts = {name: ours.get(name, 0) for name in COUNTS}
        verification = Verification(window, ours.get("workers", 0), counts, theirs)
        yield verification, success.meta.attempts + success.meta.refused
