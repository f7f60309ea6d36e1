"""What makes a command stop: a signal, or a time of day."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar

from taskrouter_stats.errors import ConfigError

__all__ = ["Terminated", "read_stop_at", "run_until_sigterm", "stop_on_signal"]

T = TypeVar("T")

_KILLED = 128
"""And the signal's number: how shells count."""


def read_stop_at(text: str, zone: tzinfo | None, now: datetime) -> datetime:
    """The next time that it is so late there, aware, UTC.

    Raises:
        ConfigError: for no time of day, or no zone.
    """
    if zone is None:
        raise ConfigError("--stop-at needs --tz, such as --tz Europe/Dublin or --tz UTC")
    try:
        time = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 (the zone is added below)
    except ValueError:
        raise ConfigError(f"--stop-at {text}: a time of day such as 07:00") from None
    today = now.astimezone(zone).date()
    moments = (
        datetime.combine(today + timedelta(days=days), time, zone).astimezone(UTC)
        for days in range(3)
    )
    return next(moment for moment in moments if moment > now)


class Terminated(KeyboardInterrupt):
    """SIGTERM ended the command, as Ctrl-C would have."""


def run_until_sigterm(work: Coroutine[Any, Any, T]) -> T:
    """Run it in an event loop of its own; cancel it at a SIGTERM.

    The handler is needed where this process is a container's first: it ignores signals without one.

    Raises:
        Terminated: once the cancelled work has ended.
    """
    terminated = False

    async def main() -> T:
        task = asyncio.current_task()

        def asked() -> None:
            nonlocal terminated
            terminated = task is not None and task.cancel()

        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, another thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked)
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
    leave: Callable[[], object] = lambda: None,
) -> AsyncGenerator[None]:
    """Until the block ends, let SIGINT, SIGTERM and the clock set ``stop``.

    A second signal ends the process at once: what is on disk is whole at any moment.

    Args:
        stop: to be set.
        at: when the clock does so, aware; None for never.
        say: tells the user.
        leave: puts the terminal in order before a sudden end.
    """
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        if stop.is_set():
            leave()
            os._exit(_KILLED + number)
        stop.set()
        say(f"{number.name}: storing what is under way; a second one ends at once.")

    handled: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, another thread
            loop.add_signal_handler(number, asked, number)
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
    """Set ``stop`` then, also when the machine slept meanwhile or its clock was set."""
    while (left := (time - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 (a clock)
        await asyncio.sleep(min(left, 30.0))
    say("--stop-at: storing what is under way.")
    stop.set()
