"""The session, which callers use for every request."""

import os
from collections.abc import Callable, Coroutine, Iterable, Sized
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from taskrouter_stats.core import queries
from taskrouter_stats.core.cache_policy import CachePolicy
from taskrouter_stats.core.outcome import Outcome, Success
from taskrouter_stats.core.paging import ListReader, Page
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.core.request import build_request
from taskrouter_stats.core.retry import RetryPolicy
from taskrouter_stats.core.window import LAST_15_MINUTES, Window
from taskrouter_stats.models import Credentials, LiveWorker, Worker, WorkerStatistics
from taskrouter_stats.models.redaction import masked

from .arguments import AS_SESSION, Priority, check_listing, fetch_options
from .budget import BudgetSnapshot
from .budget_throttle import SharedPacing
from .cache import QueryCache
from .hooks import Hook, as_hooks
from .items import Items
from .lifecycle import SessionLifecycle
from .options import (
    BudgetOptions,
    SessionOptions,
    Settings,
    find_addresses,
    hide_addresses,
    options_from_env,
)
from .query_runner import QueryRunner
from .stream import OutcomeStream, Source
from .transport import HttpSession
from .worker_queries import WorkerQueries, WorkersInput, check_workers, query_template

__all__ = ["TaskRouterSession"]

T = TypeVar("T")


class TaskRouterSession:
    """Fetches TaskRouter statistics as fast as the server's rate limit permits.

    A session can be created anywhere. It opens in the event loop that first uses it, and
    :meth:`aclose` or the end of its ``async with`` closes it. Use one session per process and
    account: the server's rate limits apply to the account, and two sessions do not see each
    other's requests.

    Args:
        credentials: the account or API key.
        base_url: URL of another host than Twilio's, such as a simulator's.
        region: Twilio region, such as ``"ie1"``.
        edge: Twilio edge, such as ``"dublin"``; without ``region`` it means region ``us1``.
        max_in_flight: requests on the wire at once, >= 1; if >= 2, one slot is reserved for
            :meth:`fetch`.
        timeout: seconds for one attempt, from connect to the last byte, >= 0.001.
        max_wait: seconds that a fetch may wait for permits, >= 0; None: without limit.
        retry: the retry policy.
        pace_limit: requests per second and budget that the session sends at most, >= 0.001, bursts
            included. Requests that wait for a new connection may reach the server closer together.
        headroom: share of every budget that the session leaves to other clients, 0 <= x < 1.
        reserve: share of every budget that bulk requests, such as those of a stream, leave to
            interactive ones, such as :meth:`fetch`, >= 0; with ``headroom`` together < 1.
        cache_ttl: seconds for which :meth:`fetch` may answer an equal query again, or a
            :class:`CachePolicy`; with either, equal queries in flight share one request. None:
            every call asks the server. Streams and lists always do.
        hooks: functions that the session calls with each event of ``taskrouter_stats.events``.
        pacer: a ``fleet.SharedPacer``, which shares the budgets with other processes; None: this
            session paces alone.
        proxy: URL of an http proxy. It tunnels https. It would read plain http, credentials
            included, so with an http ``base_url`` it requires ``allow_http=True``.
        trust_env: whether to take the proxy from the environment, except for this machine itself.
        allow_http: whether to send credentials over plain http to another machine or a proxy.
        http: an aiohttp session to borrow: its connection limit applies, and it is not closed.

    Raises:
        ConfigError: options contradict each other, or a URL is not usable.
        InvalidParameter: an option has the wrong type or is out of bounds.
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
        reserve: float = 0.0,
        cache_ttl: float | CachePolicy | None = None,
        hooks: Iterable[Hook] = (),
        pacer: SharedPacing | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        allow_http: bool = False,
        http: HttpSession | None = None,
    ) -> None:
        credentials, base_url, proxy, http = map(masked, (credentials, base_url, proxy, http))
        trust_env, allow_http, pacer = map(masked, (trust_env, allow_http, pacer))
        self._settings = Settings(
            credentials=credentials,
            **find_addresses(base_url, region, edge, proxy, trust_env, allow_http),
            max_in_flight=max_in_flight,
            timeout=timeout,
            max_wait=max_wait,
            retry=retry,
            **BudgetOptions(pace_limit=pace_limit, headroom=headroom, reserve=reserve),
            cache_ttl=cache_ttl,
            pacer=pacer,
            http=http,
        )
        self._lifecycle = SessionLifecycle(self._settings, as_hooks(hooks, self._settings.base_url))
        self._runner = QueryRunner(self._lifecycle, credentials.account)
        self._cache = QueryCache(self._lifecycle, self._runner, self._settings.cache_ttl)

    @classmethod
    def from_env(cls, **options: Unpack[SessionOptions]) -> Self:
        """Create a session from environment variables and options; options win.

        ``TWILIO_REGION``, ``TWILIO_EDGE``, ``TASKROUTER_STATS_BASE_URL`` and
        ``TASKROUTER_STATS_ALLOW_HTTP`` set options; for the credentials see
        :meth:`Credentials.from_env`.

        Raises:
            ConfigError: a variable is missing or invalid; the message names it.
        """
        options = hide_addresses(options)
        return cls(Credentials.from_env(), **options_from_env(options, os.environ))

    async def fetch(
        self,
        query: Query[T],
        *,
        max_wait: float | None = AS_SESSION,
        priority: Priority = "interactive",
        cache_ttl: float | CachePolicy | None = AS_SESSION,
    ) -> T:
        """Run one query and return its value.

        Args:
            query: the query, from :mod:`taskrouter_stats.queries`.
            max_wait: seconds that the query may wait for permits, >= 0; None: without limit. The
                session's ``max_wait`` by default.
            priority: ``"interactive"`` queries go before ``"bulk"`` queries.
            cache_ttl: the session's by default; None: ask the server, and keep no answer.

        Raises:
            ApiError: the server answered with an error; the subclass names its kind.
            TransportError: no reply came, after all retries.
            PayloadError: the reply is not as documented, or it answers another query.
            PaceError: the rate limit would delay the query beyond ``max_wait``.
            UsageError: the query is a listing, or the session cannot be used here.
        """
        interactive, max_wait, cache = fetch_options(
            self._settings, query, max_wait, priority, cache_ttl
        )
        if cache is None:
            return await self._runner.value(query, interactive=interactive, max_wait=max_wait)
        found = await self._cache.fetch(query, cache, interactive=interactive, max_wait=max_wait)
        return found.value

    async def fetch_with_meta(
        self,
        query: Query[T],
        *,
        max_wait: float | None = AS_SESSION,
        priority: Priority = "interactive",
        cache_ttl: float | CachePolicy | None = AS_SESSION,
    ) -> Success[T]:
        """Run one query as :meth:`fetch` does; return its value with metadata of the reply."""
        interactive, max_wait, cache = fetch_options(
            self._settings, query, max_wait, priority, cache_ttl
        )
        if cache is not None:
            return await self._cache.fetch(query, cache, interactive=interactive, max_wait=max_wait)
        opened = self._lifecycle.require_open()
        call = self._runner.new_call(query, interactive=interactive, max_wait=max_wait)
        return await self._runner.fetch(opened, query, call)

    def iterate(self, listing: Listing[T]) -> Items[T]:
        """Read a list, page by page: ``async for worker in session.iterate(listing)``.

        Raises:
            UsageError: the argument is not a listing.
        """
        check_listing(listing)

        def fetch_page(target: str) -> Coroutine[Any, Any, Page]:
            return self._runner.fetch_page(listing, target)

        first = build_request(listing, self._settings.credentials.account).target
        return Items(ListReader(listing, first), fetch_page, self._lifecycle.start)

    async def live_workers(
        self, workspace_sid: str, *, workers: Listing[Worker] | None = None
    ) -> list[LiveWorker]:
        """Return all Workers as they are now, in one request for every 1,000.

        A :class:`~taskrouter_stats.models.LiveWorker` has its Activity, the seconds spent in it by
        the server's clock, whether the Worker is available, and its attributes.

        Args:
            workspace_sid: SID of the Workspace (WS…).
            workers: a listing of some of its Workers, such as ``queries.workers(workspace_sid,
                task_queue_name="Support")``; None: all Workers.

        Raises:
            InvalidSid: the SID is not of a Workspace.
            UsageError: ``workers`` is not a listing of Workers of this Workspace.
            ApiError, TransportError: a page could not be read.
            PayloadError: an item of the list can't be read, or the list repeats itself.
        """
        listing = queries.workers(workspace_sid) if workers is None else workers
        check_workers(listing, workspace_sid)
        async with self.iterate(listing) as items:
            return [
                LiveWorker.listed(worker, items.served_at, datetime.now(UTC))
                async for worker in items
            ]

    def stream(self, queries: Source[T], *, ordered: bool = False) -> OutcomeStream[T]:
        """Run many queries: ``async with session.stream(queries) as outcomes:``.

        Args:
            queries: any iterable of queries, sync or async; the stream pulls it lazily.
            ordered: whether outcomes come in the order of the queries; else as they finish.

        Raises:
            UsageError: the argument is not an iterable of queries.
        """
        return self._stream(queries, ordered=ordered)

    async def collect(self, queries: Source[T]) -> list[Outcome[T]]:
        """Run many queries and return their outcomes, in the order of the queries.

        Raises:
            TaskRouterStatsError: an error that ends a stream.
        """
        return await self._stream(queries, ordered=True, max_ahead=float("inf")).collect()

    def stream_worker_statistics(
        self,
        workspace_sid: str,
        window: Window = LAST_15_MINUTES,
        *,
        task_channel: str | None = None,
        workers: WorkersInput | Listing[Worker] | None = None,
    ) -> OutcomeStream[WorkerStatistics]:
        """Stream the statistics of a workspace's workers.

        ``outcome.query.context`` is the :class:`~taskrouter_stats.models.Worker`. The first
        queries run while the list of workers is still being read. A relative window becomes
        absolute once, when the stream is entered, so that all workers have the same window.

        Args:
            workspace_sid: SID of the Workspace (WS…).
            window: the time window; the last 15 minutes by default.
            task_channel: only tasks of this TaskChannel: its SID or ``unique_name``.
            workers: SIDs, Workers or a listing of them, sync or async; None: all workers.

        Raises:
            InvalidSid: a SID is not of the expected kind.
            InvalidWindow: the window is invalid.
            InvalidParameter: another argument is invalid.
            UsageError: ``workers`` is not a source of workers.
        """
        template = query_template(workspace_sid, window, task_channel)
        given = queries.workers(workspace_sid) if workers is None else workers
        if isinstance(given, Listing):
            check_workers(given, workspace_sid)
            found = WorkerQueries(template, self.iterate(given))
        else:
            found = WorkerQueries(template, given)
        return self._stream(found.queries(), ordered=False, total=found.total)

    def budgets(self) -> tuple[BudgetSnapshot, ...]:
        """Return the state of each budget, in the order of first use."""
        opened = self._lifecycle.opened
        return () if opened is None else opened.executor.pacer.snapshots()

    async def aclose(self) -> None:
        """Close the session; streams and waiting requests end with ``SessionClosed``.

        Closing a closed session does nothing.
        """
        await self._lifecycle.aclose()

    async def __aenter__(self) -> Self:
        self._lifecycle.require_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_lifecycle"):  # a traceback shows a session with invalid options
            return "<TaskRouterSession, not created>"
        settings, state = self._settings, self._lifecycle.state
        return (
            f"<TaskRouterSession {settings.base_url} as {settings.credentials.username}, {state}>"
        )

    def _stream(
        self,
        source: Source[T],
        *,
        ordered: bool,
        max_ahead: float | None = None,
        total: Callable[[], int | None] | None = None,
    ) -> OutcomeStream[T]:
        def known_total() -> int | None:
            return len(source) if isinstance(source, Sized) else None

        slots = self._settings.max_in_flight
        return OutcomeStream(
            self._runner.fetch_outcome,
            source,
            workers=self._lifecycle.stream_workers,
            ordered=ordered,
            max_ahead=2 * slots if max_ahead is None else max_ahead,
            total=total or known_total,
            register=self._lifecycle.register_stream,
        )
