"""The values of rows: plain Python types, SIDs in lower case, zones without paths."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from taskrouter_stats.core.local_time import find_zone
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.models import to_dict
from taskrouter_stats.models.record import Record
from taskrouter_stats.models.sids import sid_of

__all__ = [
    "Row",
    "Tables",
    "measures",
    "plain_sids",
    "plain_time",
    "plain_value",
    "unknown_keys",
    "zone_name",
]

Row = dict[str, Any]
Tables = dict[str, list[Row]]
"""Rows by the name of their table."""

_COLUMNS: Final = {
    table: tuple(
        (name, *name.rsplit("_", 1)) if name.startswith("wait_duration") else (name, name, "")
        for name in schema.names
    )
    for table, schema in SCHEMAS.items()
}
"""Columns of each table: the name, the record's field, and the part of a duration or an empty
text."""

_SIDS: Final = {
    table: tuple(name for name in schema.names if "_sid" in name or name == "task_channel")
    for table, schema in SCHEMAS.items()
}
"""Columns of each table that may hold a SID."""

_AROUND_NAME: Final = re.compile(r"^.*(zoneinfo/|\(')|'\)$")
"""What dateutil writes around a zone's name: ``tzfile('/usr/share/zoneinfo/Europe/Dublin')``."""


def plain_sids(tables: Tables) -> Tables:
    """Write the SIDs of these rows in lower case, so that two spellings of one SID are one key."""
    for table, found in tables.items():
        for row in found:
            for name in _SIDS[table]:
                if isinstance(row.get(name), str):
                    row[name] = sid_of(row[name])
    return tables


def plain_time(time: datetime | None) -> datetime | None:
    """Return the same time as a plain ``datetime``, since no format writes a subclass."""
    if time is None or type(time) is datetime:
        return time
    parts = time.year, time.month, time.day, time.hour, time.minute, time.second
    return datetime(*parts, time.microsecond, tzinfo=time.tzinfo, fold=time.fold)


def zone_name(tz: tzinfo, at: datetime | None) -> str:
    """Return a zone's IANA name, or else its offset at that time, such as ``UTC-05:00``.

    The text of a zone may hold a path of this machine, as dateutil's zones do.

    Args:
        tz: the zone.
        at: the time whose offset counts, aware; None for now.
    """
    name = _AROUND_NAME.sub("", str(tz))
    if find_zone(name) is not None:
        return name
    local = (at or datetime.now(UTC)).astimezone(tz)
    return str(timezone(local.utcoffset() or timedelta(0)))


def measures(table: str, part: Any, known: Row) -> Row:
    """Return a row of a table.

    Args:
        table: a name from ``SCHEMAS``.
        part: the record that holds the measures.
        known: the columns whose values are known; they win over the record's.
    """
    row: Row = {}
    for name, field, ending in _COLUMNS[table]:
        if name in known:
            row[name] = known[name]
        elif not ending:
            row[name] = plain_value(getattr(part, name, None))
        else:
            duration = getattr(part, field, None)
            row[name] = None if duration is None else getattr(duration, ending)
    return row


def plain_value(value: object) -> Any:
    """Return a value of a ``json`` column in JSON's types."""
    if isinstance(value, Record):
        return to_dict(value)
    parts: Any = value
    if type(value) is tuple:
        return [plain_value(part) for part in parts]
    if type(value) is dict:
        return {str(key): plain_value(part) for key, part in parts.items()}
    return value


def unknown_keys(value: Any, **parts: Any) -> Row | None:
    """Return the keys that no model knows, those of a part below its name; None without any."""
    extra = dict(value.extra)
    for name, part in parts.items():
        if part is not None and part.extra:
            extra[name] = dict(part.extra)
    return extra or None
