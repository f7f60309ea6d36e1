"""What a request asks for, read from its path and query, or refused as Twilio refuses it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor
from typing import Any

from attrs import frozen

__all__ = []

LOOKBACK = 30 * 86_400
"""Seconds; an older ``StartDate`` is refused (https://www.twilio.com/docs/api/errors/14241)."""


class ErrorReply(Exception):
    """A request that the server answers with an error body."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def bad_parameter(message: str) -> ErrorReply:
    """Return the answer to a parameter that can't be read or makes no sense."""
    return ErrorReply(400, 20001, message)


def too_old() -> ErrorReply:
    """Return the answer to a window that begins more than 30 days ago."""
    return ErrorReply(400, 14241, "StartDate is older than 30 days")


def page_without_token() -> ErrorReply:
    """Return the answer to ``Page=N`` alone (reported of TaskRouter, not documented)."""
    return ErrorReply(400, 40153, "Page can't be used without a PageToken")


def unauthenticated() -> ErrorReply:
    """Return the answer to missing or wrong credentials."""
    return ErrorReply(401, 20003, "Authenticate")


def not_found(path: str) -> ErrorReply:
    """Return the answer to a path or a SID that nothing belongs to."""
    return ErrorReply(404, 20404, f"The requested resource {path} was not found")


def wrong_method() -> ErrorReply:
    """Return the answer to a method that the resource doesn't have."""
    return ErrorReply(405, 20004, "Method not allowed")


def too_large() -> ErrorReply:
    """Return the answer to more than anybody has to send."""
    return ErrorReply(413, 20413, "Request entity too large")


def too_many() -> ErrorReply:
    """Return the answer to a request beyond the limit."""
    return ErrorReply(429, 20429, "Too Many Requests")


DEFAULT_MINUTES = 15
_MOST_MINUTES = 10**9
"""Far beyond the lookback, so that a long window is refused for its age, not for its digits."""

_THRESHOLDS = re.compile(r" *\d{1,9} *(?:, *\d{1,9} *)*", re.ASCII)
_SID = re.compile(r"([A-Z]{2})[0-9a-fA-F]{32}", re.ASCII)


def is_sid(value: object, prefix: str) -> bool:
    """Return whether the value is a SID of the kind with that prefix."""
    match = _SID.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[1] == prefix


@frozen
class SimulatedRequest:
    """One request, freed from HTTP.

    Attributes:
        path: the path, without the query.
        sids: the SIDs in the path, by the names that the route gives them.
        query: the query parameters, unquoted; of a repeated one, the first.
        now: the server's time, whole seconds since 1970.
        origin: scheme and host that URLs in the answer begin with.
        body: what was sent with it.
    """

    path: str
    sids: Mapping[str, str]
    query: Mapping[str, str]
    now: int
    origin: str
    body: bytes = b""

    def sid(self, name: str, prefix: str) -> str | None:
        """Return the SID parameter of that name.

        Args:
            name: The parameter.
            prefix: The two letters of its kind.

        Returns:
            Its value, or ``None`` when it isn't given.

        Raises:
            Refusal: It is no SID of that kind.
        """
        value = self.query.get(name)
        if value is not None and not is_sid(value, prefix):
            raise bad_parameter(f"{name} is not a valid SID")
        return value

    def thresholds(self) -> list[int] | None:
        """Return the seconds of ``SplitByWaitTime``, or ``None`` when it isn't given.

        Raises:
            Refusal: It is no comma-separated list of whole seconds.
        """
        text = self.query.get("SplitByWaitTime")
        if text is None:
            return None
        if not _THRESHOLDS.fullmatch(text):
            raise bad_parameter("SplitByWaitTime must be a comma separated list of seconds")
        return [int(seconds) for seconds in text.split(",")]

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return the integer parameter of that name.

        Args:
            name: The parameter.
            default: Its value when it isn't given.
            least: The smallest value that is accepted.
            most: The largest one.

        Returns:
            Its value.

        Raises:
            Refusal: It is no integer, or out of range.
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

        Half of it is undocumented: a start alone runs until now, an end alone has the default
        length, and what lies in the future is left out.

        Returns:
            Start and end, whole seconds since 1970; the end is never before the start.

        Raises:
            Refusal: Both forms at once, unreadable, backwards, or older than 30 days.
        """
        start, end = self._moment("StartDate"), self._moment("EndDate")
        if start is None and end is None:
            start = self.now - self.integer("Minutes", DEFAULT_MINUTES, 1, _MOST_MINUTES) * 60
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
        """Return the date-time parameter of that name, in whole seconds; GMT unless it says so."""
        text = self.query.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise bad_parameter(f"{name} is not an ISO 8601 date-time") from None
        return floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
