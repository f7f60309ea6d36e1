"""The simulator as callers hold it: enter it, point a client at ``base_url``, ask ``counters``."""

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

_MAX_WORKERS = 100_000
_MAX_WORKSPACES = 1_000
_MAX_REQUESTS = 10**6
_MAX_SEED = 2**63 - 1
_MAX_PORT = 65_535


def steady_clock() -> Callable[[], float]:
    """Return a clock that shows the time of day and never jumps, even if the machine's does."""
    origin = time.time() - time.monotonic()
    return lambda: origin + time.monotonic()


def _worlds(seed: int, workers: int, workspaces: int) -> tuple[World, ...]:
    """Return the workspaces of the account with that seed."""
    validation.integer("seed", seed, 0, _MAX_SEED)
    validation.integer("workers", workers, 0, _MAX_WORKERS)
    return account(seed, workers, validation.integer("workspaces", workspaces, 1, _MAX_WORKSPACES))


def _made_up(world: World) -> tuple[str, str]:
    """Return the credentials that are let in unless others are given."""
    return world.account_sid, sid("", world.seed, "token")


def _limiters(
    window: str, limit: int, rival: float, steps: Sequence[tuple[float, int]], start: Start
) -> dict[str, Limiter]:
    """Return a limiter of this model for each resource key, with its troubles around it."""
    model = WINDOWS[validation.window(window)]
    validation.integer("limit", limit, 1, _MAX_REQUESTS)
    share, changes = validation.share("rival", rival), validation.steps(steps, _MAX_REQUESTS)
    limiters = dict[str, Limiter]()
    for key in RESOURCE_KEYS:
        most = LOWER_LIMITS.get(key, _MAX_REQUESTS)
        limiter = model(min(limit, most))
        if share:
            limiter = Rival(limiter, min(limit, most), share)
        if changes:
            own = [(at, min(changed, most)) for at, changed in changes]
            limiter = Stepped(limiter, own, start)
        limiters[key] = limiter
    return limiters


def _served(
    worlds: Sequence[World],
    window: str,
    limit: int,
    rival: float,
    steps: Sequence[tuple[float, int]],
) -> list[Served]:
    """Return the workspaces with limiters of their own; steps begin with the first request."""
    start = Start()
    return [Served(world, _limiters(window, limit, rival, steps, start)) for world in worlds]


class Simulator:
    """A TaskRouter of one's own: an account, its workspaces, real HTTP and a rate limit.

    ``async with Simulator() as simulator:`` serves until the block ends, in the same event loop.
    Equal arguments give an equal world. The switches in ``manners`` may be turned while it runs.

    Args:
        workers: How many workers each workspace has.
        limit: Requests per second for each resource key of each workspace; ``window`` says how they
            are counted. The keys that are documented to have less, ``routes.LOWER_LIMITS``, never
            have more.
        window: The rate limiter's model, a name from ``limits.WINDOWS``.
        seed: What the world is made from.
        latency: Mean seconds from a request's arrival to its answer.
        workspaces: How many workspaces the account has.
        host: The address to listen at; only this machine can reach the default.
        port: The port to listen at; 0 takes a free one.
        headers: Whether successes carry the rate-limit headers.
        headers_on_429: Whether refusals carry them as well.
        retry_after: Seconds for the ``Retry-After`` of refusals; ``None`` leaves it out.
        garbage: Whether the rate-limit headers have nonsense for values.
        rival: The share of every limit that another process asks for, evenly.
        steps: How the limit changes: seconds since the first request, and the limit from then on.
        concurrency: How many requests of the account are served at once; others are refused,
            whatever is left of their budget.
        faults: The share of answers that are spoilt, in one of the ways of ``faults.FAULTS``.
        own_urls: Whether URLs in answers name the simulator's own host instead of Twilio's.
        auth: User name and password to let in, instead of the account and a made-up token.
        clock: Tells what time it is in the workspaces, seconds since 1970; now by default. Limits
            and latency keep to the event loop's time, so this clock may stand still.

    Attributes:
        worlds: What is served, one for each workspace; tests hold replies against them.
        counters: What the server has seen.
        manners: Latency and switches.
        auth: User name and password that are let in.

    Raises:
        InvalidParameter: An argument is outside of what can be simulated.
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
        self.auth = validation.auth(_made_up(self.world) if auth is None else auth)
        self._served = _served(self.worlds, window, limit, rival, steps)
        self.manners = ServerOptions(
            latency=validation.seconds("latency", latency),
            headers=headers,
            headers_on_429=headers_on_429,
            retry_after=validation.seconds_or_none("retry_after", retry_after),
            own_urls=own_urls,
            garbage=garbage,
            concurrency=validation.concurrency(concurrency, _MAX_REQUESTS),
        )
        self._address = validation.address(host), validation.integer("port", port, 0, _MAX_PORT)
        spoilt, now = Faults(validation.share("faults", faults), seed), clock or steady_clock()
        self._server = Server(self._served, self.auth, now, self.manners, spoilt)
        self._verdict = f"workers={workers}, limit={limit}, window={window!r}, seed={seed}"

    def __repr__(self) -> str:
        where = f"at {self.base_url}" if self._listener else "not running"
        several = f", workspaces={len(self.worlds)}" if len(self.worlds) > 1 else ""
        return f"<Simulator({self._verdict}{several}) {where}>"

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            SessionMisuse: It is already running.
            OSError: The port is taken.
        """
        if self._listener is not None:
            raise SessionMisuse("this Simulator is running already; make another one")
        door = Listener(self._server.application(), *self._address)
        await door.open()
        self._listener = door
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening, and end what is still inside."""
        door, self._listener = self._listener, None
        if door is not None:
            await door.close()

    @property
    def base_url(self) -> str:
        """Scheme, host and port that it listens at."""
        if self._listener is None:
            raise SessionMisuse(
                "this Simulator is not running: async with Simulator(...) as simulator"
            )
        host, port = self._listener.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def world(self) -> World:
        """The first of its worlds."""
        return self.worlds[0]

    @property
    def limits(self) -> Mapping[str, Limiter]:
        """The limiter of each resource key of the first workspace."""
        return self._served[0].limits

    @property
    def account_sid(self) -> str:
        """The SID of its account."""
        return self.world.account_sid

    @property
    def workspace_sid(self) -> str:
        """The SID of its first workspace."""
        return self.world.workspace_sid

    @property
    def workspace_sids(self) -> tuple[str, ...]:
        """The SIDs of its workspaces."""
        return tuple(world.workspace_sid for world in self.worlds)

    @property
    def credentials(self) -> Credentials:
        """What it lets in: an account with its token, or an API key with its secret."""
        user, password = self.auth
        if user.startswith("SK"):
            return Credentials.api_key(user, password, self.account_sid)
        return Credentials.auth_token(user, password)

    @property
    def counters(self) -> Counters:
        """What it has seen."""
        return self._server.counters
