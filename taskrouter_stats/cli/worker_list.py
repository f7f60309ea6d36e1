"""Reads the SIDs of workers from a file."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from taskrouter_stats.errors import ConfigError, InvalidParameter, InvalidSid
from taskrouter_stats.models import check_sid

__all__ = ["parse_workers", "read_workers"]

_MOST: Final = 200
"""Longest piece of a bad line that is worth showing."""


def read_workers(name: str) -> list[str]:
    """The SIDs in that file, or on standard input for ``-``.

    Raises:
        ConfigError: when it can't be read.
        InvalidParameter: when a line holds no SID, or no line does.
    """
    try:
        if name == "-":
            if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
                raise ConfigError("--workers -: standard input is closed: name a file")
            return parse_workers(name, sys.stdin)
        with Path(name).open(encoding="utf-8-sig") as lines:
            return parse_workers(name, lines)
    except UnicodeDecodeError:
        raise ConfigError(f"--workers {name}: no UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"--workers {name}: {error.strerror or error}") from None


def parse_workers(name: str, lines: Iterable[str]) -> list[str]:
    """One SID a line, each once; empty lines and what follows a ``#`` are skipped."""
    found: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            found[check_sid("worker_sid", text, "WK")] = None
        except InvalidSid:
            raise InvalidParameter(
                "--workers", text[:_MOST], f"line {number} of {name} is no Worker's SID (WK…)"
            ) from None
    if not found:
        raise InvalidParameter("--workers", name, "it names no worker")
    return list(found)
