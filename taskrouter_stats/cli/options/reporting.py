"""The options of stderr's format and of the failures that a run allows, shared by commands."""

from collections.abc import Callable

import click

__all__ = ["reporting_options"]

Command = Callable[..., int]


def reporting_options(allowed: str) -> Callable[[Command], Command]:
    """Give a command ``--log-format`` and ``--max-failures``.

    Args:
        allowed: what ``--max-failures`` counts, for its help.
    """

    def decorated(command: Command) -> Command:
        log_format = click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            help="Format of stderr.",
        )
        max_failures = click.option(
            "--max-failures",
            type=click.IntRange(0),
            metavar="N",
            default=0,
            show_default="0",
            help=f"{allowed} that exit code 0 allows.",
        )
        return log_format(max_failures(command))

    return decorated
