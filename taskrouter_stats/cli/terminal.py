"""The consoles (stdout for results, stderr for progress and errors), and text that they show."""

import io
import sys
from typing import Final, NoReturn, TextIO

from rich.console import Console

__all__ = [
    "duration_text",
    "errors_console",
    "printable",
    "results_console",
    "table_size",
    "write_anything",
]

_ROWS_IN_A_LOG: Final = 10
_LINES_AROUND_THE_TABLE: Final = 14
_MIN_ROWS, _MAX_ROWS = 5, 20
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class _Console(Console):
    """Console that raises ``BrokenPipeError``, which has an exit code."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def results_console() -> Console:
    """Return the console for the table: coloured on a terminal, plain text elsewhere."""
    return _console(sys.stdout)


def errors_console(*, plain: bool = False) -> Console:
    """Return the console for progress and failures.

    Args:
        plain: whether to write plain lines only, because rows go to the same terminal.
    """
    return _console(sys.stderr, plain=plain)


def table_size(console: Console) -> int:
    """Return how many workers the table shows: as many as fit on the screen."""
    if not console.is_terminal:
        return _ROWS_IN_A_LOG
    return max(_MIN_ROWS, min(_MAX_ROWS, console.height - _LINES_AROUND_THE_TABLE))


def write_anything() -> None:
    """Make both streams replace characters that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _console(stream: TextIO | None, *, plain: bool = False) -> Console:
    """Return a console that draws only on a real terminal, whatever the environment says."""
    if stream is None:  # the parent process closed it
        stream = io.StringIO()
    terminal = stream.isatty() and not plain
    return _Console(
        file=stream,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def printable(text: str) -> str:
    """Return text from a server on one line, without control characters.

    Otherwise a name or message could move the cursor or set colours.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def duration_text(seconds: float) -> str:
    """Return a duration in its two largest units, as options take it: ``1h 30m``, ``45s``."""
    remaining = round(seconds)
    first = next((at for at, (unit, _) in enumerate(_UNITS) if remaining >= unit), len(_UNITS) - 1)
    parts: list[str] = []
    for unit, name in _UNITS[first : first + 2]:
        count, remaining = divmod(remaining, unit)
        if count or (unit == 1 and not parts):
            parts.append(f"{count:,}{name}")
    return " ".join(parts)
