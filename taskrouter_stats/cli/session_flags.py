"""The options that every command which asks a real server shares."""

import functools
from collections.abc import Callable
from typing import Any, cast

import click

from taskrouter_stats import SessionOptions

__all__ = ["session_options"]


def session_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the session's options, as one ``options`` of what the user named."""

    @click.option("--base-url", metavar="URL", help="Another server, such as a simulator's.")
    @click.option("--region", metavar="NAME", help="Twilio region, such as ie1.")
    @click.option("--edge", metavar="NAME", help="Twilio edge, such as dublin.")
    @click.option("--max-in-flight", type=int, help="Requests on the wire at once.  [default: 100]")
    @click.option("--pace-limit", type=float, metavar="PER_S", help="Never more requests/s.")
    @click.option("--headroom", type=float, metavar="SHARE", help="Leave to others: 0.3 is 30%.")
    @click.option("--timeout", type=float, metavar="SECONDS", help="One attempt's.  [default: 30]")
    @click.option("--proxy", metavar="URL", help="Ask through this http proxy.")
    @click.option("--trust-env", is_flag=True, default=None, help="Take HTTPS_PROXY and its like.")
    @click.option("--allow-http", is_flag=True, default=None, help="Plain http to other machines.")
    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> int:
        named = {name: given.pop(name) for name in _NAMES}
        options = {name: value for name, value in named.items() if value is not None}
        return command(*args, options=cast("SessionOptions", options), **given)

    return wrapped


_NAMES = (
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
