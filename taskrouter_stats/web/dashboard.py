"""A live page of one Workspace: Workers, TaskQueues, Reservations and the rate limits.

::

    async with TaskRouterSession.from_env() as session:
        async with Dashboard(session, "WS…").serve(port=8050) as url:
            print(url)
            await asyncio.Event().wait()

``page/`` holds the page itself, which has no data. It reads ``events``, a stream of server-sent
events, and from ``workers`` and ``queues`` the rows that it shows. All browsers share one refresh.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Any, Final

import orjson
from aiohttp import hdrs, web
from attrs import field, frozen

from taskrouter_stats.core.plain_numbers import plain_number
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.models import check_sid
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.session import TaskRouterSession

from .access import (
    add_headers,
    check_token,
    guarded,
    is_loopback,
    only_this_machine,
    same_site,
)
from .board import Board
from .refresh import Refresher
from .serving import serving
from .summaries import Row
from .table import TableView

__all__ = ["Dashboard"]

_PAGE: Final = {
    "": ("index.html", "text/html"),
    "dashboard.css": ("dashboard.css", "text/css"),
    "dashboard.js": ("dashboard.js", "text/javascript"),
    "sparkline.js": ("sparkline.js", "text/javascript"),
}
_WORKER_COLUMNS: Final = ("name", "activity", "seconds")
_QUEUE_COLUMNS: Final = ("name", "waiting", "oldest", "assigned", "wrapping", "available")
_HEARTBEAT: Final = 5.0
"""Seconds after which a message is repeated, so that a browser notices a lost connection."""
_TOGETHER: Final = 0.05
"""Seconds for which parts that change at the same time wait for each other."""
_MIN_REFRESH: Final = 1.0
_MAX_PAGES: Final = 256

_BOARD: Final = web.AppKey("board", Board)
_REFRESHER: Final = web.AppKey("refresher", Refresher)
_PAGES: Final = web.AppKey("pages", dict[Any, bytes])


def _refresh_seconds(value: float) -> float:
    seconds = plain_number(value)
    if seconds is None or not _MIN_REFRESH <= seconds <= 24 * 3600:
        raise InvalidParameter("refresh", value, "expected seconds, from 1 to 86,400")
    return seconds


@frozen(eq=False)
class Dashboard:
    """A live page of one Workspace.

    A refresh costs one request for every 1,000 Workers, one for every 50 TaskQueues, and one for
    the Workspace's statistics, however many browsers watch; nothing is sent while none does.

    Attributes:
        session: an open session, which the caller closes.
        workspace_sid: the Workspace (WS…).
        window: the window of Reservations and Tasks; the last hour by default.
        refresh: seconds from one refresh to the next, 1 to 86,400.
        token: what a browser must know to read the data, 16 or more characters; None: nothing.

    Raises:
        InvalidSid: the SID is not of a Workspace.
        InvalidParameter: another argument is invalid.
    """

    session: TaskRouterSession
    workspace_sid: str
    window: Window = field(default=Window.last(hours=1), kw_only=True)
    refresh: float = field(default=5.0, converter=_refresh_seconds, kw_only=True)
    token: str | None = field(default=None, converter=masked, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_sid("workspace_sid", self.workspace_sid, "WS")
        if self.token is not None:
            check_token(self.token)

    def application(self) -> web.Application:
        """Return an application of aiohttp.web, to serve or to mount with ``add_subapp``.

        Without a token, anyone who reaches the application can read the data. :meth:`serve` without
        a token also refuses other host names than this machine's.
        """
        return self._application(local_only=False)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
        """Serve the page until the block ends; yield its URL.

        Args:
            host: the address or name to listen at.
            port: the port to listen at; 0 selects a free one.

        Raises:
            ConfigError: the port is in use, or another machine could reach a page without a token.
        """
        if self.token is None and not is_loopback(host):
            raise ConfigError(
                f"host {host}: other machines can reach it: a token of 16 or more characters is "
                "required, such as the output of: openssl rand -hex 16"
            )
        application = self._application(local_only=self.token is None)
        async with serving(application, host, port) as url:
            yield url

    def _application(self, *, local_only: bool) -> web.Application:
        checks = [only_this_machine, same_site] if local_only else [same_site]
        app = web.Application(middlewares=checks)
        app.on_response_prepare.append(add_headers)
        app.cleanup_ctx.append(self._refreshing)
        app.on_shutdown.append(_end_watching)
        for name in _PAGE:
            app.router.add_get(f"/{name}", functools.partial(_file, name))
        for path, handler in (("/events", _events), ("/workers", _workers), ("/queues", _queues)):
            app.router.add_get(path, handler if not self.token else guarded(handler, self.token))
        return app

    async def _refreshing(self, app: web.Application) -> AsyncIterator[None]:
        board = app[_BOARD] = Board(self.session, self.workspace_sid, self.window)
        refresher = app[_REFRESHER] = Refresher(tuple(board.parts.values()), self.refresh)
        app[_PAGES] = {}
        refresher.start()
        yield
        await refresher.stop()


async def _end_watching(app: web.Application) -> None:
    app[_REFRESHER].close()


async def _file(name: str, _: web.Request) -> web.Response:
    file, kind = _PAGE[name]
    headers = {hdrs.CACHE_CONTROL: "no-cache"}
    return web.Response(body=_read(file), content_type=kind, charset="utf-8", headers=headers)


@functools.cache
def _read(file: str) -> bytes:
    return files("taskrouter_stats.web").joinpath("page", file).read_bytes()


async def _events(request: web.Request) -> web.StreamResponse:
    """Send the state now, after each refresh, and as a heartbeat, until the browser leaves."""
    board, refresher = request.app[_BOARD], request.app[_REFRESHER]
    response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
    response.content_type, response.charset = "text/event-stream", "utf-8"
    with refresher.watch(), suppress(ConnectionError):  # the browser left
        await response.prepare(request)
        while not refresher.closed:
            seen = refresher.version
            await response.write(_message(board, refresher))
            await refresher.change(seen, _HEARTBEAT)
            await asyncio.sleep(_TOGETHER)
    return response


def _message(board: Board, refresher: Refresher) -> bytes:
    """Return the state as an event; ``now`` and the times of the parts share a clock."""
    clock = {"now": asyncio.get_running_loop().time(), "every": refresher.seconds}
    return b"data: " + orjson.dumps(clock)[:-1] + b"," + board.encode() + b"\n\n"


async def _workers(request: web.Request) -> web.Response:
    return _table(request, request.app[_BOARD].workers, _WORKER_COLUMNS)


async def _queues(request: web.Request) -> web.Response:
    return _table(request, request.app[_BOARD].queues, _QUEUE_COLUMNS)


def _table(request: web.Request, rows: list[Row], columns: tuple[str, ...]) -> web.Response:
    """Return a page of rows; browsers with the same view share it until the next refresh."""
    pages, view = request.app[_PAGES], TableView.read(request.query, columns)
    key = id(rows), request.app[_REFRESHER].version, columns, view
    if key not in pages:
        if len(pages) >= _MAX_PAGES:
            pages.clear()
        pages[key] = orjson.dumps(view.show(rows))
    return web.Response(body=pages[key], content_type="application/json")
