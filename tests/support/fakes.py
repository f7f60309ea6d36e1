"""A fake transport: a server made of one function."""

import asyncio
import inspect
import os
import re
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import orjson

from taskrouter_stats import Credentials, TaskRouterSession, Window, errors, queries
from taskrouter_stats.core.reply import Reply
from taskrouter_stats.errors import SessionClosed
from taskrouter_stats.session.executor import RequestExecutor
from taskrouter_stats.session.lifecycle import OpenSession
from taskrouter_stats.session.pacer import Pacer

ACCOUNT = "AC" + "a" * 32
TOKEN = "t0ken" * 6
WORKSPACE = "WS" + "b" * 32
WORKERS_PATH = f"/v1/Workspaces/{WORKSPACE}/Workers"
CREDENTIALS = Credentials.auth_token(ACCOUNT, TOKEN)
WINDOW = Window.last(hours=1)
REQUEST_ID = "RQ" + "c" * 32


def worker_sid(number):
    """Return the SID of a numbered worker."""
    return f"WK{number:032x}"


ANSWER = {
    "worker_sid": worker_sid(1),
    "workspace_sid": WORKSPACE,
    "cumulative": {"reservations_created": 0},
}
"""Minimal statistics of worker 1."""


def worker_query(number, window=WINDOW, workspace=WORKSPACE):
    """Return the query for a worker's statistics."""
    return queries.worker_statistics(workspace, worker_sid(number), window)


def worker_queries(count, first=0):
    """Return a list with one query for each of ``count`` workers."""
    return [worker_query(number) for number in range(first, first + count)]


def number_of(asked):
    """Return the worker's number in a request, query or outcome; None for a page of workers."""
    text = getattr(asked, "target", None) or repr(getattr(asked, "query", asked))
    found = re.search(r"WK([0-9a-f]{32})", text)
    return None if found is None else int(found[1], 16)


def reply(status=200, payload=None, **headers):
    """Make a reply; ``x_rate_limit_limit=50`` becomes the header ``x-rate-limit-limit: 50``."""
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return Reply(status, {"twilio-request-id": REQUEST_ID, **named}, body)


def limits(limit, remaining):
    """Return the two rate-limit headers as keyword arguments for ``reply``."""
    return {"x_rate_limit_limit": limit, "x_rate_limit_remaining": remaining}


def statistics(request, **headers):
    """Return minimal statistics of the requested worker."""
    workspace = request.target.split("/")[3]
    sid = worker_sid(number_of(request))
    return reply(200, {**ANSWER, "worker_sid": sid, "workspace_sid": workspace}, **headers)


def trouble(status, code=None, **headers):
    """Return an error reply in Twilio's format."""
    return reply(status, {"status": status, "code": code, "message": f"says {status}"}, **headers)


def pages(sids, size, next_url=None):
    """Return a function that answers each page request of a list of workers."""
    chunks = [sids[start : start + size] for start in range(0, len(sids), size)] or [[]]

    def answer(request):
        asked = dict(parse_qsl(urlsplit(request.target).query))
        page = int(asked.get("Page", 0))
        more = f"https://taskrouter.twilio.com{WORKERS_PATH}?PageSize={size}&Page={page + 1}"
        following = more if page + 1 < len(chunks) else None
        meta = {"key": "workers", "next_page_url": next_url(page) if next_url else following}
        return reply(200, {"workers": [{"sid": sid} for sid in chunks[page]], "meta": meta})

    return answer


class FakeTransport:
    """A transport that answers from a function of the request and records the requests.

    The function returns a Reply, an error to raise, or an awaitable of either. ``connecting`` and
    ``latency`` are seconds.
    """

    def __init__(self, answer=statistics, latency=0.01, connecting=0):
        self.answer = answer
        self.latency = latency
        self.connecting = connecting
        self.sent = []
        self.times = []
        self.in_flight = self.most_in_flight = 0
        self.closed = False
        self.dropped = 0

    async def send(self, request, on_sent):
        """Stand in for the transport's ``send``."""
        if self.closed:
            raise SessionClosed("the session was closed")
        self.sent.append(request)
        self.times.append(asyncio.get_running_loop().time())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.connecting:
                await asyncio.sleep(self.connecting)
            on_sent()
            latency = self.latency(request) if callable(self.latency) else self.latency
            await asyncio.sleep(latency)
            answered = self.answer(request)
            if inspect.isawaitable(answered):
                answered = await answered
        finally:
            self.in_flight -= 1
        if isinstance(answered, Exception):
            raise answered
        return answered

    def drop_connections(self):
        """Count the call."""
        self.dropped += 1

    async def aclose(self):
        """Refuse every later request, as the transport does."""
        self.closed = True

    @property
    def numbers(self):
        """The workers requested, in order; None for pages."""
        return [number_of(request) for request in self.sent]


class Script:
    """Answers from a list, one for each request, then as ``then`` says."""

    def __init__(self, *answers, then=statistics):
        self._answers = list(answers)
        self._then = then

    def __call__(self, request):
        """Answer with the next one of the list."""
        answer = self._answers.pop(0) if self._answers else self._then
        return answer(request) if callable(answer) else answer


@asynccontextmanager
async def session_over(transport, **options):
    """Yield an open session over a fake transport; a leaked permit fails the test."""
    session = TaskRouterSession(CREDENTIALS, **options)
    settings, hooks = session._settings, session._lifecycle._hooks
    pacer = Pacer(
        max_in_flight=settings.max_in_flight,
        pace_limit=settings.pace_limit,
        headroom=settings.headroom,
        reserve=settings.reserve,
        on_change=hooks and hooks.emit,
    )
    loop = asyncio.get_running_loop()
    executor = RequestExecutor(pacer, transport, settings.retry, hooks=hooks)
    session._lifecycle.opened = OpenSession(executor, loop, os.getpid())
    async with session:
        yield session
        assert pacer._in_flight == transport.in_flight
    await asyncio.sleep(0)
    assert pacer._in_flight == 0
    assert [(b.in_flight, b.waiting) for b in pacer.snapshots()] == [(0, 0)] * len(pacer._budgets)
    estimators = [getattr(one.throttle, "estimator", None) for one in pacer._budgets.values()]
    assert {one.unsent for one in estimators if one} <= {0}


async def read(items):
    """Return the SIDs that come before the end or the error, and the error or None."""
    found = []
    try:
        async for worker in items:
            found.append(worker.sid)  # noqa: PERF401 (what came before an error counts)
    except errors.TaskRouterStatsError as error:
        return found, error
    return found, None
