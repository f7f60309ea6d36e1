"""How a command ends: its exit code, and what is said on the way out.

A user's mistake, a server's refusal and a bug all end with one clear line. That of a bug names its
place; Python's development mode (``PYTHONDEVMODE=1``) shows the traceback as well.
"""

import errno
import io
import os
import sys
import traceback
import urllib.request
from asyncio import CancelledError
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, cast

import click

from taskrouter_stats import __version__, errors

from .fetch.stop import Terminated
from .redaction import Redactor, secrets_of

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
    "code_of",
    "run_guarded",
    "to_stderr",
    "usage_error",
]

COMPLETE, BUG, USAGE, TOO_MANY_FAILURES, STORAGE, UNREACHABLE = 0, 1, 2, 3, 4, 5
TEMPFAIL = 75  # what sysexits.h calls a temporary failure: try again
INTERRUPTED, PIPE, TERMINATED = 130, 141, 143  # 128 and the signal's number, as shells count

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What a disk answers that can take no more; nothing else here writes but to stdout and stderr."""

_PACKAGE: Final = Path(__file__).parent.parent
_MOST: Final = 500
"""Characters of an unforeseen error that are told."""

EXIT_CODES_HELP = """\b
Exit codes:
  0    complete
  1    a bug in taskrouter-stats: please report the line that tells it
  2    usage or credentials: an argument, the environment, a 401,
       a workspace that is not there, a window that the server won't take
  3    more failures than --max-failures allows
  4    the output could not be written
  5    the server is unreachable or refuses (403, 429 or 5xx to the end)
  75   stopped before its end by a signal or --stop-at, or another run
       writes to the output: run it again to continue
  130  ended at once by Ctrl-C, 143 by SIGTERM
  141  the reader of the output went away, as `head` does
"""


def code_of(error: Exception) -> int:
    """The exit code of a run that this error ended."""
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
    """Tell a line on stderr."""
    click.echo(line, err=True)


def usage_error(error: click.ClickException, say: Say) -> int:
    """Tell of arguments that click does not take; return the exit code."""
    if say is to_stderr:
        told = io.StringIO()
        error.show(told)
        _tell(told.getvalue().splitlines(), say)
    else:
        _tell([f"Error: {error.format_message()}"], say)
    return USAGE


def run_guarded(work: Callable[[], int], say: Say = to_stderr) -> int:
    """Do the work and return its exit code; whatever it raises is told by ``say``."""
    try:
        return work()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt as stop:
        _say("Stopped.", stop, say)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    except BrokenPipeError:
        _close_pipes()
        return PIPE
    except errors.TaskRouterStatsError as error:
        _say(f"Error: {error}", error, say)
        return code_of(error)
    except (Exception, CancelledError) as error:  # noqa: BLE001 (a bug isn't told as a refusal)
        return _unforeseen(error, say)


def _unforeseen(error: BaseException, say: Say) -> int:
    if isinstance(error, OSError) and error.errno in _FULL:
        _close_pipes()
        _say(f"Error: the output can't be written: {error.strerror}", error, say)
        return STORAGE
    if isinstance(error, FileNotFoundError) and not _has_working_directory():
        _say("Error: the working directory was deleted: change to one that exists", error, say)
        return USAGE
    if sys.flags.dev_mode:
        _tell("".join(traceback.format_exception(error)).splitlines(), to_stderr)
    told = f"Error: a bug in taskrouter-stats {__version__}: {_bug(error)}"
    _tell([f"{told}; please report this line"], say)
    return BUG


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _bug(error: BaseException) -> str:
    """The error on one line, and the last place in this package that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
        frames += traceback.extract_tb(error.__traceback__)
    clean = _redactor()  # before the text is cut: half a secret is not recognised
    text = " ".join(clean("".join(traceback.format_exception_only(error))).split())
    ours = [one for one in frames if Path(one.filename).is_relative_to(_PACKAGE)]
    place = f" ({Path(ours[-1].filename).relative_to(_PACKAGE)}:{ours[-1].lineno})" if ours else ""
    return f"{text[:_MOST]}{place}"


def _tell(lines: Iterable[str], say: Say) -> None:
    """Each on one line, without the environment's secrets: one may stand for an argument."""
    clean = _redactor()
    try:
        for line in lines:
            say(clean(line))
    except OSError:  # nobody reads any more, or the disk is full
        _close_pipes()


def _redactor() -> Redactor:
    proxies = urllib.request.getproxies().values()
    return Redactor.hiding(secrets_of(os.environ, *proxies), full_sids=True)


def _say(text: str, error: BaseException, say: Say) -> None:
    """The line, and below it the notes that were put on the error on its way here."""
    _tell((text, *getattr(error, "__notes__", ())), say)


def _close_pipes() -> None:
    """Nobody reads any more: what is still buffered goes nowhere, without a complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed from the start
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
