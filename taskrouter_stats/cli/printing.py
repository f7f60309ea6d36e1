"""A store for what can't be resumed: rows go to standard output or a pipe as they come."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from attrs import define, field, frozen

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import Store
from taskrouter_stats.etl.batch import UNWRITABLE, Item
from taskrouter_stats.etl.checkpoint import Checkpoint, Position
from taskrouter_stats.etl.rows import Tables
from taskrouter_stats.etl.sinks.json_lines import nested, to_line

from .output import Output

__all__ = ["Printed", "printed"]

T = TypeVar("T")


@frozen
class _Nowhere:
    """The sink and the storage of something that keeps nothing."""

    place: str
    state: str = ""
    format: str = "JSON Lines"
    snapshots: bool = False

    @property
    def storage(self) -> "_Nowhere":
        return self

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        del run, checkpoint

    def write(self, batch: Sequence[Tables]) -> Position:
        del batch
        return Position()

    def start_over(self, stamp: str) -> None:
        raise ConfigError(f"{self.place} can't be started over: {stamp}")

    def put(self, name: str, data: bytes) -> None:
        del name, data

    def get(self, name: str) -> bytes:
        raise ConfigError(f"{self.place} holds no {name}")

    def names(self, under: str) -> list[str]:
        del under
        return []

    def remove(self, name: str) -> None:
        del name

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        del name
        yield


@define(eq=False)
class Printed(Store):
    """Rows as lines, each written when it comes; nothing is remembered.

    Attributes:
        output: where to.
    """

    output: Output = field(kw_only=True)

    async def add(self, item: Item) -> None:
        """Write its rows; the loop waits for a slow reader, and no request is sent meanwhile.

        Raises:
            BrokenPipeError: the reader went away.
            StorageError: it can't be written.
        """
        try:
            lines = [to_line(row) for rows in nested(item.make()).values() for row in rows]
        except UNWRITABLE as error:
            item.on_stored(error)
            return
        for line in lines:
            await self.output.write(line)
        item.on_stored(None)

    async def call(self, work: Callable[[], T]) -> T:
        """Do it at once: nothing here blocks."""
        return work()


def printed(output: Output) -> Printed:
    """A store that writes there."""
    return Printed(_Nowhere(output.place), output=output)
