"""Draw the picture of the dashboard for the examples' README, in headless Chromium.

``python -m tests.dashboard_picture`` writes ``examples/dashboard.png``. It serves a simulated
Workspace for a minute, so that the lines of recent values have some. The simulated Workers rest at
night: in the afternoon in UTC most of them work.
"""

import asyncio
from pathlib import Path
from typing import Final

from taskrouter_stats import TaskRouterSession
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Dashboard
from tests.support.browser import chromium, open_browser

__all__ = ["PICTURE", "WIDTH", "draw"]

PICTURE: Final = Path(__file__).parent.parent / "examples" / "dashboard.png"
WIDTH, HEIGHT = 1440, 860
SETTLE: Final = 60
"""Seconds of data in the picture."""


async def draw(address: str, seconds: float = SETTLE) -> bytes:
    """Return a PNG of the page after some seconds of data.

    Args:
        address: that of a running Chromium.
        seconds: how long to watch before.
    """
    async with (
        Simulator(workers=400) as simulator,
        TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
        Dashboard(session, simulator.workspace_sid, refresh=1.0).serve() as url,
        open_browser(address) as browser,
    ):
        await browser.resize(WIDTH, HEIGHT)
        await browser.open(url)
        await browser.until("document.querySelectorAll('.tile .line').length === 4")
        await asyncio.sleep(seconds)
        assert browser.errors == []
        return await browser.picture()


if __name__ == "__main__":
    with chromium() as where:
        PICTURE.write_bytes(asyncio.run(draw(where)))
