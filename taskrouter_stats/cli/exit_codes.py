"""Exit codes, and the line on stderr that explains each failure.

Each error ends with one line on stderr. For a bug, the line names the file and line number;
Python's development mode (``PYTHONDEVMODE=1``) prints the traceback, too.
"""

import errno
import io
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, cast

import click

from taskrouter_stats import __version__, errors

__all__ = [
    "BUG",
    "COMPLETE",
    "EXIT_CODES_HELP",
    "INTERRUPTED",
    "PIPE",
    "STORAGE",
    "TEMPFAIL",
    "TERMINATED",
    "TOO_MANY_FAILURES",
    "UNREACHABLE",
    "USAGE",
    "Terminated",
    "code_of",
    "run_guarded",
    "to_stderr",
    "usage_error",
]

COMPLETE, BUG, USAGE, TOO_MANY_FAILURES, STORAGE, UNREACHABLE = 0, 1, 2, 3, 4, 5
TEMPFAIL = 75  # EX_TEMPFAIL of sysexits.h: try again
INTERRUPTED, PIPE, TERMINATED = 130, 141, 143  # 128 plus the signal's number, as in shells

_DISK_ERRORS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""Error numbers of a full or failing disk, for stdout and stderr; files raise ``StorageError``."""

_PACKAGE: Final = Path(__file__).parent.parent
_MAX_SHOWN: Final = 500
"""Characters of an unexpected error that are shown."""

EXIT_CODES_HELP = """\b
Exit codes:
  0    complete, except for failures that --max-failures allows
  1    a bug in taskrouter-stats: please report the line on stderr
  2    usage or credentials: a wrong argument or variable, HTTP 401,
       a workspace that does not exist, a window that the server rejects
  3    more failures than --max-failures allows
  4    the output could not be written
  5    the server is unreachable, refuses (403, 429 or 5xx until the end)
       or sends an invalid answer
  75   stopped early by a signal or --stop-at, or another run writes to
       the output: run the command again to continue
  130  ended immediately by Ctrl-C (143: by SIGTERM)
  141  the reader of the output closed it, as `head` does
"""


class Terminated(KeyboardInterrupt):
    """SIGTERM ended the command."""


def code_of(error: Exception) -> int:
    """Return the exit code of a run that this error ended."""
    match error:
        case errors.UsageError() | errors.Unauthorized() | errors.NotFound() | errors.BadRequest():
            return USAGE
        case errors.OutputLocked():
            return TEMPFAIL
        case errors.StorageError():
            return STORAGE
        case errors.TaskRouterStatsError():
            return UNREACHABLE
        case _:
            return BUG


Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Write a line to stderr."""
    click.echo(line, err=True)


def usage_error(error: click.ClickException, say: Say) -> int:
    """Report arguments that click rejects; return the exit code."""
    if say is to_stderr:
        usage = io.StringIO()
        error.show(usage)
        _write_lines(usage.getvalue().splitlines(), say)
    else:
        _write_lines([f"Error: {error.format_message()}"], say)
    return USAGE


def run_guarded(work: Callable[[], int], say: Say = to_stderr) -> int:
    """Call ``work`` and return its exit code; report each exception with ``say``."""
    try:
        return work()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt as stop:
        _write_error("Stopped.", stop, say)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    except BrokenPipeError:
        _close_pipes()
        return PIPE
    except errors.TaskRouterStatsError as error:
        _write_error(f"Error: {error}", error, say)
        return code_of(error)
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 (a bug, or a cancellation that nobody asked for)
        return _unexpected(error, say)


def _unexpected(error: BaseException, say: Say) -> int:
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        _close_pipes()
        _write_error(f"Error: cannot write the output: {error.strerror}", error, say)
        return STORAGE
    if isinstance(error, FileNotFoundError) and not _has_working_directory():
        _write_error(
            "Error: the current directory was deleted: change to another directory", error, say
        )
        return USAGE
    if sys.flags.dev_mode:
        _write_lines("".join(traceback.format_exception(error)).splitlines(), to_stderr)
    line = f"Error: a bug in taskrouter-stats {__version__}: {_bug(error)}"
    _write_lines([f"{line}; please report this line"], say)
    return BUG


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _bug(error: BaseException) -> str:
    """Return the error on one line, with the last place in this package that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
        frames += traceback.extract_tb(error.__traceback__)
    clean = _redactor()  # before the text is cut: a part of a secret may not be recognised
    text = " ".join(clean("".join(traceback.format_exception_only(error))).split())
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    place = f" ({Path(own[-1].filename).relative_to(_PACKAGE)}:{own[-1].lineno})" if own else ""
    return f"{text[:_MAX_SHOWN]}{place}"


def _write_lines(lines: Iterable[str], say: Say) -> None:
    """Write each line without the environment's secrets: an argument may contain one."""
    clean = _redactor()
    try:
        for line in lines:
            say(clean(line))
    except OSError:  # the reader closed the stream, or the disk is full
        _close_pipes()


def _redactor() -> Callable[[str], str]:
    import urllib.request  # noqa: PLC0415 (only errors need it, and what the next one imports)

    from .redaction import Redactor, secrets_of  # noqa: PLC0415

    proxies = urllib.request.getproxies().values()
    return Redactor.hiding(secrets_of(os.environ, *proxies), full_sids=True)


def _write_error(text: str, error: BaseException, say: Say) -> None:
    """Write the line, and below it the notes of the error."""
    _write_lines((text, *getattr(error, "__notes__", ())), say)


def _close_pipes() -> None:
    """Discard what is still buffered for a stream that nothing reads, without an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed from the start
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
