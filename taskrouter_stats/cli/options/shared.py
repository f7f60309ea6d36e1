"""The option ``--shared``: the server by which processes share their rate limits."""

import asyncio
import functools
import os
from collections.abc import Callable
from typing import Any, Final, cast

import click

from taskrouter_stats import SessionOptions
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.fleet.redis_store import RedisStore
from taskrouter_stats.fleet.store import NOTHING, StoreUnavailable
from taskrouter_stats.models import environment
from taskrouter_stats.models.redaction import masked

__all__ = ["check_store", "shared_option"]

_KEY: Final = "trs:{check}"


def shared_option(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command ``--shared``, as the ``pacer`` of its session's options.

    It stands below ``session_options``, which makes the options.
    """

    @click.option(
        "--shared",
        metavar="URL",
        help="Redis or Valkey server by which all processes share the rate limits.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, shared: str | None, options: SessionOptions, **given: Any) -> int:
        name = "--shared" if shared else environment.SHARED
        url = cast("str", masked(shared or os.environ.get(environment.SHARED)))
        if url:
            try:
                options["pacer"] = SharedPacer(url)
                check_store(url)
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from None
        return command(*args, options=options, **given)

    return wrapped


def check_store(url: str) -> str | None:
    """Write one small key that expires; return why the server does not answer, or None.

    Raises:
        ConfigError: what only a person can repair, such as a wrong password.
    """
    try:
        asyncio.run(_write(RedisStore(masked(url))))
    except StoreUnavailable as error:
        if error.is_misconfigured:
            raise ConfigError(error.reason) from None
        return error.reason
    return None


async def _write(store: RedisStore) -> None:
    try:
        await store.compare_and_set(_KEY, NOTHING, b"", ttl=1.0)
    finally:
        await store.aclose()
