"""The two consoles: standard output for results, stderr for progress and what went wrong."""

import io
import sys
from typing import Final, NoReturn, TextIO

from rich.console import Console

__all__ = ["errors_console", "printable", "results_console", "table_size", "write_anything"]

_ROWS_IN_A_LOG: Final = 10
_AROUND_THE_TABLE: Final = 14
_LEAST, _MOST = 5, 20


class _Console(Console):
    """One that leaves a broken pipe to whoever knows the exit codes."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def results_console() -> Console:
    """For the table: coloured on a terminal, plain text anywhere else."""
    return _console(sys.stdout)


def errors_console(*, plain: bool = False) -> Console:
    """For progress and failures.

    Args:
        plain: whether to write lines only, since rows go to the same terminal.
    """
    return _console(sys.stderr, plain=plain)


def table_size(console: Console) -> int:
    """How many workers the table shows: what fits the screen."""
    if not console.is_terminal:
        return _ROWS_IN_A_LOG
    return max(_LEAST, min(_MOST, console.height - _AROUND_THE_TABLE))


def write_anything() -> None:
    """Let both streams replace characters that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _console(stream: TextIO | None, *, plain: bool = False) -> Console:
    """A console that draws only on a real terminal, whatever the environment asks for."""
    if stream is None:  # closed by whoever started this process
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
    """One line without control characters: no name or message moves the cursor or sets colours."""
    return "".join(character if character.isprintable() else " " for character in text)
