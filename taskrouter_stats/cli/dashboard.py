"""``taskrouter-stats dashboard``: serve a live page of a workspace until Ctrl-C."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import click
from attrs import field, frozen

from taskrouter_stats import RetryPolicy, SessionOptions, TaskRouterSession, Window, queries
from taskrouter_stats.errors import Forbidden, RateLimited, ServerError, TransportError
from taskrouter_stats.models import check_sid
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Dashboard

from .exit_codes import COMPLETE
from .fetch.stop import run_until_sigterm
from .options.session import ENVIRONMENT_HELP, session_options
from .options.shared import shared_option
from .options.windows import read_last

__all__ = ["dashboard"]

_RETRY = RetryPolicy(attempts=2, max_elapsed=10.0)
"""An error is shown soon, and the next refresh tries again anyway."""
_DEMO_WORKERS = 400

_HELP = f"""Serve a live page of one WORKSPACE (WS…) until Ctrl-C.

The page shows the workers by activity and the time that they have spent in it, the tasks that wait
in each queue and the age of the oldest, reservations and acceptance over --last, and the rate
limits. All browsers share one refresh; without a browser, nothing is fetched. A refresh sends one
request for every 1,000 workers, one for every 50 queues, and one for the workspace.

Only this machine can open the page, unless --host says otherwise. Then a token is required: the
page asks for it. Put it into TASKROUTER_STATS_DASHBOARD_TOKEN, because other users of this machine
can see arguments. The page is served over plain http: across networks, put a proxy with TLS before
it. The address may contain the token: http://HOST:PORT/#token=…

\b
Examples:
  taskrouter-stats dashboard --demo
  taskrouter-stats dashboard WS… --last 8h
  export TASKROUTER_STATS_DASHBOARD_TOKEN=$(openssl rand -hex 16)
  taskrouter-stats dashboard WS… --host 0.0.0.0 --port 8050

{ENVIRONMENT_HELP}

Ctrl-C or SIGTERM ends the dashboard with exit code 0.
"""


@frozen
class _Place:
    """Where and how the page is served."""

    host: str
    port: int
    token: str | None = field(repr=False)
    last: Window
    refresh: float


@click.command(help=_HELP)
@click.argument("workspace", required=False)
@click.option("--demo", is_flag=True, help="Show a simulated contact centre; needs no account.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", default=8050, show_default=True, help="Port to listen at; 0: any free port."
)
@click.option(
    "--token",
    envvar="TASKROUTER_STATS_DASHBOARD_TOKEN",
    metavar="TEXT",
    help="What a browser must know: 16 characters or more.",
)
@click.option(
    "--last",
    default="1h",
    show_default=True,
    metavar="SPAN",
    help="Of reservations and tasks: 90m, 8h or 2d back from now.",
)
@click.option(
    "--refresh", default=5.0, show_default=True, metavar="SECONDS", help="Between two refreshes."
)
@session_options(max_in_flight=20)
@shared_option
def dashboard(
    workspace: str | None,
    demo: bool,
    host: str,
    port: int,
    token: str | None,
    last: str,
    refresh: float,
    options: SessionOptions,
) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    if demo == (workspace is not None):
        raise click.UsageError("Give the SID of one WORKSPACE, or --demo.")
    if workspace is not None:
        check_sid("WORKSPACE", workspace, "WS")
    place = _Place(host, port, masked(token or None), read_last(last), refresh)
    try:
        run_until_sigterm(_serve(workspace, place, options))
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    return COMPLETE


async def _serve(workspace: str | None, place: _Place, options: SessionOptions) -> None:
    async with _source(workspace, options) as (session, workspace_sid):
        page = Dashboard(
            session, workspace_sid, window=place.last, refresh=place.refresh, token=place.token
        )
        async with page.serve(place.host, place.port) as url:
            if workspace is not None:
                await _check(session, workspace)
            click.echo(f"Dashboard of {workspace_sid}: {url}\nCtrl-C ends it.")
            await asyncio.Event().wait()


@asynccontextmanager
async def _source(
    workspace: str | None, options: SessionOptions
) -> AsyncGenerator[tuple[TaskRouterSession, str]]:
    """Yield a session and the SID of the workspace: the account's, or a simulator's."""
    if workspace is not None:
        quick: SessionOptions = {**options, "retry": _RETRY}
        async with TaskRouterSession.from_env(**quick) as session:
            yield session, workspace
        return
    async with (
        Simulator(workers=_DEMO_WORKERS) as simulator,
        TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
    ):
        yield session, simulator.workspace_sid


async def _check(session: TaskRouterSession, workspace: str) -> None:
    """Raise at the start for wrong credentials or an unknown workspace, not in the browser.

    A server that is down now may be back soon, and a key may lack the permission to read the
    workspace itself: the page shows such errors.
    """
    try:
        await session.fetch(queries.workspace(workspace))
    except (TransportError, Forbidden, ServerError, RateLimited):
        return
