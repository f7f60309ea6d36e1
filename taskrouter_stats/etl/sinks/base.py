"""The protocol of a sink, which makes rows durable in one format."""

from collections.abc import Sequence
from typing import Protocol

from taskrouter_stats.etl.output.storage import Storage
from taskrouter_stats.etl.rows import Tables
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Position

__all__ = ["Sink"]


class Sink(Protocol):
    """A writer of one format. Its methods run in a thread, one at a time."""

    @property
    def storage(self) -> Storage:
        """The storage of the output, which also holds the output's lock."""
        ...

    @property
    def state(self) -> str:
        """The state folder within the storage."""
        ...

    @property
    def format(self) -> str:
        """The output's format, as the checkpoint stores it."""
        ...

    @property
    def table(self) -> str | None:
        """The only table of the output; None for all."""
        ...

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Prepare for a run: remove what no commit lists.

        Raises:
            StorageError: the output differs from the checkpoint, or can't be written.
        """
        ...

    def write(self, batch: Sequence[Tables]) -> Position:
        """Make all of these rows durable, and return the output's new position.

        Raises:
            StorageError: the rows can't be stored; none of them is in the position.
        """
        ...

    def check(self, checkpoint: Checkpoint) -> None:
        """Check, before the run ends, that the output still holds what the checkpoint lists.

        Raises:
            StorageError: rows were moved, removed or added meanwhile.
        """
        ...

    def start_over(self, stamp: str) -> None:
        """Rename the content of the output to a name with this stamp."""
        ...
