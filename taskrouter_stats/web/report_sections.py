"""The parts of a report: what Workers did by hour, Reservations, TaskQueues, Workers. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from taskrouter_stats.etl import measures

from .report_charts import Series, bar, columns, percent, safe, stack, table
from .report_data import OUTCOMES, Row

__all__ = [
    "activity_section",
    "latest_names",
    "length",
    "occupancy_section",
    "outcome_section",
    "queue_section",
    "worker_section",
]

_COLORS: Final = ("a", "b", "c", "d", "e")
"""Colors of the Activities with the most time; the others share one color."""

_OTHER: Final = "other"
_OUTCOME_COLORS: Final = dict(zip(OUTCOMES, ("b", "d", "c", "e", "a"), strict=True))
_SHOWN: Final = 10
"""Workers in each list."""

_ENOUGH: Final = 10
"""Reservations that a Worker must have decided to be among the lowest acceptance rates."""

_HOUR: Final = timedelta(hours=1)
_MAX_LABELS: Final = 8

By = dict[str, dict[str, float]]


def length(seconds: float | None) -> str:
    """Return a duration as text, such as ``2 h 05 min``, ``3 min 20 s`` or ``4.2 s``."""
    if seconds is None:
        return "—"
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def latest_names(rows: Iterable[Row], sid: str, name: str) -> dict[str, list[Row]]:
    """Return rows by SID; each gets the latest name of its SID, or the SID if it has none."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["window_start"]):
        found[row[sid] or ""].append(row)
    return {
        key: [{**row, name: each[-1][name] or key or "unknown"} for row in each]
        for key, each in found.items()
    }


def _slots(rows: Iterable[Row], zone: tzinfo) -> tuple[str, list[str], dict[str, list[Row]]]:
    """Return rows by hour of the day, or by day if windows are longer than an hour.

    Returns:
        ``"hour"`` or ``"day"``, all labels in order, and the rows by label.
    """
    rows = list(rows)
    short = [row for row in rows if row["window_end"] - row["window_start"] <= _HOUR]
    found: dict[str, list[Row]] = defaultdict(list)
    form = "%H:00" if short else "%Y-%m-%d"
    for row in short or rows:
        start: datetime = row["window_start"]
        found[start.astimezone(zone).strftime(form)].append(row)
    if short:
        return "hour", [f"{hour:02}:00" for hour in range(24)], found
    return "day", sorted(found), found


def _thinned(labels: list[str]) -> list[str]:
    """Return the labels with as many as fit; the others are empty."""
    step = -(-len(labels) // _MAX_LABELS)
    return [label if number % step == 0 else "" for number, label in enumerate(labels)]


def activity_section(rows: Iterable[Row], zone: tzinfo) -> tuple[str, str]:
    """Return the title and the body of the Activity mix."""
    rows = [_with_label(row) for row in rows]
    unit, labels, found = _slots(rows, zone)
    total = _seconds(rows)
    names = sorted(total, key=lambda name: (-total[name], name))
    colors = dict(zip(names, _COLORS, strict=False))
    by = {label: _seconds(found.get(label, ())) for label in labels}
    shown = list(colors)
    series = [_series(name, colors[name], labels, by, {name}) for name in shown]
    if rest := set(names) - set(shown):
        series.append(_series(f"{len(rest)} others", _OTHER, labels, by, rest))
    whole = sum(total.values())
    body = columns(f"Share of each Activity by {unit}", _thinned(labels), series)
    if sum(map(len, found.values())) < len(rows):
        body += '<p class="note">Windows longer than an hour are in the table only.</p>'
    body += table(
        "Time in each Activity",
        ("Activity", "Time of all Workers", "Share"),
        (
            (
                f'<i class="{colors.get(name, _OTHER)}"></i>{safe(name)}',
                length(total[name]),
                percent(total[name] / whole if whole else None),
            )
            for name in names
        ),
    )
    return f"Activity mix by {unit}", body


def _with_label(row: Row) -> Row:
    return {**row, "label": row["activity_name"] or row["activity_sid"] or "unknown"}


def _seconds(rows: Iterable[Row]) -> dict[str, float]:
    """Return the seconds by Activity."""
    found: dict[str, float] = defaultdict(float)
    for row in rows:
        found[row["label"]] += max(row["total"], 0.0)
    return found


def _series(name: str, color: str, labels: list[str], by: By, names: Collection[str]) -> Series:
    seconds = [sum(by[label].get(each, 0.0) for each in names) for label in labels]
    whole = [sum(by[label].values()) for label in labels]
    shares = [part / all_ if all_ else None for part, all_ in zip(seconds, whole, strict=True)]
    notes = [
        f"{label} {name}: {percent(share)} ({length(part)})"
        for label, share, part in zip(labels, shares, seconds, strict=True)
    ]
    return Series(name, color, shares, notes)


def occupancy_section(
    rows: Iterable[Row], zone: tzinfo, *, busy: Collection[str], idle: Collection[str]
) -> tuple[str, str]:
    """Return the title and the body of the occupancy: busy time among busy and idle time."""
    rows = list(rows)
    unit, labels, found = _slots(rows, zone)
    shares = [measures.occupancy(found.get(each, ()), busy=busy, idle=idle) for each in labels]
    notes = [f"{label}: {percent(share)}" for label, share in zip(labels, shares, strict=True)]
    chart = columns(
        f"Occupancy by {unit}", _thinned(labels), [Series("Occupancy", "a", shares, notes)]
    )
    whole = measures.occupancy(rows, busy=busy, idle=idle)
    names = [", ".join(map(safe, sorted(each))) for each in (busy, idle)]
    note = f"{percent(whole)} of all busy ({names[0]}) and idle ({names[1]}) time was busy."
    return f"Occupancy by {unit}", f'<p class="note">{note}</p>{chart}'


def outcome_section(rows: Iterable[Row]) -> tuple[str, str]:
    """Return the title and the body of what happened to Reservations."""
    rows = list(rows)
    count = {name: sum(row[f"reservations_{name}"] for row in rows) for name in OUTCOMES}
    created = sum(row["reservations_created"] for row in rows)
    whole = sum(count.values())
    shares = {name: count[name] / whole if whole else None for name in OUTCOMES}
    words = {name: name.replace("_", " ") for name in OUTCOMES}
    body = (
        stack(
            "Outcomes of Reservations",
            ((words[name], _OUTCOME_COLORS[name], shares[name] or 0.0) for name in OUTCOMES),
        )
        + table(
            "Outcomes of Reservations",
            ("Outcome", "Reservations", "Share"),
            (
                (
                    f'<i class="{_OUTCOME_COLORS[name]}"></i>{words[name]}',
                    f"{count[name]:,}",
                    percent(shares[name]),
                )
                for name in OUTCOMES
            ),
        )
        + f'<p class="note">{created:,} Reservations were created in these windows. One that was '
        "created in a window may end in a later one.</p>"
    )
    return "Reservations", body


def queue_section(queues: Iterable[Row], splits: Iterable[Row]) -> tuple[str, str]:
    """Return the title and the body of TaskQueues: Tasks, waits and service levels."""
    by_queue = latest_names(queues, "task_queue_sid", "task_queue_name")
    split = latest_names(splits, "task_queue_sid", "task_queue_name")
    seconds = sorted({row["threshold"] for rows in split.values() for row in rows})
    heads = ["TaskQueue", "Tasks entered", "Accepted", "Canceled", "Mean wait", "Longest wait"]
    heads = heads if by_queue else heads[:1]
    body: list[tuple[int, str, list[str]]] = []
    for sid in {**by_queue, **split}:
        rows, splits_of = by_queue.get(sid, []), split.get(sid, [])
        name = (rows or splits_of)[-1]["task_queue_name"]
        cells = [safe(name), *(_queue_cells(rows) if by_queue else ())]
        for threshold in seconds:
            found = [row for row in splits_of if row["threshold"] == threshold]
            share = measures.service_level(found, threshold)
            cells.append(f"{bar(share, 'b')}{percent(share)}")
        busy = sum(row["tasks_entered"] for row in rows)
        body.append((-busy, name.casefold(), cells))
    body.sort(key=lambda each: each[:2])
    heads += [f"Within {threshold} s" for threshold in seconds]
    text = table("TaskQueues", heads, (cells for _, _, cells in body))
    if seconds:
        text += (
            '<p class="note">Within: accepted in time ÷ (all accepted + canceled later). Tasks '
            "that were canceled in time are in neither.</p>"
        )
    return "TaskQueues", text


def _queue_cells(rows: list[Row]) -> list[str]:
    if not rows:
        return ["—"] * 5
    counts = ("tasks_entered", "reservations_accepted", "tasks_canceled")
    longest = max(row["wait_duration_until_accepted_max"] for row in rows)
    return [
        *(f"{sum(row[name] for row in rows):,}" for name in counts),
        length(measures.mean_wait(rows)),
        length(longest),
    ]


def worker_section(rows: Iterable[Row]) -> tuple[str, str]:
    """Return the title and the body of the Workers that stand out."""
    workers = [_merged(each) for each in latest_names(rows, "worker_sid", "worker_name").values()]
    top = sorted(workers, key=lambda worker: (-worker["accepted"], worker["name"]))[:_SHOWN]
    enough = [worker for worker in workers if worker["decided"] >= _ENOUGH]
    low = sorted(enough, key=lambda worker: (worker["rate"], worker["name"]))[:_SHOWN]
    most = _list("Most accepted Reservations", top)
    least = (
        _list("Lowest acceptance", low)
        if low
        else f'<h3>Lowest acceptance</h3><p class="note">No Worker decided {_ENOUGH}.</p>'
    )
    note = (
        f'<p class="note">Acceptance: accepted ÷ (accepted + rejected + timed out). The lowest are '
        f"among Workers that decided {_ENOUGH} Reservations or more.</p>"
    )
    return f"{len(workers):,} Workers", f'<div class="pair">{most}{least}</div>{note}'


def _merged(rows: list[Row]) -> Mapping[str, Any]:
    """Return a Worker's counts under all its names."""
    accepted = sum(row["reservations_accepted"] for row in rows)
    missed = sum(row["reservations_rejected"] + row["reservations_timed_out"] for row in rows)
    rate = measures.acceptance_rate(rows)
    name = rows[-1]["worker_name"]
    return {"name": name, "accepted": accepted, "decided": accepted + missed, "rate": rate}


def _list(title: str, workers: Iterable[Mapping[str, Any]]) -> str:
    rows = (
        (
            safe(worker["name"]),
            f"{worker['accepted']:,}",
            f"{bar(worker['rate'], 'b')}{percent(worker['rate'])}",
        )
        for worker in workers
    )
    return f"<div><h3>{title}</h3>{table(title, ('Worker', 'Accepted', 'Acceptance'), rows)}</div>"
