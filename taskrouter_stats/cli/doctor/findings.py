"""What a check found: a verdict, what was seen, and what to do next."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from attrs import frozen

from taskrouter_stats import Credentials, SessionOptions
from taskrouter_stats.cli.exit_codes import COMPLETE, TOO_MANY_FAILURES, UNREACHABLE, USAGE
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
from taskrouter_stats.models import environment

__all__ = [
    "Finding",
    "Verdict",
    "address_finding",
    "credentials_finding",
    "exit_code",
    "failed",
    "is_twilios",
]

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
    detail: str
    advice: str | None = None
    code: int = TOO_MANY_FAILURES


def failed(subject: str, error: TaskRouterStatsError, *, essential: bool = False) -> Finding:
    """A check that ended with this error.

    Args:
        subject: what was looked at.
        error: what came of it.
        essential: whether without it nothing else is there.
    """
    wrong = isinstance(error, (Unauthorized, UsageError))
    code = USAGE if wrong or (essential and isinstance(error, NotFound)) else TOO_MANY_FAILURES
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
    return TOO_MANY_FAILURES if answered else UNREACHABLE


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


_WITH_TASKROUTER: Final = {"us1", "ie1"}


def credentials_finding(environ: Mapping[str, str]) -> tuple[Finding, Credentials | None]:
    """Which credentials there are, by the names of their variables."""
    names = [name for name in environment.CREDENTIALS if environ.get(name)]
    told = f"set: {', '.join(names)}" if names else "no variable is set"
    try:
        credentials = Credentials.from_env(environ)
    except UsageError as error:
        advice = (
            "export TWILIO_API_KEY and TWILIO_API_SECRET, or TWILIO_ACCOUNT_SID and "
            "TWILIO_AUTH_TOKEN, of the account that owns the Workspace"
        )
        return Finding(
            "credentials", "not ok", f"{_missing(environ) or error}; {told}", advice, USAGE
        ), None
    note: str | None = None
    if credentials.username.startswith("SK"):
        account = credentials.account_sid
        who = f"API key {credentials.username}" + (f" of account {account}" if account else "")
        if "TWILIO_AUTH_TOKEN" in names:
            note = "the API key is used; TWILIO_AUTH_TOKEN is not needed beside it"
    else:
        who = f"auth token of account {credentials.username}"
    return Finding("credentials", "ok", f"{who}; {told}", note), credentials


def _missing(environ: Mapping[str, str]) -> str | None:
    """The other half of what is set, or None when nothing is missing."""
    key, secret, account, token = (environ.get(name) for name in environment.CREDENTIALS)
    if key or secret:
        return None if key and secret else f"{environment.CREDENTIALS[1 if key else 0]} is missing"
    if account or token:
        return (
            None
            if account and token
            else f"{environment.CREDENTIALS[3 if account else 2]} is missing"
        )
    return "there are none"


def address_finding(base_url: str, options: SessionOptions, *, proxied: bool) -> Finding:
    """Where requests go, and what decided that."""
    region, edge = options.get("region"), options.get("edge")
    if options.get("base_url"):
        decided = "a base URL; region and edge don't apply"
    else:
        decided = f"region {region or 'not set (us1)'}, edge {edge or 'not set'}"
    told = f"{base_url}; {decided}" + ("; through a proxy" if proxied else "")
    advice = None
    if not is_twilios(base_url):
        advice = "this is not Twilio's host: what follows says nothing about Twilio"
    elif region is not None and region not in _WITH_TASKROUTER:
        advice = "TaskRouter is documented for the regions us1 and ie1 only"
    elif region == "ie1" and edge is None:
        advice = "hosts without an edge are announced to end: set TWILIO_EDGE=dublin"
    return Finding("address", "ok", told, advice)


def is_twilios(base_url: str) -> bool:
    """Whether that is a host of Twilio's."""
    return (urlsplit(base_url).hostname or "").endswith(".twilio.com")
