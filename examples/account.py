"""The account of the examples: yours if its credentials are set, otherwise a simulator."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from taskrouter_stats import TaskRouterSession
from taskrouter_stats.simulator import Simulator


@asynccontextmanager
async def open_account(workers: int, limit: int) -> AsyncIterator[tuple[dict[str, Any], str]]:
    """Yield a session's options, empty for those of the environment, and a Workspace's SID.

    Your account requires TWILIO_WORKSPACE_SID in the environment, and TWILIO_API_KEY with
    TWILIO_API_SECRET or TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN.
    """
    if "TWILIO_API_KEY" in os.environ or "TWILIO_AUTH_TOKEN" in os.environ:
        yield {}, os.environ["TWILIO_WORKSPACE_SID"]
    else:
        async with Simulator(workers=workers, limit=limit) as simulator:
            options = {"credentials": simulator.credentials, "base_url": simulator.base_url}
            yield options, simulator.workspace_sid


@asynccontextmanager
async def open_session(
    workers: int = 120, limit: int = 50
) -> AsyncIterator[tuple[TaskRouterSession, str]]:
    """Yield a session and a Workspace's SID; the arguments are those of the simulator."""
    async with open_account(workers, limit) as (options, workspace_sid):
        make = TaskRouterSession if options else TaskRouterSession.from_env
        async with make(**options) as session:
            yield session, workspace_sid


@asynccontextmanager
async def account_for_processes(workers: int, limit: int) -> AsyncIterator[str]:
    """Yield a Workspace's SID; processes that start now find the account in their environment."""
    if "TWILIO_API_KEY" in os.environ or "TWILIO_AUTH_TOKEN" in os.environ:
        yield os.environ["TWILIO_WORKSPACE_SID"]
        return
    async with Simulator(workers=workers, limit=limit) as simulator:
        names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TASKROUTER_STATS_BASE_URL")
        os.environ |= dict(zip(names, (*simulator.auth, simulator.base_url), strict=True))
        yield simulator.workspace_sid
