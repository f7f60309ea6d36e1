"""The result of a poll."""

from typing import Any

import attrs
from attrs import frozen

__all__ = ["PollReport"]


@frozen(kw_only=True)
class PollReport:
    """The result of a poll.

    The report counts each beat of the poll once: ``beats == complete + partial + skipped``.

    Attributes:
        place: the place of the output.
        workspace_sid: the Workspace (WS…).
        complete: snapshots that have all rows of every table.
        partial: snapshots from which something is missing; the table ``snapshots`` says what.
        skipped: beats without a snapshot, since the snapshot before took too long.
        rows: rows that this poll made durable, those of the table ``snapshots`` left out.
        requests: requests sent, those answered with a 429 included.
        refused: replies with status 429.
        cut: snapshots of an earlier poll that were removed, since a kill had cut them.
        elapsed: seconds from the poll's start to its end.
        stopped: whether ``stop`` was set before the end.
    """

    place: str
    workspace_sid: str
    complete: int = 0
    partial: int = 0
    skipped: int = 0
    rows: int = 0
    requests: int = 0
    refused: int = 0
    cut: int = 0
    elapsed: float = 0.0
    stopped: bool = False

    @property
    def snapshots(self) -> int:
        """Snapshots that were stored."""
        return self.complete + self.partial

    @property
    def beats(self) -> int:
        """Beats of the poll."""
        return self.snapshots + self.skipped

    def to_dict(self) -> dict[str, Any]:
        """Return the report in plain types, for JSON."""
        return {**attrs.asdict(self), "snapshots": self.snapshots, "beats": self.beats}
