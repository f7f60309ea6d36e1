"""The place of a poll's output: a folder or an object store, and the format of its files."""

import os
from typing import Final

from attrs import frozen

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.output.storage import Folder, Storage
from taskrouter_stats.etl.sinks import JsonLinesSink, ParquetSink
from taskrouter_stats.etl.sinks.base import Sink

from .encodings import Encoding, JsonLinesEncoding, ParquetEncoding

__all__ = ["STATE", "Place"]

STATE: Final = "_poll"
"""The folder of the polls' locks: a ``fetch`` into the same output has a separate state."""

_RULE: Final = (
    "a poll writes all of its tables into a folder, as Parquet or JSON Lines: give "
    'etl.ParquetSink("lake/") or etl.JsonLinesSink("lake/")'
)


@frozen
class Place:
    """Where a poll of one Workspace stores its files.

    Attributes:
        storage: holds the files.
        encoding: their format.
        state: the state folder of the Workspace's poll.
    """

    storage: Storage
    encoding: Encoding
    state: str

    @classmethod
    def of(cls, output: Sink | str | os.PathLike[str], workspace_sid: str) -> "Place":
        """Return the place of a sink, or of a folder's path or URI, which means Parquet.

        Raises:
            ConfigError, InvalidParameter: the output is not a folder of Parquet or JSON Lines.
            MissingExtra: Parquet without pyarrow.
        """
        sink = ParquetSink(output) if isinstance(output, (str, os.PathLike)) else output
        if isinstance(sink, ParquetSink):
            encoding: Encoding = ParquetEncoding(sink.compression)
        elif isinstance(sink, JsonLinesSink) and sink.state == "_state":  # not a single file
            encoding = JsonLinesEncoding(sink.compression)
        else:
            raise ConfigError(f"output= is {type(sink).__name__}: {_RULE}")
        if sink.table is not None:
            raise ConfigError(f"{sink.storage.place} has one table: {_RULE}, without table=")
        storage, state = sink.storage, f"{STATE}/{workspace_sid}"
        if isinstance(storage, Folder):
            storage = Folder(storage.root, state)
        return cls(storage, encoding, state)

    @property
    def lock(self) -> str:
        """The name of the lock file."""
        return f"{self.state}/lock"
