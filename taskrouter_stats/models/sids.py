"""SIDs: Twilio's names for things, two letters for the kind and 32 hexadecimal digits."""

import re

from taskrouter_stats.errors import InvalidSid

__all__ = ["KINDS", "check_sid"]

KINDS = {
    "AC": "Account",
    "SK": "API key",
    "WS": "Workspace",
    "WK": "Worker",
    "WQ": "TaskQueue",
    "WW": "Workflow",
    "WA": "Activity",
    "TC": "TaskChannel",
    "WC": "WorkerChannel",
    "WT": "Task",
}
"""What each prefix names (https://www.twilio.com/docs/glossary/what-is-a-sid)."""

_PATTERNS = {prefix: re.compile(prefix + "[0-9a-fA-F]{32}").fullmatch for prefix in KINDS}


def check_sid(parameter: str, value: object, prefix: str) -> str:
    """Return ``value`` when it is a SID of that kind.

    Raises:
        InvalidSid: naming the parameter, its value and the kind that is expected.
    """
    if isinstance(value, str) and _PATTERNS[prefix](value):
        return value
    raise InvalidSid(parameter, value, prefix)
