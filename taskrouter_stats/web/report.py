"""One page about the rows of an output, as one file: no script, nothing from elsewhere. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime, tzinfo
from html import escape
from importlib.resources import files
from typing import Final

from taskrouter_stats.etl import measures

from .report_charts import percent, safe, table
from .report_data import TABLES, Coverage, ReportData, Row
from .report_sections import (
    activity_section,
    length,
    occupancy_section,
    outcome_section,
    queue_section,
    worker_section,
)

__all__ = ["report_page"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_FETCH: Final = {
    "worker_statistics": "--tables worker_statistics",
    "worker_activity_durations": "--tables worker_statistics",
    "task_queue_statistics": "--tables task_queue_statistics",
    "task_queue_wait_splits": "--tables task_queue_statistics --split-by-wait-time 20,60",
}
"""The options of ``fetch`` that bring each table."""

_SHOWS: Final = {
    "worker_statistics": "Reservations and Workers",
    "worker_activity_durations": "the Activity mix",
    "task_queue_statistics": "Tasks and waits of TaskQueues",
    "task_queue_wait_splits": "service levels",
}
"""What the page shows of each table."""


def report_page(
    data: ReportData,
    place: str,
    zone: tzinfo,
    *,
    made: datetime,
    busy: Collection[str] = (),
    idle: Collection[str] = (),
) -> str:
    """Return the page as HTML.

    Args:
        data: the sums of the output.
        place: the output's name.
        zone: the zone of hours and times on the page.
        made: when the page is made, aware.
        busy: names or SIDs of the Activities in which Workers handle Tasks, with ``idle``.
        idle: those in which Workers wait for Tasks.
    """
    style = files("taskrouter_stats.web").joinpath("page", "report.css").read_text("utf-8")
    title = f"TaskRouter report: {_span(data.coverage, zone)}"
    sections = "".join(_section(*each) for each in _sections(data, zone, busy, idle))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>TaskRouter report</h1><p>{escape(_span(data.coverage, zone))} "
        f"({safe(zone)})</p>"
        f'<p class="muted">{", ".join(map(safe, data.workspaces))}</p></header>\n<main>\n'
        f"{_tiles(data)}{sections}{_section(*_about(data, place, zone, made))}"
        "</main>\n</body>\n</html>\n"
    )


def _sections(
    data: ReportData, zone: tzinfo, busy: Collection[str], idle: Collection[str]
) -> Iterable[tuple[str, str]]:
    if data.activities:
        if busy and idle:
            yield occupancy_section(data.activities, zone, busy=busy, idle=idle)
        yield activity_section(data.activities, zone)
    if data.workers:
        yield outcome_section(data.workers)
    if data.queues or data.splits:
        yield queue_section(data.queues, data.splits)
    if data.workers:
        yield worker_section(data.workers)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>\n"


def _tiles(data: ReportData) -> str:
    """Return the numbers at the top."""
    tiles: list[tuple[str, str]] = []
    if data.workers:
        accepted = sum(row["reservations_accepted"] for row in data.workers)
        tiles += [
            ("Workers", f"{len({row['worker_sid'] for row in data.workers}):,}"),
            ("Accepted Reservations", f"{accepted:,}"),
            ("Acceptance", percent(measures.acceptance_rate(data.workers))),
        ]
    if data.queues:
        entered = sum(row["tasks_entered"] for row in data.queues)
        tiles += [
            ("Tasks entered TaskQueues", f"{entered:,}"),
            ("Mean wait", length(measures.mean_wait(data.queues))),
        ]
    items = (f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles)
    return f'<dl class="tiles">{"".join(items)}</dl>\n' if tiles else ""


def _about(data: ReportData, place: str, zone: tzinfo, made: datetime) -> tuple[str, str]:
    """Return the title and the body of what the page contains and lacks."""
    text = table(
        "Rows of this report",
        ("Table", "Windows", "From", "To", "Rows", "Not settled", "Left out"),
        (
            (
                f"<code>{each.table}</code>",
                f"{each.windows:,}",
                _time(each.start, zone),
                _time(each.end, zone),
                f"{each.rows:,}",
                f"{each.incomplete:,}",
                f"{each.left_out:,}",
            )
            for each in data.coverage
        ),
    )
    notes = [*_notes(data), *_missing(data)]
    notes.append(f"Made of {safe(place)} at {_time(made, zone)}.")
    return "What this page contains", text + "".join(
        f'<p class="note">{note}</p>' for note in notes
    )


def _notes(data: ReportData) -> Iterable[str]:
    if len(data.zones) > 1:
        yield f"The rows were fetched for several zones: {', '.join(map(safe, data.zones))}."
    if channels := sorted({each.channel for each in data.coverage if each.channel}):
        yield f"Only Tasks of the channel {', '.join(map(safe, channels))} are counted."
    if any(each.incomplete for each in data.coverage):
        yield (
            "Rows that were not settled were fetched soon after their windows ended, and may "
            "change: run the same <code>fetch</code> again."
        )
    parts = (data.workers, data.activities, data.queues, data.splits)
    sums: dict[str, tuple[Row, ...]] = dict(zip(TABLES, parts, strict=True))
    for each in data.coverage:
        if unknown := each.rows - sum(row["rows"] for row in sums[each.table]):
            yield f"{unknown:,} rows of <code>{each.table}</code> lack a number and add to no sum."
    if any(each.left_out for each in data.coverage):
        yield (
            "Rows are left out that would count twice: of other Task channels, and of windows "
            "that overlap shorter ones."
        )


def _missing(data: ReportData) -> Iterable[str]:
    """Yield what to run for each table that the output lacks."""
    known = {each.table for each in data.coverage}
    if "worker_statistics" not in known:
        known.add("worker_activity_durations")  # the same command brings both
    for name in TABLES:
        if name not in known:
            workspace = data.workspaces[0] if len(data.workspaces) == 1 else "WS…"
            command = f"taskrouter-stats fetch {workspace} {_FETCH[name]} --every 1h --last 7d"
            yield (
                f"There are no rows of <code>{name}</code>, for {_SHOWS[name]}. Fetch them: "
                f"<code>{escape(command)} --output …</code>"
            )


def _span(coverage: Iterable[Coverage], zone: tzinfo) -> str:
    parts = list(coverage)
    start, end = min(each.start for each in parts), max(each.end for each in parts)
    return f"{_time(start, zone)} to {_time(end, zone)}"


def _time(time: datetime, zone: tzinfo) -> str:
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M")
