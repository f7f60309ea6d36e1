"""Exit codes of errors, and their lines on stderr."""

import asyncio
import errno
import os
import re
import sys

import click
import pytest

from taskrouter_stats import errors
from taskrouter_stats.cli.exit_codes import code_of, run_guarded
from tests.cli.processes import COMMAND, command, environment


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("x"), 2),
        (errors.SessionMisuse("x"), 2),
        (errors.Unauthorized(401), 2),
        (errors.NotFound(404), 2),
        (errors.BadRequest(400), 2),
        (errors.StorageError("x"), 4),
        (errors.OutputLocked("x", "y"), 75),
        (errors.Forbidden(403), 5),
        (errors.RateLimited(429), 5),
        (errors.ServerError(503), 5),
        (errors.ConnectionFailed("x"), 5),
        (errors.TimedOut(3.0), 5),
        (errors.PayloadError(["$: x"]), 5),
        (KeyError("x"), 1),
    ],
)
def test_every_error_has_a_code(error, code):
    """Usage errors are 2, storage errors 4, server errors 5, unexpected errors 1."""
    assert code_of(error) == code


def raising(error):
    """Return a function that raises this error."""

    def work():
        raise error

    return work


def test_an_error_is_printed_with_its_notes(capsys):
    """The error and each of its notes have one line each."""
    error = errors.ServerError(500)
    error.add_note("Not complete: 3 rows.")
    assert run_guarded(raising(error)) == 5
    assert capsys.readouterr().err.splitlines() == [
        "Error: HTTP 500 (try again later)",
        "Not complete: 3 rows.",
    ]


BUG = re.compile(
    r"Error: a bug in taskrouter-stats [\d.]+: (.*) \(cli/exit_codes\.py:\d+\); "
    r"please report this line\n"
)


class Unspeakable(Exception):
    """Error whose text cannot be made."""

    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),
        (OSError(errno.EBADF, "Bad file descriptor"), "OSError: [Errno 9] Bad file descriptor"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (RecursionError("x" * 9000), "RecursionError: " + "x" * 484),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (ExceptionGroup("g", [ExceptionGroup("h", [KeyError("k")])]), "KeyError: 'k'"),
        (FileNotFoundError(2, "nowhere"), "FileNotFoundError: [Errno 2] nowhere"),
        (Unspeakable(), "tests.cli.test_exit_codes.Unspeakable: <exception str() failed>"),
    ],
)
def test_a_bug_is_one_line(capsys, error, says):
    """A bug ends with code 1 and one line, which names the error and its place."""
    assert run_guarded(raising(error)) == 1
    assert BUG.fullmatch(capsys.readouterr().err)[1] == says


async def test_a_bug_shows_its_traceback_in_development_mode():
    """With PYTHONDEVMODE=1, the traceback is printed above that line."""
    program = (
        "from taskrouter_stats.cli.exit_codes import run_guarded\n"
        "def work(): raise ZeroDivisionError\n"
        "print(run_guarded(work))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "dev", "-c", program, stdout=-1, stderr=-1
    )
    out, err = await asyncio.wait_for(process.communicate(), 20)
    first, *_, last = err.decode().splitlines()
    assert (out.strip(), first) == (b"1", "Traceback (most recent call last):")
    assert "a bug in taskrouter-stats" in last


def test_ctrl_c_is_130(capsys):
    """Ctrl-C prints one line and no traceback."""
    assert run_guarded(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_clicks_errors_are_raised_again():
    """The errors of click pass, because click shows the usage of the command."""
    with pytest.raises(click.UsageError):
        run_guarded(raising(click.UsageError("x")))


def test_a_broken_pipe_is_quiet(capfd):
    """The exit code is 141, and nothing is printed."""
    assert run_guarded(raising(BrokenPipeError())) == 141
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("demo", "--workers", "3"),
        ("simulate", "--port", "0"),
        ("doctor", "WS" + "0" * 32),
    ],
    ids=lambda arguments: arguments[0],
)
async def test_a_full_disk_is_4(arguments):
    """A full disk ends each kind of command with code 4 and one line."""
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230, PTH123 (a device, opened at once)
        process = await asyncio.create_subprocess_exec(
            *command(), *arguments, stdout=full, stderr=-1, env=environment({})
        )
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 4
    assert err.decode().splitlines()[-1].startswith("Error: cannot write the output: ")
    assert b"Traceback" not in err


async def test_help_into_a_broken_pipe_is_141():
    """A broken pipe is also 141 where click writes to it."""
    reader, writer = os.pipe()
    os.close(reader)
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--help", stdout=writer, stderr=-1, env=environment({})
    )
    os.close(writer)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (141, b"")
