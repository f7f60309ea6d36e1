"""``taskrouter-stats compact``: keep one row per key in an output."""

import click

from taskrouter_stats import etl

from .exit_codes import COMPLETE, EXIT_CODES_HELP

__all__ = ["compact"]

_HELP = f"""Remove the rows of PLACE that a later answer replaced.

The next run fetches a window again if it had not settled. JSON Lines and CSV files then hold
several rows with the same key, and the row with the latest fetched_at is valid. This command keeps
that row only. In a Parquet folder it merges the parts of each day into one. PLACE is the value of
--output. If the process is killed, no row is lost.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("place")
def compact(place: str) -> int:
    """Compact the output, print how many rows were removed, and return the exit code."""
    compacted = etl.compact(place)
    rows = "row" if compacted.removed == 1 else "rows"
    click.echo(
        f"{compacted.place}: removed {compacted.removed:,} {rows} that a later answer replaced."
    )
    return COMPLETE
