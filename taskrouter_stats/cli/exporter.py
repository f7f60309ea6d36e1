"""``taskrouter-stats exporter``: a Prometheus exporter until stopped."""

import asyncio
from collections.abc import Sequence
from typing import Any

import click

from taskrouter_stats import SessionOptions, TaskRouterSession, Window
from taskrouter_stats.observe import PrometheusHook
from taskrouter_stats.web import Exporter
from taskrouter_stats.web.measures import prometheus
from taskrouter_stats.web.serving import serving

from .exit_codes import COMPLETE
from .fetch.stop import run_until_sigterm
from .options.session import ENVIRONMENT_HELP, session_options
from .options.shared import shared_option

__all__ = ["exporter"]

_HELP = f"""Serve statistics of the WORKSPACES (WS…) to Prometheus until stopped.

/metrics shows all of them and the exporter's own metrics, /probe?target=WS… one workspace. A scrape
fetches, and many scrapers within --ttl seconds cost one fetch. taskrouter_up is 0 if something did
not come in time. Cumulative statistics are sums over a sliding window (--window): gauges.

{ENVIRONMENT_HELP}

\b
Examples:
  taskrouter-stats exporter WS…
  taskrouter-stats exporter WS… --by team --window 60 --port 9816

Ctrl-C or SIGTERM ends it with exit code 0.
"""


@click.command(help=_HELP)
@click.argument("workspaces", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9816, show_default=True, help="Port; 0: any free port.")
@click.option(
    "--ttl", type=click.FloatRange(0), default=15.0, show_default=True, help="Seconds of the cache."
)
@click.option(
    "--window", "minutes", type=int, default=15, show_default=True, help="Minutes of the sums."
)
@click.option("--by", "attribute", metavar="NAME", help="Also count workers by this attribute.")
@session_options(max_in_flight=20, headroom=0.2)
@shared_option
def exporter(
    workspaces: Sequence[str],
    host: str,
    port: int,
    ttl: float,
    minutes: int,
    attribute: str | None,
    options: SessionOptions,
) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    registry: Any = prometheus().CollectorRegistry()
    options["hooks"] = [PrometheusHook(registry)]
    session = TaskRouterSession.from_env(**options)
    served = Exporter(
        session,
        workspaces,
        ttl=ttl,
        window=Window.last(minutes=minutes),
        attribute=attribute,
        registry=registry,
    )
    try:
        run_until_sigterm(_serve(session, served, host, port))
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    return COMPLETE


async def _serve(session: TaskRouterSession, served: Exporter, host: str, port: int) -> None:
    async with session, serving(served.app(), host, port) as url:
        click.echo(f"Serving {url}metrics; Ctrl-C ends it.")
        await asyncio.Event().wait()
