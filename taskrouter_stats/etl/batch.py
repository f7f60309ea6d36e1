"""Writes a batch of answers so that one answer that can't be written costs only itself."""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field, frozen

from taskrouter_stats.errors import PayloadError, StorageError

from .rows import ROW_BYTES, Tables
from .sinks.base import Sink
from .state.checkpoint import Position

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
"""Errors that a value causes when it is written: text that is not Unicode, a number or a depth
that a format doesn't have. Any other error is taken as the fault of the sink."""

MIN_SUSPECT: Final = 20
"""When so many answers are in a batch and none can be written, the sink is at fault."""


def ignore(error: Exception | None) -> None:
    """Do nothing with what became of an item."""
    del error


@frozen
class PendingRows:
    """Something to store.

    Attributes:
        make: makes its rows, in the thread that writes them.
        key: the query that is done once the rows are durable; None if none is.
        estimated_bytes: roughly how many bytes it takes in memory.
        on_stored: is called in the loop with None once the rows are durable, or with the error
            when these rows can't be made or written.
    """

    make: Callable[[], Tables]
    key: str | None = None
    estimated_bytes: int = ROW_BYTES
    on_stored: Callable[[Exception | None], None] = ignore


@define(eq=False)
class Batch:
    """Items that are written and committed together.

    Attributes:
        items: what to write.
        made: the rows of each item, by its number; without those that could not be made.
        errors: why an item could not be made or written, by its number.
        position: where the output stands after it.
        committed: whether the rows are durable and the checkpoint knows it.
    """

    items: Sequence[PendingRows]
    position: Position
    made: dict[int, Tables] = field(factory=dict[int, Tables], init=False)
    errors: dict[int, Exception] = field(factory=dict[int, Exception], init=False)
    committed: bool = field(default=False, init=False)

    def write(self, sink: Sink) -> None:
        """Make the rows and write them.

        Raises:
            Exception: what the sink raised, when no single answer is to blame for it.
        """
        for number, item in enumerate(self.items):
            try:
                self.made[number] = item.make()
            except Exception as error:  # noqa: BLE001 (whatever it is, it is about this answer)
                self.errors[number] = error
        numbers = list(self.made)
        if numbers:
            self._divide(sink, numbers)
        refused = [number for number in numbers if number in self.errors]
        if len(refused) == len(numbers) >= MIN_SUSPECT:
            raise self.errors[numbers[0]]

    def stored(self) -> list[tuple[PendingRows, Tables]]:
        """Return the items whose rows were written, with these rows."""
        return [
            (self.items[number], tables)
            for number, tables in self.made.items()
            if number not in self.errors
        ]

    def report(self) -> None:
        """Call each item's ``on_stored``, in the loop, once the batch is committed."""
        if self.committed:
            for number, item in enumerate(self.items):
                item.on_stored(self.errors.get(number))

    def _divide(self, sink: Sink, numbers: list[int]) -> None:
        """Write these items; halve them until an item that can't be written stands alone."""
        try:
            written = sink.write([self.made[number] for number in numbers])
        except StorageError:
            raise
        except UNWRITABLE as error:
            if len(numbers) == 1:
                self.errors[numbers[0]] = error
                return
            middle = len(numbers) // 2
            self._divide(sink, numbers[:middle])
            self._divide(sink, numbers[middle:])
        else:
            self.position = self.position.then(written)
