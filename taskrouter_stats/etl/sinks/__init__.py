"""Sinks: the formats JSON Lines, CSV and Parquet."""

from .base import Sink
from .csv import CsvSink
from .json_lines import JsonLinesSink
from .parquet import ParquetSink

__all__ = ["CsvSink", "JsonLinesSink", "ParquetSink", "Sink"]
