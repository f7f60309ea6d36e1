"""Functions that workers of a test cluster import: credentials and sessions of simulators.

The environment names a file with the simulators, since a worker's process imports this afresh.
"""

import json
import os
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from taskrouter_stats import Credentials, TaskRouterSession
from taskrouter_stats.simulator import Simulator

VARIABLE = "FLEET_TEST_ACCOUNTS"
"""Environment variable with the name of a file: URL and token by account."""


def _known(account_sid):
    return json.loads(Path(os.environ[VARIABLE]).read_text("utf-8"))[account_sid]


def credentials(account_sid):
    """Return the credentials of a simulated account."""
    return Credentials.auth_token(account_sid, _known(account_sid)["token"])


def session(credentials):
    """Return a session with the simulator of these credentials."""
    url = _known(credentials.account_sid)["url"]
    return TaskRouterSession(credentials, base_url=url)


@asynccontextmanager
async def simulated(path, count, **options):
    """Run that many simulators, each another account, and write the file that names them."""
    async with AsyncExitStack() as stack:
        simulators = [
            await stack.enter_async_context(Simulator(seed=seed, **options))
            for seed in range(count)
        ]
        known = {one.account_sid: {"url": one.base_url, "token": one.auth[1]} for one in simulators}
        path.write_text(json.dumps(known), "utf-8")
        yield simulators
