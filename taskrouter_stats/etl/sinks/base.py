"""What a sink is: rows in, durable, and a word on where the output then stands."""

from collections.abc import Sequence
from typing import Protocol

from taskrouter_stats.etl.rows import Tables
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Position
from taskrouter_stats.etl.storage import Storage

__all__ = ["Sink"]


class Sink(Protocol):
    """Where an export's rows go. Its methods run in a thread, one at a time."""

    @property
    def storage(self) -> Storage:
        """Where its files are; the export's lock is taken there."""
        ...

    @property
    def state(self) -> str:
        """The folder within the storage for the checkpoint."""
        ...

    @property
    def format(self) -> str:
        """What kind of output this is, as the checkpoint names it."""
        ...

    @property
    def snapshots(self) -> bool:
        """Whether it has a place for the tables ``workers`` and ``activities``."""
        ...

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Prepare for a run: take back what no commit knows.

        Raises:
            StorageError: when the output isn't what the checkpoint says, or can't be written.
        """
        ...

    def write(self, batch: Sequence[Tables]) -> Position:
        """Make rows durable and say where the output stands; all of them, or an error.

        Raises:
            StorageError: when they can't be stored.
        """
        ...

    def start_over(self, stamp: str) -> None:
        """Move what is there aside, under a name with that stamp."""
        ...
