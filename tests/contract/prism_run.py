"""Send one request of each operation to a server made from Twilio's description, which checks it.

::

    npx @stoplight/prism-cli mock -p 4010 "$TASKROUTER_OPENAPI" &
    python tests/contract/prism_run.py http://127.0.0.1:4010

Prism answers what does not fit the description with 4xx, and what does with its examples and with
rate-limit headers that hold the literal text ``string``.
"""

import asyncio
import re
import sys
import warnings
from datetime import date
from typing import Any

from taskrouter_stats import Credentials, TaskRouterSession, Window, queries
from taskrouter_stats.core.endpoint import SID_PREFIXES
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.core.query import Listing

CREDENTIALS = Credentials.auth_token("AC" + "a" * 32, "made up")
VALUES: dict[str, Any] = {"split_by_wait_time": [5, 30], "available": True}


def question(name: str) -> Any:
    """One question of this operation, with every filter that it takes."""
    row = ENDPOINTS[name]
    sids = {place: SID_PREFIXES[place] + "a" * 32 for place in re.findall(r"{(\w+)}", row.path)}
    if row.method == "POST":
        return getattr(queries, name)(*sids.values(), ["WQ" + "a" * 32])[0]
    filters = {
        key: VALUES.get(key, next((p + "a" * 32 for p in ("WA", "WQ", "WK") if fits(rule, p)), "x"))
        for key, rule in row.filters.items()
    }
    if row.windowed:
        filters["window"] = Window.day(date(2026, 1, 2), tz="Europe/Dublin")
    return getattr(queries, name)(**sids, **filters)


def fits(rule: Any, prefix: str) -> bool:
    """Whether a filter takes SIDs of this kind and nothing else."""
    return getattr(rule.encode, "prefix", None) == prefix


async def main(base_url: str) -> None:
    """Ask everything; the first refusal ends it with its error."""
    async with TaskRouterSession(CREDENTIALS, base_url=base_url) as session:
        for name in ENDPOINTS:
            asked = question(name)
            if isinstance(asked, Listing):
                told = f"{len(await session.iterate(asked).collect())} items"
            else:
                told = type(await session.fetch(asked)).__name__
            print(f"ok  {name:42} {told}")


if __name__ == "__main__":
    warnings.simplefilter("error")
    asyncio.run(main(sys.argv[1]))
