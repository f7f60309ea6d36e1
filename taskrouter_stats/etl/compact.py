"""Compaction: each key once in an output, with the rows of its latest answer."""

import os
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final, Literal

from attrs import frozen

from taskrouter_stats.errors import ConfigError

from .output.storage import Folder, ObjectStore, Storage, local_path
from .sinks import CsvSink, JsonLinesSink, ParquetSink
from .sinks.arguments import text_of
from .sinks.csv import EXCEL_CSV
from .state.checkpoint import Checkpoint, Commit, Position, format_of

__all__ = ["Compaction", "compact"]

_ONE_TABLE: Final = " of "
"""Text of a format's name before its only table."""


@frozen
class Compaction:
    """The result of a compaction.

    Attributes:
        place: the output.
        removed: rows that were removed, since a later answer replaced them.
    """

    place: str
    removed: int


def compact(place: str | os.PathLike[str]) -> Compaction:
    """Remove the rows that a later answer replaced, and merge small Parquet parts.

    A later run fetches windows that had not settled again, so JSON Lines and CSV files hold
    several answers to one query; this keeps all rows of the latest one: a settled answer, or else
    the last one in the file. If that answer has no Activities, a CSV file of Activities keeps the
    rows of an older one, with ``complete`` false. In Parquet it merges each day's parts into one.
    A kill at any moment loses no row: the next run or compaction continues from the last commit.
    This function blocks: in an event loop call it with ``asyncio.to_thread``.

    Args:
        place: the output, as the sink got it: a file, a folder or a URI.

    Raises:
        ConfigError: no export has written to this place.
        OutputLocked: a run or another compaction writes to this output.
        StorageError: the output can't be read or written.
    """
    text = text_of(place, "a file's or folder's name, or a URI")
    sink = _sink_at(text)
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(4)}"
    with sink.storage.lock(f"{sink.state}/lock"):
        checkpoint = Checkpoint(sink.storage, sink.state, sink.format)
        checkpoint.open()
        sink.begin(run, checkpoint)
        checkpoint.commit(Commit(run, _same_position(checkpoint)))
        removed = sink.compact(checkpoint, run)
        sink.check(checkpoint)
        checkpoint.commit(Commit(run, _same_position(checkpoint), ended=True))
    return Compaction(str(local_path(text) or sink.storage.place), removed)


def _same_position(checkpoint: Checkpoint) -> Position:
    last = checkpoint.last
    return Position() if last is None else Position(last.position.lengths)


def _sink_at(text: str) -> CsvSink | JsonLinesSink | ParquetSink:
    """Return a sink of the format that the checkpoint names."""
    path = local_path(text)
    storage, state = _state_of(text, path)
    found = format_of(storage, state)
    if found is None:
        raise ConfigError(f"{text} is not an output of this program: it has no {state}")
    kind, _, table = found.partition(_ONE_TABLE)
    if kind == "Parquet":
        return ParquetSink(text, table=table or None)
    zipped = any(name.endswith(".gz") for name in storage.names("") if "/" not in name)
    single = path is not None and storage.place != str(path)
    compression: Literal["gzip"] | None = "gzip" if zipped and not single else None
    if kind in ("CSV", EXCEL_CSV):
        excel = kind == EXCEL_CSV
        return CsvSink(text, table=table or None, compression=compression, excel=excel)
    return JsonLinesSink(text, table=table or None, compression=compression)


def _state_of(text: str, path: Path | None) -> tuple[Storage, str]:
    if path is None:
        return ObjectStore.at(text.rstrip("/")), "_state"
    if path.is_dir():
        return Folder(path), "_state"
    return Folder(path.parent), f"{path.name}._state"
