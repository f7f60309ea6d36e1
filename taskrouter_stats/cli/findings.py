"""What a check found: a verdict, what was seen, and what to do next."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from attrs import frozen

from taskrouter_stats.errors import (
    ApiError,
    ConnectionFailed,
    NotFound,
    PayloadError,
    RateLimited,
    TaskRouterStatsError,
    Unauthorized,
    UsageError,
)

from .exits import COMPLETE, FAILURES, UNREACHABLE, USAGE

__all__ = ["Finding", "Verdict", "exit_code", "failed"]

Verdict: TypeAlias = Literal["ok", "not ok", "not known"]

_REACH: Final = "check the address above, DNS, the proxy (--proxy, --trust-env) and the firewall"
_BODY: Final = "is that address Twilio's? if it is, report this: the description says otherwise"


@frozen
class Finding:
    """One line of the report.

    Attributes:
        subject: what was looked at.
        verdict: how it is.
        told: what was seen.
        advice: what to do next, or None.
        code: the exit code that it asks for when it is not ok.
    """

    subject: str
    verdict: Verdict
    told: str
    advice: str | None = None
    code: int = FAILURES


def failed(subject: str, error: TaskRouterStatsError, *, essential: bool = False) -> Finding:
    """A check that ended with this error.

    Args:
        subject: what was looked at.
        error: what came of it.
        essential: whether without it nothing else is there.
    """
    wrong = isinstance(error, (Unauthorized, UsageError))
    code = USAGE if wrong or (essential and isinstance(error, NotFound)) else FAILURES
    return Finding(subject, "not ok", _told(error), _advice(error), code)


def exit_code(findings: Iterable[Finding], *, answered: bool) -> int:
    """The exit code of a run with these findings.

    Args:
        findings: all of them.
        answered: whether the server answered any question.
    """
    codes = {finding.code for finding in findings if finding.verdict == "not ok"}
    if USAGE in codes:
        return USAGE
    if not codes:
        return COMPLETE
    return FAILURES if answered else UNREACHABLE


def _told(error: TaskRouterStatsError) -> str:
    """The error's words without its hint, which stands below them."""
    if not isinstance(error, ApiError):
        return str(error)
    code = "" if error.code is None else f", code {error.code}"
    said = f": {error.message}" if error.message else ""
    request = f" [{error.request_id}]" if error.request_id else ""
    return f"HTTP {error.status}{code}{said}{request}"


def _advice(error: TaskRouterStatsError) -> str | None:
    match error:
        case RateLimited():
            return "something else spends this budget: wait, or stop it, and run this again"
        case ApiError():
            return error.hint
        case ConnectionFailed():
            return _REACH
        case PayloadError():
            return _BODY
        case _:
            return None
