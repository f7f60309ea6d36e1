"""The values of a checkpoint: the content of an output after a step, and the commit of a step."""

from collections.abc import Mapping

from attrs import field, frozen

from .overlaps import StoredWindow

__all__ = ["Commit", "Position"]


@frozen
class Position:
    """The content of an output after a step.

    Attributes:
        lengths: bytes of each file that rows are appended to.
        parts: the parts that the step added.
        sizes: bytes of each added part.
        unsettled: windows, ``start/end``, that had not settled, by the added part with their rows;
            a later answer replaces these rows.
        removed: older parts; the new parts hold their remaining rows.
        rewritten: files that get new content, which is staged in the state folder.
    """

    lengths: Mapping[str, int] = field(factory=dict[str, int])
    parts: tuple[str, ...] = ()
    unsettled: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    removed: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(factory=dict[str, int], kw_only=True)

    def then(self, later: "Position") -> "Position":
        """Return this step and a later one as one step.

        A part that this step adds and the later one replaces is both added and removed.
        """
        return Position(
            {**self.lengths, **later.lengths},
            (*self.parts, *later.parts),
            {**self.unsettled, **later.unsettled},
            (*self.removed, *later.removed),
            (*self.rewritten, *later.rewritten),
            sizes={**self.sizes, **later.sizes},
        )


@frozen
class Commit:
    """One step of a run.

    Attributes:
        run: the run's name.
        position: the output's content after this step.
        done: SIDs of the queries that are done, by query group.
        sums: totals of the added rows, by query group and count.
        ended: whether the run has ended, so that every part of its name is committed.
        windows: the windows of the added rows.
    """

    run: str
    position: Position = Position()
    done: Mapping[str, list[str]] = field(factory=dict[str, list[str]])
    sums: Mapping[str, Mapping[str, int]] = field(factory=dict[str, Mapping[str, int]])
    ended: bool = False
    windows: tuple[StoredWindow, ...] = ()
