"""How the command line is run here: another process, without anybody's real account."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import frozen

from taskrouter_stats.simulator import Simulator

COMMAND = (sys.executable, "-W", "error", "-m", "taskrouter_stats")


@frozen
class Ran:
    """What a process left behind."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without anybody's account, and what is given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TWILIO_", "TASKROUTER_STATS_", "COV_"))
    }
    return {**kept, "COLUMNS": "100", **extra}


def account(simulator: Simulator) -> dict[str, str]:
    """The environment that reaches this simulator."""
    user, password = simulator.auth
    return {
        "TASKROUTER_STATS_BASE_URL": simulator.base_url,
        "TWILIO_ACCOUNT_SID": user,
        "TWILIO_AUTH_TOKEN": password,
    }


@contextmanager
def hearing_ctrl_c() -> Iterator[None]:
    """What starts inside hears SIGINT, even if this process was told to ignore it.

    A shell without job control says so to all that it starts with ``&``, and children inherit it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
