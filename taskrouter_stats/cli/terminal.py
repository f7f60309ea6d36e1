"""The consoles: stdout for results, stderr for progress and errors."""

import io
import sys
from typing import Final, NoReturn, TextIO

from rich.console import Console

__all__ = [
    "errors_console",
    "results_console",
    "table_size",
]

_ROWS_IN_A_LOG: Final = 10
_LINES_AROUND_THE_TABLE: Final = 14
_MIN_ROWS, _MAX_ROWS = 5, 20


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
