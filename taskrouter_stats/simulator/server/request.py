"""Requests as handlers read them, and the error replies to those that are refused.

Error bodies are Twilio's: ``{code, message, more_info, status}``. Sources:
https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions and
https://www.twilio.com/docs/api/errors.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor
from typing import Any

from attrs import frozen

__all__ = [
    "DEFAULT_MINUTES",
    "LOOKBACK",
    "ErrorReply",
    "SimulatedRequest",
    "bad_parameter",
    "is_sid",
    "not_found",
    "page_without_token",
    "too_large",
    "too_many",
    "too_old",
    "unauthenticated",
    "wrong_method",
]

LOOKBACK = 30 * 86_400
"""Seconds; the server refuses an older ``StartDate`` (https://www.twilio.com/docs/api/errors/14241)."""


class ErrorReply(Exception):
    """An error reply, raised by a handler."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, Any]:
        """Return the JSON of the reply."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def bad_parameter(message: str) -> ErrorReply:
    """Return the reply to a parameter that is malformed or out of range."""
    return ErrorReply(400, 20001, message)


def too_old() -> ErrorReply:
    """Return the reply to a window that begins more than 30 days ago."""
    return ErrorReply(400, 14241, "StartDate is older than 30 days")


def page_without_token() -> ErrorReply:
    """Return the reply to ``Page=N`` without a token (reported of TaskRouter, not documented)."""
    return ErrorReply(400, 40153, "Page can't be used without a PageToken")


def unauthenticated() -> ErrorReply:
    """Return the reply to missing or wrong credentials."""
    return ErrorReply(401, 20003, "Authenticate")


def not_found(path: str) -> ErrorReply:
    """Return the reply to an unknown path or SID."""
    return ErrorReply(404, 20404, f"The requested resource {path} was not found")


def wrong_method() -> ErrorReply:
    """Return the reply to a method that the resource does not have."""
    return ErrorReply(405, 20004, "Method not allowed")


def too_large() -> ErrorReply:
    """Return the reply to a body that is too large."""
    return ErrorReply(413, 20413, "Request entity too large")


def too_many() -> ErrorReply:
    """Return the reply to a request beyond the rate limit."""
    return ErrorReply(429, 20429, "Too Many Requests")


DEFAULT_MINUTES = 15
_MAX_MINUTES = 10**9
"""Far more than the lookback, so a long window is refused for its age, not for its value."""

_THRESHOLDS = re.compile(r" *\d{1,9} *(?:, *\d{1,9} *)*", re.ASCII)
_SID = re.compile(r"([A-Z]{2})[0-9a-fA-F]{32}", re.ASCII)


def is_sid(value: object, prefix: str) -> bool:
    """Return whether the value is a SID with this prefix."""
    match = _SID.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[1] == prefix


@frozen
class SimulatedRequest:
    """One request as plain values.

    Attributes:
        path: The path, without the query.
        sids: The SIDs in the path, by their names in the route.
        query: The decoded query parameters; of a repeated one, the first.
        now: The server's time, whole seconds since 1970.
        origin: Scheme and host of the URLs in the reply.
        body: The body.
    """

    path: str
    sids: Mapping[str, str]
    query: Mapping[str, str]
    now: int
    origin: str
    body: bytes = b""

    def sid(self, name: str, prefix: str) -> str | None:
        """Return a SID parameter.

        Args:
            name: The parameter.
            prefix: The SID's first two letters.

        Returns:
            The value, or ``None`` if it is not given.

        Raises:
            ErrorReply: The value is not a SID with this prefix.
        """
        value = self.query.get(name)
        if value is not None and not is_sid(value, prefix):
            raise bad_parameter(f"{name} is not a valid SID")
        return value

    def thresholds(self) -> list[int] | None:
        """Return the seconds of ``SplitByWaitTime``, or ``None`` if it is not given.

        Raises:
            ErrorReply: The value is not a comma-separated list of whole seconds.
        """
        text = self.query.get("SplitByWaitTime")
        if text is None:
            return None
        if not _THRESHOLDS.fullmatch(text):
            raise bad_parameter("SplitByWaitTime must be a comma separated list of seconds")
        return [int(seconds) for seconds in text.split(",")]

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return an integer parameter.

        Args:
            name: The parameter.
            default: The value if it is not given.
            least: The smallest accepted value.
            most: The largest accepted value.

        Returns:
            The value.

        Raises:
            ErrorReply: The value is not an integer, or is out of range.
        """
        text = self.query.get(name)
        if text is None:
            return default
        longest = len(str(most))
        if not (text.isascii() and text.isdigit() and len(text) <= longest):
            raise bad_parameter(f"{name} must be an integer from {least} to {most}")
        value = int(text)
        if not least <= value <= most:
            raise bad_parameter(f"{name} must be an integer from {least} to {most}")
        return value

    def window(self) -> tuple[int, int]:
        """Return the window that ``Minutes``, or ``StartDate`` and ``EndDate``, select.

        Twilio does not document all of it. Here a start without an end means until now, an end
        without a start the default length, and an end in the future means now.

        Returns:
            Start and end, whole seconds since 1970; the end is never before the start.

        Raises:
            ErrorReply: The parameters have both forms, are malformed, end before they start, or
                start more than 30 days ago.
        """
        start, end = self._moment("StartDate"), self._moment("EndDate")
        if start is None and end is None:
            start = self.now - self.integer("Minutes", DEFAULT_MINUTES, 1, _MAX_MINUTES) * 60
        elif "Minutes" in self.query:
            raise bad_parameter("Minutes cannot be used in combination with StartDate and EndDate")
        if start is not None and end is not None and end < start:
            raise bad_parameter("StartDate must not be after EndDate")
        end = self.now if end is None else end
        start = end - DEFAULT_MINUTES * 60 if start is None else start
        if start < self.now - LOOKBACK:
            raise too_old()
        return start, max(start, min(end, self.now))

    def _moment(self, name: str) -> int | None:
        """Return a date-time parameter in whole seconds since 1970; UTC without an offset."""
        text = self.query.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise bad_parameter(f"{name} is not an ISO 8601 date-time") from None
        return floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
