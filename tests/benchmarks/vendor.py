"""The vendor's library, if it is installed, with requests redirected to a local server."""

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
    """Yield the asynchronous client's object of a workspace."""
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # it uses an argument that aiohttp 4 removes

    class Redirected(AsyncTwilioHttpClient):
        async def request(self, method, url, *args, **kwargs):
            return await super().request(method, url.replace(TWILIO, base_url), *args, **kwargs)

    async with Redirected() as http:
        yield Client(*auth, http_client=http).taskrouter.v1.workspaces(workspace)
