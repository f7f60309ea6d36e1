"""Where the examples ask: your account when its credentials are set, otherwise a simulator."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskrouter_stats import TaskRouterSession
from taskrouter_stats.simulator import Simulator


@asynccontextmanager
async def open_session() -> AsyncIterator[tuple[TaskRouterSession, str]]:
    """A session and a Workspace's SID.

    With TWILIO_API_KEY and TWILIO_API_SECRET, or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and
    TWILIO_WORKSPACE_SID in the environment, these are yours.
    """
    if "TWILIO_API_KEY" in os.environ or "TWILIO_AUTH_TOKEN" in os.environ:
        async with TaskRouterSession.from_env() as session:
            yield session, os.environ["TWILIO_WORKSPACE_SID"]
    else:
        async with (
            Simulator(workers=120, limit=50) as simulator,
            TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
        ):
            yield session, simulator.workspace_sid
