"""A Prometheus exporter of TaskRouter statistics. Requires the extra ``prometheus``."""

import asyncio
import html
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from aiohttp import web
from attrs import define

from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import InvalidSid
from taskrouter_stats.models.sids import check_sid
from taskrouter_stats.session import TaskRouterSession

from .measures import exposition, families, prometheus
from .snapshot import Snapshot, fetch_snapshot

__all__ = ["Exporter"]

_LONGEST_SCRAPE: Final = 9.5
"""Seconds in which a scrape is answered: Prometheus gives up after 10 by default."""
_MARGIN: Final = 0.5
"""Seconds of a scrape's timeout that are left for its way back."""
_MAX_WORKSPACES: Final = 100
"""Workspaces whose snapshots are kept."""
_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"
_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PAGE: Final = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>TaskRouter exporter</title>
<h1>TaskRouter exporter</h1>
<p><a href="metrics">Metrics</a> of all workspaces and of the exporter itself.
<p>One workspace: <code>probe?target=WS…</code>
<ul>{links}</ul></html>
"""


@define(eq=False)
class _Kept:
    """The latest fetch of a Workspace, and when it ended (loop time)."""

    task: "asyncio.Task[Snapshot]"
    ended_at: float | None = None


class Exporter:
    """Serves the statistics of Workspaces on ``/metrics`` and ``/probe?target=WS…``.

    A scrape fetches, unless a fetch is under way or ended less than ``ttl`` seconds ago: many
    scrapers cost one fetch. A scrape whose fetch does not end in time, or fails, shows
    ``taskrouter_up 0``.

    Args:
        session: the session to fetch with; its owner closes it.
        workspaces: SIDs that ``/metrics`` shows.
        ttl: seconds for which a snapshot answers, ≥ 0.
        window: the sliding window of the cumulative statistics.
        attribute: an attribute of Workers to count them by, such as ``"team"``; None: by none.
        registry: a registry that ``/metrics`` shows, too: the one of a ``PrometheusHook``.

    Raises:
        MissingExtra: prometheus-client is not installed.
        InvalidSid: a SID is not of a Workspace.
    """

    def __init__(
        self,
        session: TaskRouterSession,
        workspaces: Iterable[str],
        *,
        ttl: float = 15.0,
        window: Window | None = None,
        attribute: str | None = None,
        registry: Any = None,
    ) -> None:
        self._library = prometheus()
        self._session = session
        self._workspaces = [check_sid("workspace_sid", sid, "WS") for sid in workspaces]
        self._ttl = ttl
        self._window = window or Window.last(minutes=15)
        self._attribute = attribute
        self._registry = registry
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def app(self) -> web.Application:
        """Return the application, for aiohttp's ``web.AppRunner`` or ``add_subapp``."""
        app = web.Application()
        routes = {"/": self._landing, "/metrics": self._metrics, "/probe": self._probe}
        app.add_routes([web.get(path, handler) for path, handler in routes.items()])
        app.cleanup_ctx.append(self._tasks)
        return app

    async def _tasks(self, app: web.Application) -> AsyncIterator[None]:
        """Cancel the fetches under way when the application ends."""
        del app
        yield
        tasks = [kept.task for kept in self._kept.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _landing(self, request: web.Request) -> web.Response:
        del request
        links = "".join(
            f'<li><a href="probe?target={sid}">{html.escape(sid)}</a>' for sid in self._workspaces
        )
        page = _PAGE.format(links=links)
        return web.Response(text=page, content_type="text/html")

    async def _metrics(self, request: web.Request) -> web.Response:
        body = await self._text(self._workspaces, request)
        if self._registry is not None:
            body += self._library.generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": _TYPE})

    async def _probe(self, request: web.Request) -> web.Response:
        try:
            sid = check_sid("target", request.query.get("target"), "WS")
        except InvalidSid as error:
            return web.Response(status=400, text=f"{error}\n")
        body = await self._text([sid], request)
        return web.Response(body=body, headers={"Content-Type": _TYPE})

    async def _text(self, workspaces: list[str], request: web.Request) -> bytes:
        """Return the metrics of some Workspaces, in the time that the scraper gives."""
        kept = {sid: self._fetch(sid) for sid in workspaces}
        tasks = [one.task for one in kept.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=_scrape_seconds(request.headers.get(_HEADER)))
        snapshots = {sid: _result(one.task) for sid, one in kept.items()}
        return exposition(families(snapshots, ttl=self._ttl, attribute=self._attribute))

    def _fetch(self, sid: str) -> _Kept:
        """Return the latest fetch of a Workspace; start one if it is too old."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(sid)
        if kept is not None and (kept.ended_at is None or loop.time() - kept.ended_at < self._ttl):
            return kept
        with_workers = self._attribute is not None
        fetched = fetch_snapshot(self._session, sid, self._window, with_workers=with_workers)
        kept = self._kept[sid] = _Kept(asyncio.create_task(fetched))
        self._kept.move_to_end(sid)
        kept.task.add_done_callback(lambda _: setattr(kept, "ended_at", loop.time()))
        for oldest in list(self._kept)[:-_MAX_WORKSPACES]:
            if self._kept[oldest].task.done():
                del self._kept[oldest]
        return kept


def _result(task: "asyncio.Task[Snapshot]") -> Snapshot | None:
    """Return a finished snapshot; None if it is not finished, or ended with an error."""
    if not task.done() or task.cancelled() or task.exception() is not None:
        return None
    return task.result()


def _scrape_seconds(header: str | None) -> float:
    """Return the seconds to answer in, from the header that Prometheus sends."""
    try:
        allowed = float(header or "") - _MARGIN
    except ValueError:
        return _LONGEST_SCRAPE
    return min(_LONGEST_SCRAPE, allowed) if allowed > 0 else _MARGIN
