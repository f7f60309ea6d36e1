"""The session's options, shared by all commands that send requests to a real server."""

import functools
from collections.abc import Callable, Container, Generator
from contextlib import contextmanager
from typing import Any, Final, cast

import click

from taskrouter_stats import SessionOptions
from taskrouter_stats.errors import InvalidParameter

__all__ = ["ENVIRONMENT_HELP", "session_options"]

Command = Callable[..., int]


def session_options(
    *, max_in_flight: int = 100, headroom: float = 0.0, timeout: str = "30"
) -> Callable[..., Command]:
    """Give a command the session's options, as one ``options`` without the session's defaults.

    Args:
        max_in_flight: the default of this command.
        headroom: the default of this command.
        timeout: what the help says about the default; a command may set another one.
    """
    defaults = {"max_in_flight": max_in_flight, "headroom": headroom}
    defaults = {name: value for name, value in defaults.items() if value != _SESSION[name]}
    in_flight_help = f"Simultaneous requests.  [default: {max_in_flight}]"
    headroom_help = f"Share of the limit for other clients: 0.3 is 30%.  [default: {headroom:g}]"
    timeout_help = f"Of one attempt.  [default: {timeout}]"

    def decorated(command: Command) -> Command:
        @click.option("--base-url", metavar="URL", help="Another server, such as a simulator.")
        @click.option("--region", metavar="NAME", help="Twilio region, such as ie1.")
        @click.option("--edge", metavar="NAME", help="Twilio edge, such as dublin.")
        @click.option("--max-in-flight", type=int, help=in_flight_help)
        @click.option("--pace-limit", type=float, metavar="PER_S", help="Maximum requests/s.")
        @click.option("--headroom", type=float, metavar="SHARE", help=headroom_help)
        @click.option("--timeout", type=float, metavar="SECONDS", help=timeout_help)
        @click.option("--proxy", metavar="URL", help="Send requests through this http proxy.")
        @click.option("--trust-env", is_flag=True, default=None, help="Use HTTPS_PROXY etc.")
        @click.option(
            "--allow-http", is_flag=True, default=None, help="Allow plain http to other machines."
        )
        @functools.wraps(command)
        def wrapped(*args: Any, **given: Any) -> int:
            named = {name: given.pop(name) for name in _NAMES}
            given_options = {name: value for name, value in named.items() if value is not None}
            with _flag_names(given_options):
                return command(
                    *args, options=cast("SessionOptions", {**defaults, **given_options}), **given
                )

        return wrapped

    return decorated


@contextmanager
def _flag_names(given: Container[str]) -> Generator[None]:
    """Make an error about one of these options name it as a flag, as the user wrote it."""
    try:
        yield
    except InvalidParameter as error:
        if error.parameter not in given:
            raise
        flag = f"--{error.parameter.replace('_', '-')}"
        raise InvalidParameter(flag, error.value, error.rule) from None


_SESSION: Final[dict[str, float]] = {"max_in_flight": 100, "headroom": 0.0}
ENVIRONMENT_HELP: Final = """\b
Credentials come from the environment:
  TWILIO_API_KEY and TWILIO_API_SECRET, or
  TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN
Also read: TWILIO_REGION, TWILIO_EDGE, TASKROUTER_STATS_BASE_URL,
TASKROUTER_STATS_ALLOW_HTTP, and TASKROUTER_STATS_SHARED instead of
--shared, because other users of this machine can see arguments."""
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
