"""Small servers that answer what ``doctor`` asks, each odd in its own way."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

WS, TOKEN = "WS" + "1" * 32, "f00dcafe" * 4
ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC" + "3" * 32, "TWILIO_AUTH_TOKEN": TOKEN}

Odd = Callable[[web.Request, web.StreamResponse], None]


def plain(request, response):
    """Change nothing."""


def body(request, workers, now):
    """What a proper server says to that request."""
    path, asked = request.path, request.query
    if path.endswith("/Workers"):
        listed = [{"sid": f"WK{number:032x}"} for number in range(workers)]
        return {"workers": listed, "meta": {"next_page_url": None}}
    if path.endswith("/TaskQueues"):
        return {"task_queues": [], "meta": {"next_page_url": None}}
    start = (now - timedelta(minutes=int(asked.get("Minutes", 15)))).isoformat()
    end = asked.get("EndDate", now.isoformat())
    cumulative = {"start_time": asked.get("StartDate", start), "end_time": end}
    names = {"workspace_sid": path.split("/")[3]}
    if path.endswith("/Statistics"):
        return {**names, "worker_sid": path.split("/")[5], "cumulative": cumulative}
    return {**names, **cumulative} if path.endswith("CumulativeStatistics") else {"sid": WS}


@asynccontextmanager
async def odd_server(
    odd: Odd = plain,
    *,
    workers: int = 3,
    refuse: dict[str, tuple[int, object]] | None = None,
    ahead=0,
) -> AsyncGenerator[tuple[str, list[str]]]:
    """Serve, and tell the base URL and the paths that were asked.

    Args:
        odd: changes the head of each reply before it is sent.
        workers: how many there are.
        refuse: status and body for paths with that end; an empty end is every path's.
        ahead: seconds by which its clock is ahead of everybody's.
    """
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        now = datetime.now(UTC) + timedelta(seconds=ahead)
        status, said = 200, body(request, workers, now)
        for end, refusal in (refuse or {}).items():
            if request.path.endswith(end):
                status, said = refusal
                said = said() if callable(said) else said
        headers = {"Date": format_datetime(now.replace(microsecond=0), usegmt=True)}
        if isinstance(said, str):
            return web.Response(text=said, status=status, content_type="text/html")
        return web.json_response(said, status=status, headers=headers)

    async def prepare(request, response):
        odd(request, response)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    app.on_response_prepare.append(prepare)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()
