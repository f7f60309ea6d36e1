"""What makes a command stop: a signal, or a time of day."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import FrameType
from zoneinfo import ZoneInfo

from taskrouter_stats.errors import ConfigError

__all__ = ["hearing_sigterm", "read_stop_at", "stopping"]

_KILLED = 128
"""And the signal's number: how shells count."""


def read_stop_at(text: str, zone: ZoneInfo | None, now: datetime) -> datetime:
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


@contextmanager
def hearing_sigterm() -> Generator[Callable[[], bool]]:
    """Until the block ends, let SIGTERM do what Ctrl-C does, and tell whether one came.

    The first process of a container ignores a SIGTERM that it has no handler for. A handler that
    whoever started this process has set, or told it to ignore, stays.
    """
    heard = False

    def asked(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        heard = True
        interrupt = signal.getsignal(signal.SIGINT)  # asyncio's own while a loop runs
        (interrupt if callable(interrupt) else signal.default_int_handler)(number, frame)

    ours = threading.current_thread() is threading.main_thread()
    ours = ours and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, asked)
    try:
        yield lambda: heard
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@asynccontextmanager
async def stopping(
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
