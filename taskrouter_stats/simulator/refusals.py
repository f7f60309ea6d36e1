"""Twilio's error bodies: ``{code, message, more_info, status}``.

Source: https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions and
https://www.twilio.com/docs/api/errors.
"""

from typing import Any

LOOKBACK = 30 * 86_400
"""Seconds; an older ``StartDate`` is refused (https://www.twilio.com/docs/api/errors/14241)."""


class Refusal(Exception):
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


def bad_parameter(message: str) -> Refusal:
    """Return the answer to a parameter that can't be read or makes no sense."""
    return Refusal(400, 20001, message)


def too_old() -> Refusal:
    """Return the answer to a window that begins more than 30 days ago."""
    return Refusal(400, 14241, "StartDate is older than 30 days")


def page_without_token() -> Refusal:
    """Return the answer to ``Page=N`` alone (reported of TaskRouter, not documented)."""
    return Refusal(400, 40153, "Page can't be used without a PageToken")


def unauthenticated() -> Refusal:
    """Return the answer to missing or wrong credentials."""
    return Refusal(401, 20003, "Authenticate")


def not_found(path: str) -> Refusal:
    """Return the answer to a path or a SID that nothing belongs to."""
    return Refusal(404, 20404, f"The requested resource {path} was not found")


def wrong_method() -> Refusal:
    """Return the answer to a method that the resource doesn't have."""
    return Refusal(405, 20004, "Method not allowed")


def too_large() -> Refusal:
    """Return the answer to more than anybody has to send."""
    return Refusal(413, 20413, "Request entity too large")


def too_many() -> Refusal:
    """Return the answer to a request beyond the limit."""
    return Refusal(429, 20429, "Too Many Requests")
