"""Small servers that answer ``doctor`` and ``fetch`` incorrectly, each in one respect."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

WS, TOKEN = "WS" + "1" * 32, "f00dcafe" * 4
ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC" + "3" * 32, "TWILIO_AUTH_TOKEN": TOKEN}

Change = Callable[[web.Request, web.StreamResponse], None]


def unchanged(request, response):
    """Change nothing."""


def body(request, workers, now):
    """Return what a correct server answers to the request."""
    path, given = request.path, request.query
    if path.endswith("/Workers"):
        listed = [{"sid": f"WK{number:032x}"} for number in range(workers)]
        return {"workers": listed, "meta": {"next_page_url": None}}
    if path.endswith("/TaskQueues"):
        return {"task_queues": [], "meta": {"next_page_url": None}}
    start = (now - timedelta(minutes=int(given.get("Minutes", 15)))).isoformat()
    end = given.get("EndDate", now.isoformat())
    cumulative = {"start_time": given.get("StartDate", start), "end_time": end}
    names = {"workspace_sid": path.split("/")[3]}
    if path.endswith("/Statistics"):
        return {**names, "worker_sid": path.split("/")[5], "cumulative": cumulative}
    return {**names, **cumulative} if path.endswith("CumulativeStatistics") else {"sid": WS}


@asynccontextmanager
async def misbehaving_server(
    change: Change = unchanged,
    *,
    workers: int = 3,
    refuse: dict[str, tuple[int, object]] | None = None,
    ahead=0,
) -> AsyncGenerator[tuple[str, list[str]]]:
    """Serve; return the base URL and the list of requested paths.

    Args:
        change: changes the headers of each reply before it is sent.
        workers: number of workers.
        refuse: status and body for paths with this ending; an empty ending fits every path.
        ahead: seconds that the server's clock is ahead.
    """
    requested = []

    async def answer(request: web.Request) -> web.Response:
        requested.append(request.path)
        now = datetime.now(UTC) + timedelta(seconds=ahead)
        status, content = 200, body(request, workers, now)
        for end, refusal in (refuse or {}).items():
            if request.path.endswith(end):
                status, content = refusal
                content = content() if callable(content) else content
        headers = {"Date": format_datetime(now.replace(microsecond=0), usegmt=True)}
        if isinstance(content, str):
            return web.Response(text=content, status=status, content_type="text/html")
        return web.json_response(content, status=status, headers=headers)

    async def prepare(request, response):
        change(request, response)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    app.on_response_prepare.append(prepare)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", requested
    finally:
        await runner.cleanup()
