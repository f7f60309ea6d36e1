"""``taskrouter-stats simulate``: serve a simulated TaskRouter until Ctrl-C."""

import asyncio
from typing import Any

import click

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.simulator import WINDOWS, Simulator

from .exit_codes import COMPLETE
from .fetch.stop import run_until_sigterm

__all__ = ["simulate"]

_HELP = """Serve a simulated TaskRouter on this machine until Ctrl-C.

Serves real HTTP with Twilio's paging, headers and errors. The seed, the worker and the time
determine the statistics. Prints the commands that let another terminal send requests to it. Its
credentials are invented and give access to nothing else.

\b
Rate limits (--window), where --limit is L requests per second:
  none            no limit, no headers
  fixed1s         L in each second of the clock
  sliding1s       L in any second
  fixed10s_rate   10 L in each 10 seconds; the header says L
  fixed10s_total  10 L in each 10 seconds; the header says 10 L
  sliding10s      10 L in any 10 seconds
  bucket          a bucket of L tokens, refilled with L per second
  bucket10        a bucket of 10 L tokens, refilled with L per second

\b
Examples:
  taskrouter-stats simulate --port 8080 --workers 500 --limit 50
  taskrouter-stats simulate --port 0 --window sliding10s --no-headers
  taskrouter-stats simulate --rival 0.6 --step 10 20 --step 30 50
  taskrouter-stats simulate --workspaces 3 --workers 40

\b
Ctrl-C or SIGTERM ends the simulator with exit code 0.
"""


@click.command(help=_HELP)
@click.option(
    "--port", default=8080, show_default=True, help="Port to listen on; 0: any free port."
)
@click.option("--workers", default=500, show_default=True, help="Workers per workspace.")
@click.option("--workspaces", default=1, show_default=True, help="Number of workspaces.")
@click.option(
    "--limit", default=50, show_default=True, help="Requests/s per workspace and resource."
)
@click.option(
    "--window",
    type=click.Choice(list(WINDOWS)),
    metavar="MODEL",
    default="fixed1s",
    show_default=True,
    help="How the limit is counted; see above.",
)
@click.option("--latency", default=0.02, show_default=True, help="Seconds per answer.")
@click.option("--seed", default=0, show_default=True, help="Each seed gives another workspace.")
@click.option("--no-headers", is_flag=True, help="Never send the rate-limit headers.")
@click.option("--no-headers-on-429", is_flag=True, help="Send them with successes only.")
@click.option("--retry-after", type=float, metavar="SECONDS", help="Send Retry-After with a 429.")
@click.option(
    "--rival",
    default=0.0,
    metavar="SHARE",
    help="Another client uses this share (0 to 1) of the limit.",
)
@click.option(
    "--step",
    "steps",
    type=(float, int),
    multiple=True,
    metavar="SECONDS LIMIT",
    help="Change the limit so many seconds after the first request; repeatable.",
)
@click.option(
    "--concurrency", type=int, metavar="N", help="Answer 429 above N simultaneous requests."
)
@click.option(
    "--faults", default=0.0, metavar="SHARE", help="Make this share (0 to 1) of the answers faulty."
)
@click.option("--garbage", is_flag=True, help="Send meaningless rate-limit headers.")
def simulate(port: int, no_headers: bool, no_headers_on_429: bool, **options: Any) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code.

    Args:
        port: the port to listen on.
        no_headers: whether to send no rate-limit headers at all.
        no_headers_on_429: whether to send them with successes only.
        options: arguments of ``Simulator`` with the same names.
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
        counters = simulator.counters
        text = f"Stopped. {counters.requests:,} requests, {counters.refused:,} refused."
        click.echo(text, err=True)
    return COMPLETE


async def _serve(simulator: Simulator, port: int) -> None:
    try:
        await simulator.__aenter__()
    except OSError as error:
        raise ConfigError(
            f"--port {port}: {error.strerror or error}; --port 0 selects a free port"
        ) from None
    try:
        click.echo(_instructions(simulator))
        await asyncio.Event().wait()
    finally:
        await simulator.__aexit__(None, None, None)


def _instructions(simulator: Simulator) -> str:
    """Return the commands that let another terminal send requests to the simulator."""
    user, password = simulator.auth
    workspaces = " ".join(simulator.workspace_sids)
    pair = '"$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"'
    path = f"/v1/Workspaces/{simulator.workspace_sid}/Workers?PageSize=2"
    return f"""\
Simulated TaskRouter, with invented credentials
  base URL   {simulator.base_url}
  workspace  {workspaces}

Paste into another terminal:

unset TWILIO_API_KEY TWILIO_API_SECRET
export TASKROUTER_STATS_BASE_URL={simulator.base_url}
export TWILIO_ACCOUNT_SID={user}
export TWILIO_AUTH_TOKEN={password}

taskrouter-stats fetch {workspaces} --last 8h
curl -u {pair} "$TASKROUTER_STATS_BASE_URL{path}"

Ctrl-C ends the simulator."""
