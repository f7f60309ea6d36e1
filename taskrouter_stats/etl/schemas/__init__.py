"""The schemas of the tables: fixed, versioned, never inferred from data.

A new version only appends columns. Counts are ``int64``, durations are seconds as ``float64``,
times are ``timestamp[us, UTC]``, SIDs and names are text. Every measure may be null: Twilio's
API description calls them nullable, and its examples omit some. ``json`` columns hold JSON as
text: values without a fixed shape, and in ``extra`` the keys that no model knows.

Statistics tables hold two times: ``window_start`` and ``window_end`` are the requested window,
``start_time`` and ``end_time`` the window of the server's answer. ``day`` is the local date in
``tz`` on which the window begins; ``tz`` is the zone's IANA name, or its offset at that time.
``complete`` is false for a window that had not settled when it was fetched; a later run fetches it
again. In Parquet the later row replaces the older one. JSON Lines and CSV files hold both until
``etl.compact(…)`` runs: of rows with the same key, the one with the latest ``fetched_at`` is right.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .column import Column, Kind, Schema
from .real_time import REAL_TIME
from .snapshots import SNAPSHOTS
from .statistics import STATISTICS
from .workers import WORKERS

__all__ = ["EXPORTED", "POLLED", "SCHEMAS", "Column", "Kind", "Schema"]

SCHEMAS: Final[Mapping[str, Schema]] = MappingProxyType(
    {schema.name: schema for schema in (*WORKERS, *SNAPSHOTS, *STATISTICS, *REAL_TIME)}
)
"""Every table by its name."""

EXPORTED: Final = tuple(schema.name for schema in (*WORKERS, *STATISTICS))
"""The tables of cumulative statistics, which an export can fetch alone, with ``table=``."""

POLLED: Final = tuple(schema.name for schema in REAL_TIME)
"""The tables that only a poll writes."""
