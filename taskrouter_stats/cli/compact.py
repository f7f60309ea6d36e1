"""``taskrouter-stats compact``: leaves each key once in an output."""

import click

from taskrouter_stats import etl

from .exit_codes import COMPLETE, EXIT_CODES_HELP

__all__ = ["compact"]

_HELP = f"""Remove the rows of PLACE that a later answer has replaced.

A window that had not settled is fetched again by the next run. JSON Lines and CSV then hold
several rows with the same key, of which the one with the latest fetched_at is right: this leaves
only that one. In a folder of Parquet it makes one part of each day's parts. PLACE is what --output
was. A kill at any moment loses nothing.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("place")
def compact(place: str) -> int:
    """Compact the output and tell how many rows went; return the exit code."""
    found = etl.compact(place)
    rows = "row" if found.removed == 1 else "rows"
    click.echo(f"{found.place}: {found.removed:,} {rows} removed that a later answer had replaced.")
    return COMPLETE
