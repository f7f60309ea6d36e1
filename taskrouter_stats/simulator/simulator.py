"""The simulator's public class: enter it, give a client its ``base_url``, read ``counters``."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from taskrouter_stats.errors import SessionMisuse
from taskrouter_stats.models import Credentials

from . import validation
from .limits import WINDOWS, Limiter, Rival, Start, Stepped
from .server.app import Served, Server
from .server.counters import Counters
from .server.faults import Faults
from .server.headers import ServerOptions
from .server.listener import Listener
from .server.routes import LOWER_LIMITS, RESOURCE_KEYS
from .world.profiles import sid
from .world.world import World, account

__all__ = ["Simulator", "steady_clock"]

_MAX_WORKERS = 100_000
_MAX_WORKSPACES = 1_000
_MAX_REQUESTS = 10**6
_MAX_SEED = 2**63 - 1
_MAX_PORT = 65_535


def steady_clock() -> Callable[[], float]:
    """Return a clock of the time of day that never jumps, even if the machine's clock does."""
    origin = time.time() - time.monotonic()
    return lambda: origin + time.monotonic()


def _worlds(seed: int, workers: int, workspaces: int) -> tuple[World, ...]:
    """Return the workspaces of the account with this seed."""
    validation.integer("seed", seed, 0, _MAX_SEED)
    validation.integer("workers", workers, 0, _MAX_WORKERS)
    return account(seed, workers, validation.integer("workspaces", workspaces, 1, _MAX_WORKSPACES))


def _default_auth(world: World) -> tuple[str, str]:
    """Return the accepted user name and password if the caller gives none."""
    return world.account_sid, sid("", world.seed, "token")


def _limiters(
    window: str, limit: int, rival: float, steps: Sequence[tuple[float, int]], start: Start
) -> dict[str, Limiter]:
    """Return a limiter of this window model for each resource key, with its rival and steps."""
    model = WINDOWS[validation.window(window)]
    validation.integer("limit", limit, 1, _MAX_REQUESTS)
    share, changes = validation.share("rival", rival), validation.steps(steps, _MAX_REQUESTS)
    limiters = dict[str, Limiter]()
    for key in RESOURCE_KEYS:
        highest = LOWER_LIMITS.get(key, _MAX_REQUESTS)
        limiter = model(min(limit, highest))
        if share:
            limiter = Rival(limiter, min(limit, highest), share)
        if changes:
            own_steps = [(at, min(changed, highest)) for at, changed in changes]
            limiter = Stepped(limiter, own_steps, start)
        limiters[key] = limiter
    return limiters


def _served(
    worlds: Sequence[World],
    window: str,
    limit: int,
    rival: float,
    steps: Sequence[tuple[float, int]],
) -> list[Served]:
    """Return the workspaces with their limiters; steps count from the account's first request."""
    start = Start()
    return [Served(world, _limiters(window, limit, rival, steps, start)) for world in worlds]


class Simulator:
    """A simulated TaskRouter account: workspaces over real HTTP, with a rate limit.

    ``async with Simulator() as simulator:`` serves in the current event loop until the block ends.
    Equal arguments give an equal world. ``options`` may be changed while it runs.

    Args:
        workers: Workers of each workspace, 0 to 100,000.
        limit: Requests per second of each resource key of each workspace, >= 1. Resource keys with
            a lower documented limit (``routes.LOWER_LIMITS``) keep that one.
        window: The rate limiter's window model, a name from ``limits.WINDOWS``.
        seed: The seed of the account, >= 0.
        latency: Mean seconds from a request's arrival to its reply, >= 0.
        workspaces: Workspaces of the account, 1 to 1,000.
        host: The IP address to listen at; only this machine can reach the default.
        port: The port to listen at; 0 selects a free one.
        headers: Whether successes carry the rate-limit headers.
        headers_on_429: Whether 429 replies carry them too.
        retry_after: ``Retry-After`` of 429 replies, seconds, >= 0; ``None`` omits it.
        garbage: Whether the rate-limit headers have invalid values.
        rival: The share of every limit that another client requests at an even rate, 0 to 1.
        steps: Changes of the limit: seconds since the first request, and the limit from then on.
        concurrency: Requests of the account that the server handles at once, >= 1; it refuses
            others whatever their budget. ``None`` is no bound.
        faults: The share of replies with a fault, 0 to 1; see ``faults.FAULTS``.
        own_urls: Whether URLs in replies name the simulator's host instead of Twilio's.
        auth: The accepted user name and password; the account and a generated token by default.
        clock: Returns the time in the workspaces, seconds since 1970; now by default. Limits and
            latency use the event loop's clock, so this one may stand still.

    Attributes:
        worlds: One world for each workspace; tests compare replies with them.
        options: Latency and switches.
        auth: The accepted user name and password.

    Raises:
        InvalidParameter: An argument is invalid.
    """

    _listener: Listener | None = None

    def __init__(
        self,
        workers: int = 200,
        limit: int = 50,
        window: str = "fixed1s",
        seed: int = 0,
        latency: float = 0.02,
        *,
        workspaces: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        headers: bool = True,
        headers_on_429: bool = True,
        retry_after: float | None = None,
        own_urls: bool = False,
        garbage: bool = False,
        rival: float = 0.0,
        steps: Sequence[tuple[float, int]] = (),
        concurrency: int | None = None,
        faults: float = 0.0,
        auth: tuple[str, str] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.worlds = _worlds(seed, workers, workspaces)
        self.auth = validation.auth(_default_auth(self.world) if auth is None else auth)
        self._served = _served(self.worlds, window, limit, rival, steps)
        self.options = ServerOptions(
            latency=validation.seconds("latency", latency),
            headers=headers,
            headers_on_429=headers_on_429,
            retry_after=validation.seconds_or_none("retry_after", retry_after),
            own_urls=own_urls,
            garbage=garbage,
            concurrency=validation.concurrency(concurrency, _MAX_REQUESTS),
        )
        self._address = validation.address(host), validation.integer("port", port, 0, _MAX_PORT)
        drawn = Faults(validation.share("faults", faults), seed)
        self._server = Server(self._served, self.auth, clock or steady_clock(), self.options, drawn)
        self._arguments = f"workers={workers}, limit={limit}, window={window!r}, seed={seed}"

    def __repr__(self) -> str:
        where = f"at {self.base_url}" if self._listener else "not running"
        several = f", workspaces={len(self.worlds)}" if len(self.worlds) > 1 else ""
        return f"<Simulator({self._arguments}{several}) {where}>"

    async def __aenter__(self) -> Self:
        """Start the server.

        Raises:
            SessionMisuse: The simulator is already running.
            OSError: The port is in use.
        """
        if self._listener is not None:
            raise SessionMisuse("this Simulator is already running: create another one")
        listener = Listener(self._server.application(), *self._address)
        await listener.open()
        self._listener = listener
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server and end the requests in flight."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()

    @property
    def base_url(self) -> str:
        """Scheme, host and port of the server."""
        if self._listener is None:
            raise SessionMisuse(
                "this Simulator is not running: use async with Simulator(...) as simulator"
            )
        host, port = self._listener.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def world(self) -> World:
        """The world of the first workspace."""
        return self.worlds[0]

    @property
    def limits(self) -> Mapping[str, Limiter]:
        """The limiter of each resource key of the first workspace."""
        return self._served[0].limits

    @property
    def account_sid(self) -> str:
        """The SID of the account."""
        return self.world.account_sid

    @property
    def workspace_sid(self) -> str:
        """The SID of the first workspace."""
        return self.world.workspace_sid

    @property
    def workspace_sids(self) -> tuple[str, ...]:
        """The SIDs of all workspaces."""
        return tuple(world.workspace_sid for world in self.worlds)

    @property
    def credentials(self) -> Credentials:
        """The accepted credentials: an account with its token, or an API key with its secret."""
        user, password = self.auth
        if user.startswith("SK"):
            return Credentials.api_key(user, password, self.account_sid)
        return Credentials.auth_token(user, password)

    @property
    def counters(self) -> Counters:
        """The server's counts of requests and replies."""
        return self._server.counters
