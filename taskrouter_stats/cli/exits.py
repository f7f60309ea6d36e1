"""How a command ends: its exit code, and what is said on the way out.

A user's mistake and a server's refusal end with one clear line; only a bug shows a traceback.
"""

import errno
import io
import os
import sys
import traceback
import urllib.request
from collections.abc import Callable, Iterable
from typing import Final

import click

from taskrouter_stats import errors

from .redaction import Redactor, secrets_of

__all__ = [
    "BUG",
    "COMPLETE",
    "FAILURES",
    "INTERRUPTED",
    "PIPE",
    "STORAGE",
    "TABLE",
    "TEMPFAIL",
    "UNREACHABLE",
    "USAGE",
    "code_of",
    "guarded",
    "plainly",
    "refused",
]

COMPLETE, BUG, USAGE, FAILURES, STORAGE, UNREACHABLE = 0, 1, 2, 3, 4, 5
TEMPFAIL = 75  # what sysexits.h calls a temporary failure: try again
INTERRUPTED, PIPE = 130, 141  # 128 and the signal's number, as shells count

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What a disk answers that can take no more; nothing else here writes but to stdout and stderr."""

TABLE = """\b
Exit codes:
  0    complete
  1    a bug in taskrouter-stats, with a traceback
  2    usage or credentials: an argument, the environment, a 401,
       a workspace that is not there, a window that the server won't take
  3    more failures than --max-failures allows
  4    the output could not be written
  5    the server is unreachable or refuses (403, 429 or 5xx to the end)
  75   stopped before its end by a signal or --stop-at, or another run
       writes to the output: run it again to continue
  130  ended at once by Ctrl-C
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


def plainly(line: str) -> None:
    """Tell a line on stderr."""
    click.echo(line, err=True)


def refused(error: click.ClickException, say: Say) -> int:
    """Tell of arguments that click does not take; return the exit code."""
    if say is plainly:
        told = io.StringIO()
        error.show(told)
        _tell(told.getvalue().splitlines(), say)
    else:
        _tell([f"Error: {error.format_message()}"], say)
    return USAGE


def guarded(work: Callable[[], int], say: Say = plainly) -> int:
    """Do the work and return its exit code; whatever it raises is told by ``say``."""
    try:
        return work()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt as stop:
        _say("Stopped.", stop, say)
        return INTERRUPTED
    except BrokenPipeError:
        _close_pipes()
        return PIPE
    except errors.TaskRouterStatsError as error:
        _say(f"Error: {error}", error, say)
        return code_of(error)
    except Exception as error:  # noqa: BLE001 (the last resort: a bug must not look like a refusal)
        return _unforeseen(error, say)


def _unforeseen(error: Exception, say: Say) -> int:
    if isinstance(error, OSError) and error.errno in _FULL:
        _close_pipes()
        _say(f"Error: the output can't be written: {error.strerror}", error, say)
        return STORAGE
    _tell("".join(traceback.format_exception(error)).splitlines(), plainly)
    return BUG


def _tell(lines: Iterable[str], say: Say) -> None:
    """Each on one line, without the environment's secrets: one may stand for an argument."""
    proxies = urllib.request.getproxies().values()
    clean = Redactor.hiding(secrets_of(os.environ, *proxies), full_sids=True)
    try:
        for line in lines:
            say(clean(line))
    except OSError:  # nobody reads any more, or the disk is full
        _close_pipes()


def _say(text: str, error: BaseException, say: Say) -> None:
    """The line, and below it the notes that were put on the error on its way here."""
    _tell((text, *getattr(error, "__notes__", ())), say)


def _close_pipes() -> None:
    """Nobody reads any more: what is still buffered goes nowhere, without a complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
