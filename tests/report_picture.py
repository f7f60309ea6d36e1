"""Draw the picture of a report for the examples' README, in headless Chromium.

``python -m tests.report_picture`` writes ``examples/report.png``: two days of a simulated
Workspace, hour by hour.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from taskrouter_stats import TaskRouterSession, Window, etl
from taskrouter_stats.cli.app import run
from taskrouter_stats.simulator import Simulator
from tests.support.browser import chromium, open_browser
from tests.web.test_report import served

__all__ = ["PICTURE", "draw"]

PICTURE: Final = Path(__file__).parent.parent / "examples" / "report.png"
WIDTH, HEIGHT = 1024, 1530
TABLES: Final = ("worker_statistics", "task_queue_statistics")


async def draw(folder: Path, address: str) -> bytes:
    """Return a PNG of the page about an output in this folder."""
    now = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
    hours = Window.between(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))
    async with (
        Simulator(workers=60, window="none", latency=0, clock=lambda: now) as simulator,
        TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
    ):
        plan = etl.plan(
            simulator.workspace_sid, hours.split(hours=1), TABLES, split_by_wait_time=[10, 30]
        )
        report = await etl.export(session, plan, etl.ParquetSink(folder / "lake"))
        assert report.complete
    page = folder / "report.html"
    assert await asyncio.to_thread(run, ["report", str(folder / "lake"), "--html", str(page)]) == 0
    async with served(page.read_text("utf-8")) as url, open_browser(address) as browser:
        await browser.resize(WIDTH, HEIGHT)
        await browser.open(url)
        assert browser.errors == []
        return await browser.picture()


if __name__ == "__main__":
    with TemporaryDirectory() as place, chromium() as where:
        PICTURE.write_bytes(asyncio.run(draw(Path(place), where)))
