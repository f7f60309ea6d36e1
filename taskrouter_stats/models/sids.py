"""SIDs, Twilio's identifiers: two letters for the kind and 32 hexadecimal digits."""

import re
from collections.abc import Callable
from typing import Annotated, Final, NamedTuple

from taskrouter_stats.errors import InvalidSid

__all__ = [
    "IS_SID",
    "KINDS",
    "PATTERNS",
    "AccountSid",
    "ActivitySid",
    "SidKind",
    "TaskChannelSid",
    "TaskQueueSid",
    "TaskSid",
    "WorkerChannelSid",
    "WorkerSid",
    "WorkflowSid",
    "WorkspaceSid",
    "check_sid",
    "sid_kind",
    "sid_of",
]

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
"""The kind of thing that each prefix names (https://www.twilio.com/docs/glossary/what-is-a-sid)."""

_LENGTH = 34
PATTERNS = {prefix: re.compile(prefix + "[0-9a-fA-F]{32}").fullmatch for prefix in KINDS}
"""The function that matches a SID of each kind."""

_OF_MANY: Final = frozenset({"WC", "WK", "WT"})
"""Kinds with so many SIDs that a run hardly meets one of them again."""
_MAX_SEEN: Final = 1024


class _Seen(dict[str, bool]):
    """The SIDs of one kind that were seen lately: to find one costs a tenth of a match."""

    def __init__(self, matches: Callable[[str], object]) -> None:
        super().__init__()
        self._matches = matches

    def __missing__(self, text: str) -> bool:
        """Match a text, and keep it only if it is a SID: another may be long, or a secret."""
        if not self._matches(text):
            return False
        if len(self) >= _MAX_SEEN:
            self.clear()
        self[text] = True
        return True


IS_SID: Final[dict[str, Callable[[str], object]]] = {
    prefix: matches if prefix in _OF_MANY else _Seen(matches).__getitem__
    for prefix, matches in PATTERNS.items()
}
"""The function that tells whether plain text is a SID of each kind, faster than the pattern."""


class SidKind(NamedTuple):
    """The kind of SID that a field of a record holds, named by its prefix."""

    prefix: str


AccountSid = Annotated[str, SidKind("AC")]
WorkspaceSid = Annotated[str, SidKind("WS")]
WorkerSid = Annotated[str, SidKind("WK")]
TaskQueueSid = Annotated[str, SidKind("WQ")]
WorkflowSid = Annotated[str, SidKind("WW")]
ActivitySid = Annotated[str, SidKind("WA")]
TaskChannelSid = Annotated[str, SidKind("TC")]
WorkerChannelSid = Annotated[str, SidKind("WC")]
TaskSid = Annotated[str, SidKind("WT")]


def check_sid(parameter: str, value: object, prefix: str) -> str:
    """Return ``value`` as plain text if it is a SID of that kind.

    Raises:
        InvalidSid: naming the parameter, its value and the expected kind.
    """
    if type(value) is str and IS_SID[prefix](value):
        return value
    if isinstance(value, str) and PATTERNS[prefix](value):
        return str.__str__(value)  # a subclass, such as an enumeration, may have another str()
    raise InvalidSid(parameter, value, prefix, _hint(value, prefix), sid_kind(prefix))


def sid_kind(prefix: str) -> str:
    """Return the kind of SID with its article, such as ``a Worker SID``."""
    kind = KINDS[prefix]
    return f"an {kind} SID" if kind.startswith("A") else f"a {kind} SID"


def sid_of(text: str) -> str:
    """Return a SID with its digits in lower case, and any other text unchanged.

    Twilio documents SIDs as hexadecimal digits in either case, so two spellings are one SID.
    """
    matches = PATTERNS.get(text[:2])
    return text[:2] + text[2:].lower() if matches and matches(text) else text


def _hint(value: object, prefix: str) -> str:
    """Return the likely mistake; of the value, repeat the prefix at most: it may be a secret."""
    text = value.strip() if isinstance(value, str) else ""
    if other := next((known for known, matches in PATTERNS.items() if matches(text)), ""):
        return "remove the blanks" if other == prefix else f"{other} is for {KINDS[other]}"
    if PATTERNS[prefix](text[:2].upper() + text[2:]):
        return f"write {prefix} in capitals"
    wrong_length = _has_wrong_length(text, prefix)
    return f"it has {len(text)} characters, not {_LENGTH}" if wrong_length else ""


def _has_wrong_length(text: str, prefix: str) -> bool:
    return text.isascii() and text.startswith(prefix) and len(text) != _LENGTH
