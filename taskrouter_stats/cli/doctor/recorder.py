"""Recorder of the headers of each reply, as the server sent them.

The session keeps numbers only. The recorder is a middleware of the aiohttp session that the
``TaskRouterSession`` uses.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import define, field, frozen

from taskrouter_stats.core.query import BaseQuery

__all__ = ["ANSWERED", "CONCURRENT", "CONFIG", "LIMIT", "REFUSED", "REMAINING", "RETRY_AFTER"]
__all__ += ["RecordedReply", "ReplyRecorder", "operation_of", "other_limit_headers"]

ANSWERED, REFUSED = 200, 429
LIMIT, REMAINING = "x-rate-limit-limit", "x-rate-limit-remaining"
CONFIG, RETRY_AFTER = "x-rate-limit-config", "retry-after"
CONCURRENT = "twilio-concurrent-requests"

_WORKSPACE: Final = "/v1/Workspaces/{workspace_sid}"
_LIMIT_WORDS: Final = ("rate", "limit", "retry", "quota", "throttl")


@frozen
class RecordedReply:
    """Status and headers of one reply.

    Attributes:
        operation: the requested operation; see :func:`operation_of`.
        status: the HTTP status.
        headers: all headers; names in lower case, values unchanged.
        sent_time: when the request was sent, by this machine's clock.
        received_time: when the headers arrived, by this machine's clock.
        seconds: time between the two, by a monotonic clock.
    """

    operation: str
    status: int
    headers: Mapping[str, str]
    sent_time: datetime
    received_time: datetime
    seconds: float


@define
class ReplyRecorder:
    """Middleware that records every reply of a session, including those that are retried.

    Attributes:
        operation: the operation that is requested now.
        sent: number of requests sent.
        replies: the replies, in order.
    """

    operation: str = ""
    sent: int = 0
    replies: list[RecordedReply] = field(factory=list[RecordedReply])

    async def __call__(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Send the request and record the reply."""
        self.sent += 1
        operation, sent_time, began = self.operation, datetime.now(UTC), time.perf_counter()
        response = await handler(request)
        seconds = time.perf_counter() - began
        headers = _lower(response.headers)
        received_time = datetime.now(UTC)
        self.replies.append(
            RecordedReply(operation, response.status, headers, sent_time, received_time, seconds)
        )
        return response

    def at(self, operation: str) -> list[RecordedReply]:
        """Return the replies of one operation."""
        return [reply for reply in self.replies if reply.operation == operation]


def operation_of(query: BaseQuery[Any]) -> str:
    """Return the path below the workspace as the operation's name: ``/Workers/WK…/Statistics``."""
    path = query.endpoint.path.removeprefix(_WORKSPACE) or "(the Workspace)"
    return path.replace("{worker_sid}", "WK…")


def other_limit_headers(reply: RecordedReply) -> dict[str, str]:
    """Return headers whose names suggest a limit, without the five known ones."""
    known = {LIMIT, REMAINING, CONFIG, RETRY_AFTER, CONCURRENT}
    return {
        name: text
        for name, text in reply.headers.items()
        if name not in known and any(word in name for word in _LIMIT_WORDS)
    }


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with names in lower case; join the values of a repeated header."""
    lower: dict[str, str] = {}
    for name, text in headers.items():
        name = name.lower()  # noqa: PLW2901 (the same name)
        lower[name] = f"{lower[name]}, {text}" if name in lower else text
    return lower
