"""The dashboard's stream of events, as a client reads it."""

import asyncio
import json
from contextlib import asynccontextmanager

__all__ = ["complete", "watching"]


@asynccontextmanager
async def watching(http, url, **options):
    """Open the stream of events; yield a function that returns the next message."""
    async with http.get(f"{url}events", **options) as response:

        async def following():
            async with asyncio.timeout(20):
                line = await response.content.readuntil(b"\n\n")
            return json.loads(line.removeprefix(b"data: "))

        yield following


async def complete(following):
    """Return the first message in which every part has data or an error."""
    while True:
        message = await following()
        if all(part["at"] or part["error"] for part in message["parts"].values()):
            return message
