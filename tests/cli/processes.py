"""Run the command line in another process, without a real account."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import frozen

from taskrouter_stats.simulator import Simulator
from tests.support import preloaded

COMMAND = (sys.executable, "-W", "error", "-m", "taskrouter_stats")
"""The command in a new interpreter."""


def command() -> tuple[str, ...]:
    """Return the command that runs in a copy of a process which has imported the package."""
    return preloaded.command("-m", "taskrouter_stats")


@frozen
class Ran:
    """Result of a process."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without an account, with these variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TWILIO_", "TASKROUTER_STATS_", "COV_"))
    }
    return {**kept, "COLUMNS": "100", **extra}


def account(simulator: Simulator) -> dict[str, str]:
    """Return the variables for this simulator."""
    user, password = simulator.auth
    return {
        "TASKROUTER_STATS_BASE_URL": simulator.base_url,
        "TWILIO_ACCOUNT_SID": user,
        "TWILIO_AUTH_TOKEN": password,
    }


@contextmanager
def hearing_ctrl_c() -> Iterator[None]:
    """Let processes that start in the block receive SIGINT, even if this process ignores it.

    A shell without job control starts jobs (``&``) that ignore SIGINT, and children inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
