"""The options for the output, and the sink that they select."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

import click
from attrs import field, frozen

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink, Sink
from taskrouter_stats.etl.output.storage import local_path, storage_errors
from taskrouter_stats.etl.planning.tables import STATISTICS
from taskrouter_stats.etl.schemas import EXPORTED

__all__ = ["OutputTarget", "target_options"]

_ENDINGS: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv"}
_NAMES_OF_FORMATS: Final = {"jsonl": "JSON Lines", "parquet": "Parquet"}


@frozen
class OutputTarget:
    """Output of a run.

    Attributes:
        output: a file, a folder, a URI, ``-`` for standard output; None if not given.
        format: ``jsonl``, ``csv``, ``parquet``, or None to derive it from the name.
        table: the only table to write, or None for all tables.
        compression: the compression for the sink, or None for its default.
        excel: whether people open the CSV files in a spreadsheet.
        fresh: whether to move an existing output aside.
        retry_failed: whether to fetch only what failed before.
        verify: whether to compare sums with the server's.
    """

    output: str | None = field(default=None, repr=False)  # a URI may hold a secret
    format: str | None = None
    table: str | None = None
    compression: str | None = None
    excel: bool = False
    fresh: bool = False
    retry_failed: bool = False
    verify: bool = False

    def __attrs_post_init__(self) -> None:
        if self.fresh and self.retry_failed:
            raise ConfigError("--fresh and --retry-failed exclude each other: give one of them")
        if self.is_stored:
            return
        for name in ("table", "compression", "excel", "fresh", "retry_failed", "verify"):
            if getattr(self, name):
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(f"{option} requires --output with a file or folder")
        if self.format not in (None, "jsonl"):
            raise ConfigError("standard output takes JSON Lines only: name a file with --output")

    @property
    def is_stored(self) -> bool:
        """Whether a run can be resumed: yes for a file or folder, no for a device or pipe."""
        if self.output in (None, "-"):
            return False
        output = str(self.output)
        if "://" in output:
            return True
        with storage_errors(f"--output {output}"):
            place = Path(output)
            return not place.exists() or place.is_file() or place.is_dir()

    def sink(self, tables: Sequence[str] = ()) -> Sink:
        """Return the sink for the format, or for the ending of the name.

        Args:
            tables: the tables that the run fetches; a single file of JSON Lines holds the only one.

        Raises:
            ConfigError, InvalidParameter: the options contradict each other.
            MissingExtra: Parquet without pyarrow.
            StorageError: the current directory was deleted.
        """
        output = str(self.output)
        ending = Path(output.removesuffix(".gz")).suffix
        place = local_path(output)
        form = self.format or _ENDINGS.get(ending, "parquet")
        if place is not None and place.is_file() and _ENDINGS.get(ending) != form:
            files = {"jsonl": "a file that ends in .jsonl", "csv": "a file that ends in .csv"}
            expected = files.get(form, "a folder, or a file that ends in .jsonl or .csv")
            raise ConfigError(f"--output {output} is a file: name {expected}")
        if self.excel and form != "csv":
            raise ConfigError(
                f"--excel is for CSV, and this output is {_NAMES_OF_FORMATS[form]}: add --format "
                "csv, or name a file that ends in .csv"
            )
        if form == "parquet":
            codec = cast("Any", self.compression or "zstd")
            return ParquetSink(output, table=self.table, compression=codec)
        gzip = cast(
            'Literal["gzip"] | None', None if self.compression == "none" else self.compression
        )
        if form == "jsonl":
            only = tables[0] if ending in _ENDINGS and len(tables) == 1 else None
            table = self.table or (only if only in STATISTICS else None)
            return JsonLinesSink(output, table=table, compression=gzip)
        if ending == ".csv" and self.table is None:
            raise ConfigError(f"--output {output}: one CSV file holds one table: add --table")
        return CsvSink(output, table=self.table, compression=gzip, excel=self.excel)


def target_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options for the output, as one ``target``."""

    @click.option("--output", metavar="PLACE", help="File, folder or URI; -: standard output.")
    @click.option(
        "--format",
        type=click.Choice(["jsonl", "csv", "parquet"]),
        help="Format.  [default: by the ending of PLACE; a folder: parquet]",
    )
    @click.option(
        "--table",
        type=click.Choice(EXPORTED),
        metavar="NAME",
        help="Write this table only, such as worker_activity_durations.",
    )
    @click.option(
        "--compression",
        type=click.Choice(["gzip", "zstd", "snappy", "lz4", "none"]),
        metavar="NAME",
        help="gzip, zstd, snappy, lz4, none.  [default: zstd for parquet]",
    )
    @click.option(
        "--excel", is_flag=True, help="CSV for spreadsheets: byte order mark, no text is a formula."
    )
    @click.option("--fresh", is_flag=True, help="Move an existing output aside and start over.")
    @click.option("--retry-failed", is_flag=True, help="Fetch only what failed before.")
    @click.option(
        "--verify", is_flag=True, help="Compare sums with the server's; one request per window."
    )
    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> int:
        named = {name: given.pop(name) for name in _NAMES}
        return command(*args, target=OutputTarget(**named), **given)

    return wrapped


_NAMES: Final = (
    *("output", "format", "table", "compression", "excel"),
    *("fresh", "retry_failed", "verify"),
)
