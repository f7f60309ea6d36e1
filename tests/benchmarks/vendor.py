"""The vendor's library, if it is installed, pointed at a server of one's own."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

try:
    from twilio.http.async_http_client import AsyncTwilioHttpClient
    from twilio.rest import Client
except ImportError:
    Client = None

__all__ = ["Client", "vendors_workspace"]

TWILIO = "https://taskrouter.twilio.com"


@asynccontextmanager
async def vendors_workspace(
    base_url: str, auth: tuple[str, str], workspace: str
) -> AsyncIterator[Any]:
    """A workspace as its asynchronous client has it."""
    warnings.simplefilter("ignore", DeprecationWarning)  # it passes aiohttp what goes with v4

    class Redirected(AsyncTwilioHttpClient):
        async def request(self, method, url, *args, **kwargs):
            return await super().request(method, url.replace(TWILIO, base_url), *args, **kwargs)

    async with Redirected() as http:
        yield Client(*auth, http_client=http).taskrouter.v1.workspaces(workspace)
