"""The session: what callers hold."""

import os
from collections.abc import Coroutine, Sized
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

from taskrouter_stats.core import queries
from taskrouter_stats.core.outcome import Outcome, Success
from taskrouter_stats.core.paging import ListReader, Page
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.core.request import build_request
from taskrouter_stats.core.retry import RetryPolicy
from taskrouter_stats.core.window import LAST_15_MINUTES, Window
from taskrouter_stats.errors import (
    InvalidParameter,
    UsageError,
)
from taskrouter_stats.models import Credentials, Worker, WorkerStatistics
from taskrouter_stats.models.redaction import masked

from .budget import BudgetSnapshot
from .items import Items
from .lifecycle import SessionLifecycle
from .options import (
    MAX_WAIT,
    SessionOptions,
    Settings,
    check_bool,
    check_number,
    hide_addresses,
    options_from_env,
)
from .query_runner import QueryRunner
from .stream import OutcomeStream, Source
from .transport import HttpSession
from .urls import find_proxy, resolve_base_url
from .worker_queries import WorkerQueries, WorkersInput, check_workers, query_template

__all__ = ["TaskRouterSession"]

T = TypeVar("T")

Priority = Literal["interactive", "bulk"]


class _AsSession:
    """The default that is written down elsewhere."""

    def __repr__(self) -> str:
        return "the session's"


_AS_SESSION: Any = _AsSession()


class TaskRouterSession:
    """Asks TaskRouter for statistics, at the pace that the server permits.

    Make it anywhere; it opens in the event loop that first uses it, and is closed by
    :meth:`aclose` or by leaving its ``async with``. Use one session for each process and
    account: budgets are the server's, and a second session would have to find out the hard way
    what the first one spends.

    Args:
        credentials: who asks.
        base_url: another host than Twilio's, such as a simulator's.
        region: Twilio region, such as ``"ie1"``.
        edge: Twilio edge, such as ``"dublin"``; alone it means region ``us1``.
        max_in_flight: requests on the wire at once; one place is kept for :meth:`fetch`.
        timeout: seconds for one attempt, from connect to the last byte.
        max_wait: seconds that a fetch may wait for leave; None for as long as it takes.
        retry: how persistent to be.
        pace_limit: requests per second and budget that are let go at most, bursts included. Those
            that wait for a connection to be made may arrive closer together than they were let go.
        headroom: the share of every budget that is left to others, 0 to below 1.
        proxy: an http proxy's URL. It tunnels https; plain http it would read, credentials
            included, so that together with a base URL of plain http it needs ``allow_http``.
        trust_env: whether to take the proxy from the environment; to this machine there is none.
        allow_http: whether to send credentials over plain http to another machine or a proxy.
        http: an aiohttp session to borrow; it is not closed, and its connection limit applies.

    Raises:
        ConfigError, InvalidParameter: for options that can't be, or can't be together.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        region: str | None = None,
        edge: str | None = None,
        max_in_flight: int = 100,
        timeout: float = 30.0,
        max_wait: float | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 (immutable)
        pace_limit: float | None = None,
        headroom: float = 0.0,
        proxy: str | None = None,
        trust_env: bool = False,
        allow_http: bool = False,
        http: HttpSession | None = None,
    ) -> None:
        # A traceback may show locals, and a secret may stand where none belongs.
        credentials, base_url, proxy, http = map(masked, (credentials, base_url, proxy, http))
        trust_env, allow_http = masked(trust_env), masked(allow_http)
        check_bool("trust_env", trust_env)
        check_bool("allow_http", allow_http)
        address = resolve_base_url(base_url, region, edge, allow_http=allow_http)
        self._settings = Settings(
            credentials=credentials,
            base_url=address,
            proxy=find_proxy(address, proxy, trust_env=trust_env, allow_http=allow_http),
            max_in_flight=max_in_flight,
            timeout=timeout,
            max_wait=max_wait,
            retry=retry,
            pace_limit=pace_limit,
            headroom=headroom,
            http=http,
        )
        self._life = SessionLifecycle(self._settings)
        self._answers = QueryRunner(self._life, credentials.account)

    @classmethod
    def from_env(cls, **options: Unpack[SessionOptions]) -> Self:
        """A session for the environment's credentials, region and edge.

        ``TWILIO_REGION``, ``TWILIO_EDGE``, ``TASKROUTER_STATS_BASE_URL`` and
        ``TASKROUTER_STATS_ALLOW_HTTP`` say what the options don't; for the credentials see
        :meth:`Credentials.from_env`.

        Raises:
            ConfigError: naming what is missing.
        """
        options = hide_addresses(options)
        return cls(Credentials.from_env(), **options_from_env(options, os.environ))

    async def fetch(
        self,
        query: Query[T],
        *,
        max_wait: float | None = _AS_SESSION,
        priority: Priority = "interactive",
    ) -> T:
        """Ask one question and return its answer.

        Args:
            query: the question, from :mod:`taskrouter_stats.queries`.
            max_wait: seconds that it may wait for leave; as the session says by default.
            priority: ``"interactive"`` goes before everything in bulk, ``"bulk"`` does not.

        Raises:
            ApiError: the server refused it; the subclass says how.
            TransportError: no reply came, after all retries.
            PayloadError: the reply is not what is documented.
            PaceError: the rate limit leaves no room within ``max_wait``.
            UsageError: for a listing, or a session used where it can't be.
        """
        return (await self._one(query, max_wait, priority)).value

    async def fetch_with_meta(
        self,
        query: Query[T],
        *,
        max_wait: float | None = _AS_SESSION,
        priority: Priority = "interactive",
    ) -> Success[T]:
        """As :meth:`fetch`, with how the answer came about beside it."""
        return await self._one(query, max_wait, priority)

    def iterate(self, listing: Listing[T]) -> Items[T]:
        """Read a list, page by page: ``async for worker in session.iterate(listing)``.

        Raises:
            UsageError: for a query.
        """
        if not isinstance(listing, Listing):
            raise UsageError(
                f"iterate() takes a listing, not {type(listing).__name__}; a query is answered by "
                "`await session.fetch(query)`"
            )

        def fetch_page(target: str) -> Coroutine[Any, Any, Page]:
            return self._answers.fetch_page(listing, target)

        first = build_request(listing, self._settings.credentials.account).target
        return Items(ListReader(listing, first), fetch_page, self._life.start_page)

    def stream(self, queries: Source[T], *, ordered: bool = False) -> OutcomeStream[T]:
        """Answer many queries: ``async with session.stream(queries) as outcomes:``.

        Queries are pulled from any iterable, sync or async, as room comes free.

        Args:
            queries: what to ask.
            ordered: whether outcomes come in the order of the queries rather than as they finish.
        """
        return self._stream(queries, ordered=ordered, ahead=2 * self._settings.max_in_flight)

    async def collect(self, queries: Source[T]) -> list[Outcome[T]]:
        """Answer many queries and return their outcomes, in the order of the queries.

        Raises:
            TaskRouterStatsError: what ends a stream ends this.
        """
        return await self._stream(queries, ordered=True, ahead=float("inf")).collect()

    def stream_worker_statistics(
        self,
        workspace_sid: str,
        window: Window = LAST_15_MINUTES,
        *,
        task_channel: str | None = None,
        workers: WorkersInput | Listing[Worker] | None = None,
    ) -> OutcomeStream[WorkerStatistics]:
        """Every worker's statistics of a workspace: the main job.

        ``outcome.query.context`` is the :class:`~taskrouter_stats.models.Worker`. Workers are
        asked for while the list is still being read. A relative window becomes absolute once,
        when the stream is entered, so that every worker answers for the same time.

        Args:
            workspace_sid: the Workspace (WS…).
            window: the time asked for; the last 15 minutes by default.
            task_channel: only this TaskChannel, by SID or ``unique_name``.
            workers: SIDs, Workers or a listing of them; None for all.

        Raises:
            InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
        """
        template = query_template(workspace_sid, window, task_channel)
        given = queries.workers(workspace_sid) if workers is None else workers
        if isinstance(given, Listing):
            check_workers(given, workspace_sid)
            found = WorkerQueries(template, self.iterate(given))
        else:
            found = WorkerQueries(template, given)
        ahead = 2 * self._settings.max_in_flight
        return self._stream(found.queries(), ordered=False, ahead=ahead, total=found.total)

    def budgets(self) -> tuple[BudgetSnapshot, ...]:
        """What the server has told of each budget, and what the session makes of it."""
        live = self._life.live
        return () if live is None else live.courier.pacer.snapshots()

    async def aclose(self) -> None:
        """Close: streams and waiting requests end with ``SessionClosed``. Twice does no harm."""
        await self._life.aclose()

    async def __aenter__(self) -> Self:
        self._life.require_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_life"):  # a traceback shows one whose options were refused
            return "<TaskRouterSession, not made>"
        settings, state = self._settings, self._life.state
        return (
            f"<TaskRouterSession {settings.base_url} as {settings.credentials.username}, {state}>"
        )

    def _one(
        self, query: Query[T], max_wait: float | None, priority: Priority
    ) -> Coroutine[Any, Any, Success[T]]:
        if not isinstance(query, Query):
            raise UsageError(
                f"fetch() takes one query, not {type(query).__name__}; many are answered by "
                "session.stream(queries), a listing is read with "
                "`async for item in session.iterate(listing)`"
            )
        if priority not in ("interactive", "bulk"):
            raise InvalidParameter("priority", priority, '"interactive" or "bulk"')
        if max_wait is _AS_SESSION:
            max_wait = self._settings.max_wait
        elif max_wait is not None:
            max_wait = check_number("max_wait", max_wait, MAX_WAIT)
        interactive = priority == "interactive"
        return self._answers.fetch(query, interactive=interactive, max_wait=max_wait)

    def _stream(
        self, source: Source[T], *, ordered: bool, ahead: float, total: Any = None
    ) -> OutcomeStream[T]:
        def known_total() -> int | None:
            return len(source) if isinstance(source, Sized) else None

        return OutcomeStream(
            self._answers.fetch_outcome,
            source,
            workers=self._settings.max_in_flight,  # one more than bulk has places: see courier
            ordered=ordered,
            max_ahead=ahead,
            total=total or known_total,
            register=self._life.register_stream,
        )
