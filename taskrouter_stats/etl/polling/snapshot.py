"""One snapshot: the rows of one beat, and how it went."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from attrs import define, field

from taskrouter_stats.etl.failed_query import reason_of
from taskrouter_stats.etl.rows import Row, Tables, snapshot_columns
from taskrouter_stats.etl.schemas import SCHEMAS

__all__ = ["Snapshot"]

_MAX_PROBLEMS: Final = 5
"""Problems of one table that are named; the others are counted."""


@define(eq=False)
class Snapshot:
    """The rows of one beat.

    Attributes:
        workspace_sid: the Workspace (WS…), in lower case.
        time: when the snapshot began, by this machine's clock, aware: the ``snapshot_time`` of
            every row.
        tz: the zone of ``day``.
        every: seconds from one beat to the next.
        beat: the number of the beat since the poll started, >= 0.
        late: seconds from the beat's time to the snapshot's begin, >= 0.
        skipped: beats that were skipped just before this one.
        clock_jump: seconds by which this machine's time of day moved against its monotonic clock
            since the last snapshot; 0 if less than a second.
        took: seconds until the last answer arrived.
        account_sid: the account (AC…), once an answer of the poll named it.
        requests: requests sent, those answered with a 429 included.
        refused: replies with status 429.
        errors: the errors of queries and lists that failed.
        tables: the rows by table.
        problems: what is missing, by table.
    """

    workspace_sid: str
    time: datetime
    tz: tzinfo
    every: float
    beat: int = 0
    late: float = 0.0
    skipped: int = 0
    clock_jump: float = 0.0
    took: float = 0.0
    account_sid: str | None = None
    requests: int = 0
    refused: int = 0
    errors: list[Exception] = field(factory=list[Exception])
    tables: Tables = field(factory=Tables)
    problems: dict[str, list[str]] = field(factory=dict[str, list[str]])
    _more: dict[str, int] = field(factory=dict[str, int], init=False)
    _keys: set[tuple[str, ...]] = field(factory=set[tuple[str, ...]], init=False)

    @property
    def complete(self) -> bool:
        """Whether every table of the poll has all of its rows."""
        return not self.problems

    @property
    def rows(self) -> dict[str, int]:
        """The number of rows by table."""
        return {table: len(found) for table, found in sorted(self.tables.items()) if found}

    @property
    def reasons(self) -> dict[str, str]:
        """Why the snapshot is not complete, by table."""
        return {
            table: "; ".join(found)
            + (f"; {more:,} more" if (more := self._more.get(table)) else "")
            for table, found in sorted(self.problems.items())
        }

    def add(self, tables: Tables) -> None:
        """Add rows; a row whose key was added before is left out, and becomes a problem."""
        for table, rows in tables.items():
            columns, kept = SCHEMAS[table].key, self.tables.setdefault(table, [])
            for row in rows:
                key = (table, *(str(row[name]) for name in columns))
                if key in self._keys:
                    self.report(table, f"the server answered twice for {_name_of(row, columns)}")
                    continue
                self._keys.add(key)
                kept.append(row)
                self.account_sid = self.account_sid or row["account_sid"]

    def name_account(self) -> None:
        """Write the account into the rows of answers that do not name it."""
        for row in (row for rows in self.tables.values() for row in rows):
            row["account_sid"] = row["account_sid"] or self.account_sid

    def fail(self, table: str, error: Exception, what: str = "") -> None:
        """Record the error of a query or list."""
        self.errors.append(error)
        self.report(table, f"{what}{type(error).__name__}: {reason_of(error)}")

    def report(self, table: str, problem: str) -> None:
        """Record what is missing in a table."""
        found = self.problems.setdefault(table, [])
        if problem in found:
            return
        if len(found) < _MAX_PROBLEMS:
            found.append(problem)
        else:
            self._more[table] = self._more.get(table, 0) + 1

    def drop(self, table: str, rows: Sequence[Row], problem: str) -> None:
        """Remove rows of a table, and record why they are missing."""
        dropped = set(map(id, rows))
        self.tables[table] = [row for row in self.tables[table] if id(row) not in dropped]
        self.report(table, f"{len(dropped):,} rows: {problem}")

    def mark(self) -> Row:
        """Return the row of the table ``snapshots``."""
        return {
            "account_sid": self.account_sid,
            "workspace_sid": self.workspace_sid,
            **snapshot_columns(self.time, self.tz),
            "every": self.every,
            "beat": self.beat,
            "late": self.late,
            "skipped": self.skipped,
            "clock_jump": self.clock_jump,
            "took": self.took,
            "complete": self.complete,
            "problems": self.reasons or None,
            "rows": self.rows,
            "requests": self.requests,
            "refused": self.refused,
        }


def _name_of(row: Row, columns: Sequence[str]) -> str:
    """Return the values of a key that name its row within a snapshot."""
    shared = ("workspace_sid", "filters", "task_channel", "snapshot_time")
    return " ".join(str(row[name]) for name in columns if name not in shared) or "the Workspace"
