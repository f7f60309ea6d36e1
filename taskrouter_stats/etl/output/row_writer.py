"""What an export needs of its output; by default an output that no later run can continue."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import token_hex
from types import TracebackType
from typing import Self

from attrs import define, field

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.failed_query import FailedQuery
from taskrouter_stats.etl.state.checkpoint import split_key
from taskrouter_stats.etl.state.overlaps import StoredWindow, refuse_overlaps
from taskrouter_stats.etl.state.unavailable import UnavailableQueries

from .batch import PendingRows

__all__ = ["RowWriter"]


def _run_name() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(4)}"


@define(eq=False)
class RowWriter(ABC):
    """Writer of one output, which several exports may share; this base keeps no state.

    Attributes:
        run: the run's name, which no other run has.
        unavailable: the expired and gone queries of the output.
        failures: queries that a later run may finish.
        error: the error that ended the writer, or None.
    """

    run: str = field(factory=_run_name, init=False)
    unavailable: UnavailableQueries = field(factory=UnavailableQueries, init=False)
    failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    error: StorageError | None = field(default=None, init=False)
    _windows: set[StoredWindow] = field(factory=set[StoredWindow], init=False)
    _claimed: dict[str, set[str]] = field(factory=dict[str, set[str]], init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    @property
    @abstractmethod
    def place(self) -> str:
        """The output's name for the user."""

    @property
    @abstractmethod
    def format(self) -> str:
        """The output's format."""

    @property
    def takes_snapshots(self) -> bool:
        """Whether the output has all tables, not only one of statistics."""
        return False

    @property
    def table(self) -> str | None:
        """The only table that the output holds; None for any."""
        return None

    @property
    def sums(self) -> Mapping[str, Mapping[str, int]]:
        """Totals of the output's rows, by query group and count."""
        return {}

    def check_windows(self, planned: set[StoredWindow]) -> None:
        """Check that this output may hold rows of these windows, and remember the windows.

        Raises:
            ConfigError: windows of another length or zone overlap them.
        """
        refuse_overlaps(self.place, self._windows, planned)
        self._windows |= planned

    def is_done(self, key: str) -> bool:
        """Return whether a query is done, by this run or an earlier one."""
        del key
        return False

    def is_resolved(self, key: str) -> bool:
        """Return whether a query is done, or recorded as expired or gone."""
        return self.is_done(key) or self.unavailable.has(key)

    def claim(self, key: str) -> bool:
        """Return whether the caller may send a query; False if another export has claimed it."""
        query_group, sid = split_key(key)
        claimed = self._claimed.setdefault(query_group, set())
        if sid in claimed:
            return False
        claimed.add(sys.intern(sid))
        return True

    def release(self, key: str) -> None:
        """Release a claimed query, so that another export may send it."""
        query_group, sid = split_key(key)
        self._claimed.get(query_group, set()).discard(sid)

    @abstractmethod
    async def add(self, item: PendingRows) -> None:
        """Take rows to write, and call the item's ``on_stored`` once they are durable.

        Raises:
            StorageError: the rows can't be written.
        """

    async def commit(self) -> None:  # noqa: B027 (nothing to do by default)
        """Write all rows that were taken; by default ``add`` has written them already.

        Raises:
            StorageError: the rows can't be written.
        """
