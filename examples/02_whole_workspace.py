"""Every worker of a workspace, as fast as the rate limit allows.

Run ``python examples/02_whole_workspace.py``. The loop gets each outcome when it arrives, and a
query that fails does not end it.
"""

import asyncio
from collections import Counter

from account import open_session

from taskrouter_stats import Failure, Success, Window


async def main() -> None:
    """Add up the time that all workers spent in each activity."""
    seconds: Counter[str] = Counter()
    reservations = 0
    async with open_session() as (session, workspace_sid):
        window = Window.last(hours=8)
        async with session.stream_worker_statistics(workspace_sid, window) as outcomes:
            async for outcome in outcomes:
                match outcome:
                    case Success(value=statistics):
                        reservations += statistics.cumulative.reservations_created or 0
                        for activity in statistics.cumulative.activity_durations or ():
                            seconds[activity.friendly_name or "?"] += round(activity.total or 0)
                    case Failure(query=query, error=error):
                        print(f"{query.context.friendly_name}: {error}")
            progress = outcomes.progress
        budgets = session.budgets()

    for name, total in seconds.most_common():
        print(f"{name:>12}: {total / 3600:8.1f} h")
    print(f"{reservations} reservations of {progress.done - progress.failed} workers")
    print(f"{progress.rate:.1f} workers/s, {progress.refused} requests refused")
    for budget in budgets:
        print(f"{budget.resource_key}: {budget.sent} sent, the server's limit is {budget.limit}")


asyncio.run(main())
