"""``taskrouter-stats report``: one HTML page about the rows of an output."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path

import click

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.measures import zone_of
from taskrouter_stats.etl.output.storage import Folder, shown_uri
from taskrouter_stats.etl.reading import ParquetReader
from taskrouter_stats.web.report import report_page
from taskrouter_stats.web.report_data import ReportData, read_report

from .exit_codes import COMPLETE, EXIT_CODES_HELP
from .options.windows import read_zone

__all__ = ["report"]

_HELP = f"""Write one HTML page about the rows of PLACE.

PLACE is a folder of Parquet: the value of --output. The page shows the Activity mix by hour, what
happened to Reservations, waits and service levels of TaskQueues, and the Workers that stand out. It
is one file without scripts, and can be sent or printed. Windows of an hour or less give hours of
the day; longer ones give days. --busy and --idle add occupancy: busy time among busy and idle time.

\b
Example:
  taskrouter-stats fetch WS… --last 7d --every 1h --output lake/ \\
    --tables worker_statistics,task_queue_statistics --split-by-wait-time 20
  taskrouter-stats report lake/ --html report.html

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("place")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page; an older one is replaced.",
)
@click.option(
    "--tz",
    metavar="ZONE",
    help="IANA name, such as Europe/Dublin or UTC.  [default: the rows' zone]",
)
@click.option(
    "--busy", metavar="NAME", multiple=True, help="An Activity that is busy time. Repeatable."
)
@click.option(
    "--idle", metavar="NAME", multiple=True, help="An Activity that is idle time. Repeatable."
)
def report(
    place: str, page: Path, tz: str | None, busy: tuple[str, ...], idle: tuple[str, ...]
) -> int:
    """Write the page, print its name, and return the exit code."""
    if bool(busy) != bool(idle):
        raise ConfigError("occupancy requires both --busy and --idle: names of Activities")
    zone = None if tz is None else read_zone(tz)  # before anything is read
    reader = ParquetReader.at(place)
    name = reader.storage.place
    data = read_report(reader, name)
    _check_activities(data, (*busy, *idle))
    text = report_page(
        data,
        shown_uri(place),
        zone or _zone_of_rows(data),
        made=datetime.now(UTC),
        busy=busy,
        idle=idle,
    )
    path = page.absolute()
    Folder(path.parent).put(path.name, text.encode(errors="replace"))
    click.echo(f"{page}: a report of {sum(each.rows for each in data.coverage):,} rows.")
    return COMPLETE


def _zone_of_rows(data: ReportData) -> tzinfo:
    """Return the zone of most rows; UTC if they have none."""
    name = data.zones[0] if data.zones else "UTC"
    try:
        return zone_of(name)
    except ValueError:
        raise ConfigError(
            f"this machine does not know the rows' zone {name!r}: give --tz"
        ) from None


def _check_activities(data: ReportData, named: tuple[str, ...]) -> None:
    """Raise ``ConfigError`` for a name that no row has: its time would be 0 without a word."""
    names = {row["activity_name"] for row in data.activities} - {None}
    known = {
        text.casefold() for text in names | {row["activity_sid"] or "" for row in data.activities}
    }
    for name in named:
        if name.casefold() not in known:
            right = ", ".join(sorted(names)) or "rows of worker_activity_durations"
            raise ConfigError(f"{name!r} is not an Activity of these rows: expected {right}")
