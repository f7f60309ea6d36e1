"""A live dashboard of a Workspace, inside a program of your own.

Run ``python examples/09_dashboard.py`` and open the address that it prints. The same page is
``taskrouter-stats dashboard WS…``. ``Dashboard.application()`` is an aiohttp application: mount it
in yours with ``app.add_subapp("/live/", …)``, behind your own login.
"""

import asyncio
import sys

from account import open_session

from taskrouter_stats import Window
from taskrouter_stats.web import Dashboard


async def main(port: int) -> None:
    """Serve the page until Ctrl-C."""
    async with open_session() as (session, workspace_sid):
        dashboard = Dashboard(session, workspace_sid, window=Window.last(hours=8), refresh=5.0)
        async with dashboard.serve(port=port) as url:
            print(url, flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8050))
    except KeyboardInterrupt:
        print("Stopped.")
