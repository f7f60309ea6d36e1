"""``taskrouter-stats simulate``: a TaskRouter of one's own until Ctrl-C."""

import asyncio
from typing import Any

import click

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.simulator import WINDOWS, Simulator

from .exit_codes import COMPLETE
from .fetch.stop import run_until_sigterm

__all__ = ["simulate"]

_HELP = """Serve a simulated TaskRouter on this machine until Ctrl-C.

Real HTTP with Twilio's paging, headers and errors; statistics follow from the seed, the worker
and the time. Prints what another terminal needs to ask it. Its credentials are made up and open
nothing else.

\b
Rate limits (--window), all of --limit L requests a second:
  none            no limit, no headers
  fixed1s         L in each second of the clock
  sliding1s       L in any second
  fixed10s_rate   10 L in each ten seconds; the header tells L
  fixed10s_total  10 L in each ten seconds; the header tells 10 L
  sliding10s      10 L in any ten seconds
  bucket          a bucket of L tokens that gains L a second
  bucket10        a bucket of 10 L tokens that gains L a second

\b
Examples:
  taskrouter-stats simulate --port 8080 --workers 500 --limit 50
  taskrouter-stats simulate --port 0 --window sliding10s --no-headers
  taskrouter-stats simulate --rival 0.6 --step 10 20 --step 30 50
  taskrouter-stats simulate --workspaces 3 --workers 40

\b
Ctrl-C or SIGTERM ends it with exit code 0.
"""


@click.command(help=_HELP)
@click.option("--port", default=8080, show_default=True, help="Where to listen; 0: any free port.")
@click.option("--workers", default=500, show_default=True, help="How many workers each has.")
@click.option("--workspaces", default=1, show_default=True, help="How many Workspaces there are.")
@click.option("--limit", default=50, show_default=True, help="Requests/s by Workspace and key.")
@click.option(
    "--window",
    type=click.Choice(list(WINDOWS)),
    metavar="MODEL",
    default="fixed1s",
    show_default=True,
    help="How the limit is counted; see above.",
)
@click.option("--latency", default=0.02, show_default=True, help="Seconds for each answer.")
@click.option("--seed", default=0, show_default=True, help="Another seed is another workspace.")
@click.option("--no-headers", is_flag=True, help="Never send the rate-limit headers.")
@click.option("--no-headers-on-429", is_flag=True, help="Send them with successes only.")
@click.option("--retry-after", type=float, metavar="SECONDS", help="Send Retry-After with a 429.")
@click.option("--rival", default=0.0, metavar="SHARE", help="Somebody else spends this share.")
@click.option(
    "--step",
    "steps",
    type=(float, int),
    multiple=True,
    metavar="SECONDS LIMIT",
    help="From so many seconds after the first request on, another limit; repeatable.",
)
@click.option("--concurrency", type=int, metavar="N", help="429 above N requests at once.")
@click.option("--faults", default=0.0, metavar="SHARE", help="Spoil this share of the answers.")
@click.option("--garbage", is_flag=True, help="Rate-limit headers that mean nothing.")
def simulate(port: int, no_headers: bool, no_headers_on_429: bool, **options: Any) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code.

    Args:
        port: where to listen.
        no_headers: whether rate-limit headers are never sent.
        no_headers_on_429: whether they are sent with successes only.
        options: what ``Simulator`` calls by the same names.
    """
    simulator = Simulator(
        port=port,
        headers=not no_headers,
        headers_on_429=not (no_headers or no_headers_on_429),
        **options,
    )
    try:
        run_until_sigterm(_serve(simulator, port))
    except KeyboardInterrupt:
        seen = simulator.counters
        click.echo(f"Stopped. {seen.requests:,} requests, {seen.refused:,} refused.", err=True)
    return COMPLETE


async def _serve(simulator: Simulator, port: int) -> None:
    try:
        await simulator.__aenter__()
    except OSError as error:
        raise ConfigError(
            f"--port {port}: {error.strerror or error}; --port 0 takes a free one"
        ) from None
    try:
        click.echo(_told(simulator))
        await asyncio.Event().wait()
    finally:
        await simulator.__aexit__(None, None, None)


def _told(simulator: Simulator) -> str:
    """What another terminal needs, ready to be pasted there."""
    user, password = simulator.auth
    workspaces = " ".join(simulator.workspace_sids)
    pair = '"$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"'
    path = f"/v1/Workspaces/{simulator.workspace_sid}/Workers?PageSize=2"
    return f"""\
Simulated TaskRouter, with made-up credentials
  base URL   {simulator.base_url}
  workspace  {workspaces}

Paste into another terminal:

unset TWILIO_API_KEY TWILIO_API_SECRET
export TASKROUTER_STATS_BASE_URL={simulator.base_url}
export TWILIO_ACCOUNT_SID={user}
export TWILIO_AUTH_TOKEN={password}

taskrouter-stats fetch {workspaces} --last 8h
curl -u {pair} "$TASKROUTER_STATS_BASE_URL{path}"

Ctrl-C ends it."""
