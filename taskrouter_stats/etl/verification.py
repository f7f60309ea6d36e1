"""The comparison of our rows' sums with the server's statistics of all Workers together."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Final

from taskrouter_stats.core import queries
from taskrouter_stats.core.window import Window
from taskrouter_stats.session import TaskRouterSession

from .planning.plan import TablePlan, key_of
from .report import Verification
from .state.checkpoint import split_key

__all__ = ["COUNTS", "compare"]

COUNTS: Final = tuple(
    f"reservations_{name}"
    for name in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
)
"""The counts that ``--verify`` compares."""


async def compare(
    session: TaskRouterSession,
    planned: TablePlan,
    windows: Iterable[Window],
    sums: Mapping[str, Mapping[str, int]],
) -> AsyncGenerator[tuple[Verification, int]]:
    """Yield a verification of each window that has sums, with the number of its requests.

    Args:
        session: sends one query a window.
        planned: the plan of ``worker_statistics``.
        windows: the windows to compare, absolute.
        sums: our totals, by query group and count.
    """
    template = planned.template
    channel = planned.filters.get("TaskChannel")
    for window in windows:
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
