"""The command group, and how the program starts and ends."""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import click

from taskrouter_stats import __version__

from .compact import compact
from .demo import demo
from .doctor.command import doctor
from .exit_codes import EXIT_CODES_HELP, INTERRUPTED, run_guarded, to_stderr, usage_error
from .fetch.command import fetch
from .plan import plan
from .reporter import Reporter
from .simulate import simulate
from .terminal import errors_console, write_anything

__all__ = ["commands", "run"]

_HELP = f"""Twilio TaskRouter statistics, at the pace that the server permits.

\b
See it work, without an account:
  taskrouter-stats demo

\b
Fetch the last eight hours of every worker, one JSON line each:
  export TWILIO_API_KEY=SK… TWILIO_API_SECRET=…
  taskrouter-stats fetch WS… --last 8h --output workers.jsonl

\b
Keep a folder of Parquet up to date from cron; ask first what that costs:
  taskrouter-stats plan WS… --catch-up 7 --tz Europe/Dublin
  taskrouter-stats fetch WS… --catch-up 7 --tz Europe/Dublin --output lake/

\b
Check an account and a workspace, and print a report without secrets:
  taskrouter-stats doctor WS…

\b
Serve a simulator to develop against:
  taskrouter-stats simulate --port 8080

{EXIT_CODES_HELP}
"""


class _Guarded(click.Group):
    """A group whose commands return exit codes and never end in a stray exception."""

    def invoke(self, ctx: click.Context) -> Any:
        return run_guarded(lambda: _code(super(_Guarded, self).invoke(ctx)), ctx.obj or to_stderr)


@click.group(
    cls=_Guarded,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="taskrouter-stats")
def commands() -> None:
    """Gather the commands."""


commands.add_command(compact)
commands.add_command(demo)
commands.add_command(doctor)
commands.add_command(fetch)
commands.add_command(plan)
commands.add_command(simulate)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        arguments: what follows the program's name; the process's own by default.
    """

    def parsed() -> int:  # --help and --version write before any command is there to be guarded
        try:
            return _code(commands.main(given, "taskrouter-stats", standalone_mode=False, obj=say))
        except SystemExit:  # what click makes of a broken pipe, and of nothing else in this mode
            raise BrokenPipeError from None

    given = list(sys.argv[1:] if arguments is None else arguments)
    say = _as_json if _wants_json(given) else to_stderr
    write_anything()
    try:
        return run_guarded(parsed, say)
    except click.ClickException as error:
        return usage_error(error, say)
    except click.Abort:
        return INTERRUPTED


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether ``--log-format json`` is among them, be the others wrong as they may."""
    told = any(pair == ("--log-format", "json") for pair in pairwise(arguments))
    return told or "--log-format=json" in arguments


def _as_json(line: str) -> None:
    Reporter(errors_console(plain=True), as_json=True).write(line, level="error", event="error")


def _code(returned: object) -> int:
    return returned if isinstance(returned, int) else 0
