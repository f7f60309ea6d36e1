"""What stops a command: a signal, or a time of day."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, TypeVar

from taskrouter_stats.cli.exit_codes import Terminated
from taskrouter_stats.errors import ConfigError

__all__ = ["read_stop_at", "run_until_sigterm", "stop_on_signal"]

T = TypeVar("T")

_KILLED: Final = 128
"""Exit code of a process that a signal ended, less the signal's number, as in shells."""


def read_stop_at(text: str, zone: tzinfo | None, now: datetime) -> datetime:
    """Return the next moment at which clocks in this zone show this time; aware, UTC.

    Raises:
        ConfigError: the text is not a time of day, or there is no zone.
    """
    if zone is None:
        raise ConfigError("--stop-at requires --tz, such as --tz Europe/Dublin or --tz UTC")
    try:
        time = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 (the zone is added below)
    except ValueError:
        raise ConfigError(f"--stop-at {text}: expected a time of day such as 07:00") from None
    today = now.astimezone(zone).date()
    moments = (
        datetime.combine(today + timedelta(days=days), time, zone).astimezone(UTC)
        for days in range(3)
    )
    return next(moment for moment in moments if moment > now)


def run_until_sigterm(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a new event loop; cancel it on SIGTERM.

    The first process of a container ignores a signal that has no handler.

    Raises:
        Terminated: once the cancelled work has ended.
    """
    terminated = False

    async def main() -> T:
        task = asyncio.current_task()

        def cancel() -> None:
            nonlocal terminated
            terminated = task is not None and task.cancel()

        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, another thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, cancel)
        return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if terminated:
            raise Terminated from None
        raise


@asynccontextmanager
async def stop_on_signal(
    stop: asyncio.Event,
    at: datetime | None,
    say: Callable[[str], None],
    restore: Callable[[], object] = lambda: None,
) -> AsyncGenerator[None]:
    """Set ``stop`` on SIGINT, SIGTERM or at a time, until the block ends.

    A second signal ends the process immediately; the output on disk is valid at any moment.

    Args:
        stop: the event to set.
        at: the time to set it, aware; None for never.
        say: shows a message to the user.
        restore: restores the terminal before the process ends immediately.
    """
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            restore()
            os._exit(_KILLED + number)
        stop.set()
        say(f"{number.name}: storing the answers in flight; a second signal ends immediately.")

    handled: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, another thread
            loop.add_signal_handler(number, on_signal, number)
            handled.append(number)
    clock = None if at is None else asyncio.create_task(_at(at, stop, say))
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
        if clock is not None:
            clock.cancel()
            await asyncio.wait([clock])


async def _at(time: datetime, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Set ``stop`` at this time, also if the machine slept or its clock was changed."""
    while (remaining := (time - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 (a clock)
        await asyncio.sleep(min(remaining, 30.0))
    say("--stop-at: storing the answers in flight.")
    stop.set()
