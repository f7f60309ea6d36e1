"""The command group, and the start and end of the program."""

import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, Final

import click

from taskrouter_stats import __version__

from .exit_codes import EXIT_CODES_HELP, INTERRUPTED, run_guarded, to_stderr, usage_error
from .plain_text import write_anything

__all__ = ["commands", "run"]

import_module("rich")  # the commands need it: without it, ``__main__`` names the extra

_HELP = f"""Fetch Twilio TaskRouter statistics as fast as the rate limit permits.

\b
Try it without an account:
  taskrouter-stats demo

\b
Fetch the last 8 hours of every worker, one JSON line per worker:
  export TWILIO_API_KEY=SK… TWILIO_API_SECRET=…
  taskrouter-stats fetch WS… --last 8h --output workers.jsonl

\b
Estimate the requests, then keep a Parquet folder up to date from cron:
  taskrouter-stats plan WS… --catch-up 7 --tz Europe/Dublin
  taskrouter-stats fetch WS… --catch-up 7 --tz Europe/Dublin --output lake/

\b
Store real-time statistics every 30 seconds:
  taskrouter-stats poll WS… --every 30s --output lake/

\b
Check an account and a workspace; print a report without secrets:
  taskrouter-stats doctor WS…

\b
Show a workspace live in the browser:
  taskrouter-stats dashboard WS…

\b
Write one HTML page about the rows of a folder:
  taskrouter-stats report lake/ --html report.html

\b
Run a simulated TaskRouter for development:
  taskrouter-stats simulate --port 8080

{EXIT_CODES_HELP}
"""


_COMMANDS: Final = {
    "compact": ("compact", "Remove the rows of PLACE that a later answer replaced."),
    "dashboard": ("dashboard", "Serve a live page of one WORKSPACE until Ctrl-C."),
    "demo": ("demo", "Fetch every worker of a simulated contact centre."),
    "doctor": ("doctor.command", "Check credentials, address, clock and rate limits."),
    "exporter": ("exporter", "Serve statistics of the WORKSPACES to Prometheus."),
    "fetch": ("fetch.command", "Fetch statistics of the WORKSPACES."),
    "plan": ("plan", "Estimate the cost of fetching the WORKSPACES."),
    "poll": ("poll", "Store the real-time statistics of the WORKSPACES at a beat."),
    "report": ("report", "Write one HTML page about the rows of PLACE."),
    "simulate": ("simulate", "Serve a simulated TaskRouter until Ctrl-C."),
}
"""The module of each command, which is imported when the command is used, and what it does."""


class _Commands(click.Group):
    """Group that imports a command at its use, and turns its exceptions into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f".{_COMMANDS[cmd_name][0]}", __package__)
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        return run_guarded(lambda: _code(super(_Commands, self).invoke(ctx)), ctx.obj or to_stderr)


@click.group(
    cls=_Commands,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="taskrouter-stats")
def commands() -> None:
    """Group the commands."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: the words after the program's name; default: those of this process.
    """

    def parsed() -> int:  # --help and --version write before run_guarded of a command
        try:
            return _code(commands.main(given, "taskrouter-stats", standalone_mode=False, obj=say))
        except SystemExit:  # click raises it for a broken pipe only, in this mode
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
    """Return whether ``--log-format json`` is given, also if other arguments are wrong."""
    found = any(pair == ("--log-format", "json") for pair in pairwise(arguments))
    return found or "--log-format=json" in arguments


def _as_json(line: str) -> None:
    from .reporter import Reporter  # noqa: PLC0415 (they import rich's consoles)
    from .terminal import errors_console  # noqa: PLC0415

    Reporter(errors_console(plain=True), as_json=True).write(line, level="error", event="error")


def _code(returned: object) -> int:
    return returned if isinstance(returned, int) else 0
