"""Four weeks, day by day, into files: ``python examples/04_backfill_a_month.py [FOLDER]``.

Interrupt it and run it again: it continues where it stopped. Run it the next day: it fetches the
new day. Without a folder it writes to a temporary one and removes it.
"""

import asyncio
import sys
import tempfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from account import open_session

from taskrouter_stats import Window, etl

DAYS = 28  # Twilio documents 30, and the oldest could expire during the run
TZ = "America/New_York"


async def main(folder: str, sink: etl.ParquetSink) -> None:
    """Fetch what no earlier run has fetched: ten simulated workers, or all of your account."""
    last = (datetime.now(ZoneInfo(TZ)) - timedelta(hours=2)).date() - timedelta(days=1)
    days = Window.days(last - timedelta(days=DAYS - 1), last, tz=TZ)
    async with open_session(workers=10, limit=200) as (session, workspace_sid):
        plan = etl.worker_plan(workspace_sid, days)
        report = await etl.export(session, plan, sink, verify=True)
        again = await etl.export(session, plan, sink)

    print(f"{report.workers} workers, {report.windows} days: {report.written} rows in {folder}")
    print(f"{report.failed} failed, {report.gone} gone, {report.expired} expired")
    agreeing = sum(check.ours == check.theirs for check in report.checks)
    print(f"sums agree with the server's on {agreeing} of {len(report.checks)} days")
    print(f"run again: {again.already_done} were done already, {again.written} were fetched")


with tempfile.TemporaryDirectory() as temporary:
    target = sys.argv[1] if len(sys.argv) > 1 else temporary
    asyncio.run(main(target, etl.ParquetSink(target)))
