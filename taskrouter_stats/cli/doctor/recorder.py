"""Notes what the headers of each reply said, as they came, before anything reads them.

The session keeps numbers; here is the text. The listener is a middleware of the aiohttp session
that the session borrows.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import define, field, frozen

from taskrouter_stats.core.query import BaseQuery

__all__ = ["ANSWERED", "CONCURRENT", "CONFIG", "LIMIT", "REFUSED", "REMAINING", "RETRY_AFTER"]
__all__ += ["RecordedReply", "ReplyRecorder", "others_about_limits", "place_of"]

ANSWERED, REFUSED = 200, 429
LIMIT, REMAINING = "x-rate-limit-limit", "x-rate-limit-remaining"
CONFIG, RETRY_AFTER = "x-rate-limit-config", "retry-after"
CONCURRENT = "twilio-concurrent-requests"

_WORKSPACE: Final = "/v1/Workspaces/{workspace_sid}"
_TELLING: Final = ("rate", "limit", "retry", "quota", "throttl")


@frozen
class RecordedReply:
    """The head of one reply.

    Attributes:
        place: which operation answered; see :func:`place_of`.
        status: the HTTP status.
        headers: all headers, names in lower case, texts as they came.
        sent_time: when the request left, on this machine's clock.
        received_time: when the head was here, on this machine's clock.
        seconds: from one to the other, on a clock that never jumps.
    """

    operation: str
    status: int
    headers: Mapping[str, str]
    sent_time: datetime
    received_time: datetime
    seconds: float


@define
class ReplyRecorder:
    """Hears every reply of a session, also those that are tried again.

    Attributes:
        place: which operation is being asked.
        sent: requests that left.
        heard: the replies, in their order.
    """

    operation: str = ""
    sent: int = 0
    heard: list[RecordedReply] = field(factory=list[RecordedReply])

    async def __call__(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Let the request pass, and note the reply."""
        self.sent += 1
        place, sent_time, began = self.operation, datetime.now(UTC), time.perf_counter()
        response = await handler(request)
        seconds = time.perf_counter() - began
        headers = _lower(response.headers)
        received_time = datetime.now(UTC)
        self.heard.append(
            RecordedReply(place, response.status, headers, sent_time, received_time, seconds)
        )
        return response

    def at(self, place: str) -> list[RecordedReply]:
        """The replies of one operation."""
        return [heard for heard in self.heard if heard.operation == place]


def place_of(ask: BaseQuery[Any]) -> str:
    """An operation by its path below the Workspace: ``/Workers/WK…/Statistics``."""
    path = ask.endpoint.path.removeprefix(_WORKSPACE) or "(the Workspace)"
    return path.replace("{worker_sid}", "WK…")


def others_about_limits(heard: RecordedReply) -> dict[str, str]:
    """Headers whose names speak of limits and that are none of the known five."""
    known = {LIMIT, REMAINING, CONFIG, RETRY_AFTER, CONCURRENT}
    return {
        name: text
        for name, text in heard.headers.items()
        if name not in known and any(word in name for word in _TELLING)
    }


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """A header that came twice has both texts."""
    found: dict[str, str] = {}
    for name, text in headers.items():
        name = name.lower()  # noqa: PLW2901 (the same name)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found
