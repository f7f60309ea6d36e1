"""Serve an application of ``aiohttp.web`` at a port: the dashboard and the exporter do."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from taskrouter_stats.errors import ConfigError

__all__ = ["serving"]

_GRACE: Final = 0.5
"""Seconds that requests in flight get when the server stops."""


@asynccontextmanager
async def serving(application: web.Application, host: str, port: int) -> AsyncGenerator[str]:
    """Serve an application until the block ends; yield its URL.

    Args:
        application: what to serve.
        host: the address or name to listen at.
        port: the port to listen at; 0 selects a free one.

    Raises:
        ConfigError: the server can't listen there.
    """
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        handler_cancellation=True,
        shutdown_timeout=_GRACE,
    )
    try:
        await runner.setup()
        await _listen(runner, host, port)
        yield _url(host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"cannot listen at {host}, port {port}: {reason}; port=0 or --port 0 selects a free "
            "port"
        ) from None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
