"""The options that every command which asks a real server shares."""

import functools
from collections.abc import Callable, Container, Generator
from contextlib import contextmanager
from typing import Any, Final, cast

import click

from taskrouter_stats import SessionOptions
from taskrouter_stats.errors import InvalidParameter

__all__ = ["session_options"]

Command = Callable[..., int]


def session_options(*, max_in_flight: int = 100, headroom: float = 0.0) -> Callable[..., Command]:
    """Give a command the session's options, as one ``options`` of what isn't the session's default.

    Args:
        max_in_flight: what this command takes unless the user says otherwise.
        headroom: the same.
    """
    own = {"max_in_flight": max_in_flight, "headroom": headroom}
    own = {name: value for name, value in own.items() if value != _USUAL[name]}

    def decorated(command: Command) -> Command:
        @click.option("--base-url", metavar="URL", help="Another server, such as a simulator's.")
        @click.option("--region", metavar="NAME", help="Twilio region, such as ie1.")
        @click.option("--edge", metavar="NAME", help="Twilio edge, such as dublin.")
        @click.option(
            "--max-in-flight",
            type=int,
            help=f"Requests on the wire at once.  [default: {max_in_flight}]",
        )
        @click.option("--pace-limit", type=float, metavar="PER_S", help="Never more requests/s.")
        @click.option(
            "--headroom",
            type=float,
            metavar="SHARE",
            help=f"Leave to others: 0.3 is 30%.  [default: {headroom:g}]",
        )
        @click.option(
            "--timeout", type=float, metavar="SECONDS", help="One attempt's.  [default: 30]"
        )
        @click.option("--proxy", metavar="URL", help="Ask through this http proxy.")
        @click.option("--trust-env", is_flag=True, default=None, help="Take HTTPS_PROXY etc.")
        @click.option(
            "--allow-http", is_flag=True, default=None, help="Plain http to other machines."
        )
        @functools.wraps(command)
        def wrapped(*args: Any, **given: Any) -> int:
            named = {name: given.pop(name) for name in _NAMES}
            said = {name: value for name, value in named.items() if value is not None}
            with _told_by_flags(said):
                return command(*args, options=cast("SessionOptions", {**own, **said}), **given)

        return wrapped

    return decorated


@contextmanager
def _told_by_flags(said: Container[str]) -> Generator[None]:
    """Let an error about one of these options name it as the user wrote it."""
    try:
        yield
    except InvalidParameter as error:
        if error.parameter not in said:
            raise
        flag = f"--{error.parameter.replace('_', '-')}"
        raise InvalidParameter(flag, error.value, error.rule) from None


_USUAL: Final[dict[str, float]] = {"max_in_flight": 100, "headroom": 0.0}
_NAMES: Final = (
    "base_url",
    "region",
    "edge",
    "max_in_flight",
    "pace_limit",
    "headroom",
    "timeout",
    "proxy",
    "trust_env",
    "allow_http",
)
