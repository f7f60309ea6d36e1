"""One worker's statistics of the last eight hours: ``python examples/01_one_worker.py``."""

import asyncio

from account import open_session

from taskrouter_stats import Window, errors, queries


async def main() -> None:
    """Find an available worker, fetch its statistics and print them."""
    async with open_session() as (session, workspace_sid):
        listing = queries.workers(workspace_sid, available=True, page_size=5)
        async with session.iterate(listing) as workers:
            worker = await anext(workers, None)
        if worker is None:
            raise SystemExit("no worker is available now: try again later")
        query = queries.worker_statistics(workspace_sid, worker.sid, Window.last(hours=8))
        try:
            statistics = await session.fetch(query, max_wait=5.0)
        except errors.ApiError as error:
            raise SystemExit(str(error)) from None

        print(f"{worker.friendly_name} ({worker.sid})")
        cumulative = statistics.cumulative
        print(f"{cumulative.start_time:%H:%M} to {cumulative.end_time:%H:%M} UTC")
        accepted, created = cumulative.reservations_accepted, cumulative.reservations_created
        print(f"{accepted} of {created} reservations accepted")
        for activity in cumulative.activity_durations or ():
            print(f"{activity.friendly_name:>12}: {(activity.total or 0) / 60:6.1f} min")


asyncio.run(main())
