"""A batch of answers, in which an answer that can't be written does not affect the others."""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field, frozen

from taskrouter_stats.errors import PayloadError, StorageError
from taskrouter_stats.etl.rows import ROW_BYTES, Tables
from taskrouter_stats.etl.sinks.base import Sink
from taskrouter_stats.etl.state.checkpoint import Position
from taskrouter_stats.etl.state.overlaps import StoredWindow

__all__ = ["UNWRITABLE", "Batch", "PendingRows", "ignore"]

UNWRITABLE: Final = (
    PayloadError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    NotImplementedError,
    RecursionError,
)
"""Errors that a value can cause when it is written: text that is not Unicode, a number or a depth
that a format can't hold. Any other error is an error of the sink."""

MIN_SUSPECT: Final = 20
"""Answers of a batch from which on, if none can be written, the error is one of the sink."""


def ignore(error: Exception | None) -> None:
    """Ignore the result of an item."""
    del error


@frozen
class PendingRows:
    """Rows to store.

    Attributes:
        make: returns the rows; called in the thread that writes them.
        key: the key of the query that is done once the rows are durable; None without one.
        estimated_bytes: the estimated bytes of the rows in memory.
        window: the window of the query, if its rows are statistics of one.
        on_stored: called in the event loop, with None once the rows are durable, or with the error
            if these rows can't be made or written.
    """

    make: Callable[[], Tables]
    key: str | None = None
    estimated_bytes: int = ROW_BYTES
    on_stored: Callable[[Exception | None], None] = ignore
    window: StoredWindow | None = None


@define(eq=False)
class Batch:
    """Items that are written and committed together.

    Attributes:
        items: the rows to write.
        position: the output's position after the batch.
        made: the rows of each item that could be made, by the item's number.
        errors: the error of each item that could not be made or written, by the item's number.
        committed: whether the rows are durable and the checkpoint is written.
    """

    items: Sequence[PendingRows]
    position: Position
    made: dict[int, Tables] = field(factory=dict[int, Tables], init=False)
    errors: dict[int, Exception] = field(factory=dict[int, Exception], init=False)
    committed: bool = field(default=False, init=False)

    def write(self, sink: Sink) -> None:
        """Make the rows and write them.

        Raises:
            Exception: an error of the sink that no single answer caused.
        """
        for number, item in enumerate(self.items):
            try:
                self.made[number] = item.make()
            except Exception as error:  # noqa: BLE001 (an error of this answer alone)
                self.errors[number] = error
        numbers = list(self.made)
        if numbers:
            self._write_or_split(sink, numbers)
        refused = [number for number in numbers if number in self.errors]
        if len(refused) == len(numbers) >= MIN_SUSPECT:
            raise self.errors[numbers[0]]

    def stored(self) -> list[tuple[PendingRows, Tables]]:
        """Return the items whose rows were written, with their rows."""
        return [
            (self.items[number], tables)
            for number, tables in self.made.items()
            if number not in self.errors
        ]

    def report(self) -> None:
        """Call each item's ``on_stored`` in the event loop, if the batch is committed."""
        if self.committed:
            for number, item in enumerate(self.items):
                item.on_stored(self.errors.get(number))

    def _write_or_split(self, sink: Sink, numbers: list[int]) -> None:
        """Write these items; on an error write each half, down to the item that causes it."""
        try:
            written = sink.write([self.made[number] for number in numbers])
        except StorageError:
            raise
        except UNWRITABLE as error:
            if len(numbers) == 1:
                self.errors[numbers[0]] = error
                return
            middle = len(numbers) // 2
            self._write_or_split(sink, numbers[:middle])
            self._write_or_split(sink, numbers[middle:])
        else:
            self.position = self.position.then(written)
