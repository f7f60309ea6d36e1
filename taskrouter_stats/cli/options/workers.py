"""The file of ``--workers``."""

import functools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TextIO

from taskrouter_stats.errors import ConfigError, InvalidParameter, InvalidSid
from taskrouter_stats.models import check_sid

__all__ = ["MAX_LINES", "parse_workers", "read_workers"]

MAX_LINES: Final = 1_000_000
"""Lines that ``--workers`` reads at most: a device or a pipe may have no end."""
_MAX_LINE: Final = 1000
"""Characters from which a line is refused."""
_MAX_SHOWN: Final = 200
"""Characters of a wrong line that an error shows."""


def read_workers(name: str) -> list[str]:
    """Return the SIDs in the file, or on standard input for ``-``.

    Raises:
        ConfigError: the file cannot be read, or is too long.
        InvalidParameter: a line is not a Worker SID, or the file has none.
    """
    try:
        if name == "-":
            if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
                raise ConfigError("--workers -: standard input is closed: name a file")
            return parse_workers(name, _bounded_lines(name, sys.stdin))
        with Path(name).open(encoding="utf-8-sig") as file:
            return parse_workers(name, _bounded_lines(name, file))
    except UnicodeDecodeError:
        raise ConfigError(f"--workers {name}: not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"--workers {name}: {error.strerror or error}") from None


def _bounded_lines(name: str, file: TextIO) -> Iterator[str]:
    """Yield the lines of a file; raise before an endless file fills the memory."""
    for number, line in enumerate(iter(functools.partial(file.readline, _MAX_LINE), ""), 1):
        if number > MAX_LINES:
            raise ConfigError(
                f"--workers {name}: more than {MAX_LINES:,} lines: divide the file and use "
                "several runs"
            )
        if len(line) == _MAX_LINE:
            raise ConfigError(
                f"--workers {name}: line {number} has {_MAX_LINE:,} characters or more: "
                "write one SID (WK…) per line"
            )
        yield line


def parse_workers(name: str, lines: Iterable[str]) -> list[str]:
    """Return the SIDs, one per line, each once; skip empty lines and comments (``#``)."""
    sids: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            sids[check_sid("worker_sid", text, "WK")] = None
        except InvalidSid:
            raise InvalidParameter(
                "--workers", text[:_MAX_SHOWN], f"line {number} of {name} is not a Worker SID (WK…)"
            ) from None
    if not sids:
        raise InvalidParameter("--workers", name, "the file has no SID: expected one per line")
    return list(sids)
