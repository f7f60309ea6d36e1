"""Leaves each key once in an output: of several answers to one query the latest."""

import os
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from attrs import frozen

from taskrouter_stats.errors import ConfigError

from .sinks import CsvSink, JsonLinesSink, ParquetSink
from .sinks.append import text_of
from .state.checkpoint import Checkpoint, Commit, Position, format_of
from .storage import Folder, ObjectStore, Storage, local_path

__all__ = ["Compaction", "compact"]

_ONE_TABLE: Final = " of "
"""Stands in a format's name before its only table."""


@frozen
class Compaction:
    """What a compaction came to.

    Attributes:
        place: the output.
        removed: rows that a later answer had replaced.
    """

    place: str
    removed: int


def compact(place: str | os.PathLike[str]) -> Compaction:
    """Remove the rows that a later answer has replaced, and merge small Parquet parts.

    Windows that had not settled are fetched again. Files that grow (JSON Lines, CSV) then hold
    several rows with the same key; this leaves the one with the latest ``fetched_at``. In Parquet
    it makes one part of each day's parts. A kill at any moment loses nothing: the next run, or the
    next compaction, continues from what was committed. It blocks: call it in a thread
    (``asyncio.to_thread``) beside a running event loop.

    Args:
        place: the output, as it was given to the sink: a file, a folder or a URI.

    Raises:
        ConfigError: no export has written there.
        OutputLocked: a run, or another compaction, writes there.
        StorageError: it can't be read or written.
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
        checkpoint.commit(Commit(run, _same_position(checkpoint), ended=True))
    return Compaction(str(local_path(text) or sink.storage.place), removed)


def _same_position(checkpoint: Checkpoint) -> Position:
    last = checkpoint.last
    return Position() if last is None else Position(last.position.lengths)


def _sink_at(text: str) -> CsvSink | JsonLinesSink | ParquetSink:
    """Return the sink that wrote there, as the checkpoint tells."""
    path = local_path(text)
    storage, state = _state_of(text, path)
    found = format_of(storage, state)
    if found is None:
        raise ConfigError(f"{text} is not an output of this program: it has no {state}")
    kind, _, table = found.partition(_ONE_TABLE)
    if kind == "Parquet":
        return ParquetSink(text, table=table or None)
    make = CsvSink if kind == "CSV" else JsonLinesSink
    zipped = any(name.endswith(".gz") for name in storage.names("") if "/" not in name)
    single = path is not None and storage.place != str(path)
    return make(text, table=table or None, compression="gzip" if zipped and not single else None)


def _state_of(text: str, path: Path | None) -> tuple[Storage, str]:
    if path is None:
        return ObjectStore.at(text.rstrip("/")), "_state"
    if path.is_dir():
        return Folder(path), "_state"
    return Folder(path.parent), f"{path.name}._state"
