"""Findings of checks: a verdict, what was observed, and advice.

The findings about credentials and address come from the environment and the options, before a
request is sent.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from attrs import frozen

from taskrouter_stats import Credentials, SessionOptions
from taskrouter_stats.cli.exit_codes import COMPLETE, TOO_MANY_FAILURES, UNREACHABLE, USAGE
from taskrouter_stats.cli.options.shared import check_store
from taskrouter_stats.errors import (
    ApiError,
    ConfigError,
    ConnectionFailed,
    NotFound,
    PayloadError,
    RateLimited,
    TaskRouterStatsError,
    Unauthorized,
    UsageError,
)
from taskrouter_stats.models import environment
from taskrouter_stats.models.redaction import masked

__all__ = [
    "Finding",
    "Verdict",
    "address_finding",
    "credentials_finding",
    "exit_code",
    "failed",
    "is_twilios",
    "store_findings",
]

Verdict: TypeAlias = Literal["ok", "not ok", "not known"]

_REACH: Final = "check the address above, DNS, the proxy (--proxy, --trust-env) and the firewall"
_BODY: Final = (
    "check that the address is Twilio's; if it is, report this: the reply is not as documented"
)


@frozen
class Finding:
    """Line of the report.

    Attributes:
        subject: what was checked.
        verdict: the result.
        detail: what was observed.
        advice: what to do, or None.
        code: the exit code if the verdict is "not ok".
    """

    subject: str
    verdict: Verdict
    detail: str
    advice: str | None = None
    code: int = TOO_MANY_FAILURES


def failed(subject: str, error: TaskRouterStatsError, *, essential: bool = False) -> Finding:
    """Return the finding of a check that ended with this error.

    Args:
        subject: what was checked.
        error: the error.
        essential: whether no other check can succeed without this one.
    """
    wrong = isinstance(error, (Unauthorized, UsageError))
    code = USAGE if wrong or (essential and isinstance(error, NotFound)) else TOO_MANY_FAILURES
    return Finding(subject, "not ok", _detail(error), _advice(error), code)


def exit_code(findings: Iterable[Finding], *, answered: bool) -> int:
    """Return the exit code for these findings.

    Args:
        findings: all findings.
        answered: whether the server answered any request successfully.
    """
    codes = {finding.code for finding in findings if finding.verdict == "not ok"}
    if USAGE in codes:
        return USAGE
    if not codes:
        return COMPLETE
    return TOO_MANY_FAILURES if answered else UNREACHABLE


def _detail(error: TaskRouterStatsError) -> str:
    """Return the error's message without its hint, which is the advice."""
    if not isinstance(error, ApiError):
        return str(error)
    code = "" if error.code is None else f", code {error.code}"
    message = f": {error.message}" if error.message else ""
    request = f" [{error.request_id}]" if error.request_id else ""
    return f"HTTP {error.status}{code}{message}{request}"


def _advice(error: TaskRouterStatsError) -> str | None:
    match error:
        case RateLimited():
            return "another client uses the same rate limit: wait, or stop it, and run doctor again"
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
    """Return the finding about the credentials of the environment, and the credentials."""
    names = [name for name in environment.CREDENTIALS if environ.get(name)]
    variables = f"set: {', '.join(names)}" if names else "no variable is set"
    try:
        credentials = Credentials.from_env(environ)
    except UsageError as error:
        advice = (
            "export TWILIO_API_KEY and TWILIO_API_SECRET, or TWILIO_ACCOUNT_SID and "
            "TWILIO_AUTH_TOKEN, of the account that has the workspace"
        )
        return Finding(
            "credentials", "not ok", f"{_missing(environ) or error}; {variables}", advice, USAGE
        ), None
    note: str | None = None
    if credentials.username.startswith("SK"):
        account = credentials.account_sid
        who = f"API key {credentials.username}" + (f" of account {account}" if account else "")
        if "TWILIO_AUTH_TOKEN" in names:
            note = "the API key is used; unset TWILIO_AUTH_TOKEN, which is not used"
    else:
        who = f"auth token of account {credentials.username}"
    return Finding("credentials", "ok", f"{who}; {variables}", note), credentials


def store_findings(environ: Mapping[str, str]) -> list[Finding]:
    """Return the finding about the store that processes share, if the environment names one."""
    url = masked(environ.get(environment.SHARED))
    if not url:
        return []
    subject, advice = "shared limits", f"correct {environment.SHARED}, or unset it"
    try:
        reason = check_store(url)
    except ConfigError as error:
        return [Finding(subject, "not ok", str(error), advice)]
    if reason is None:
        return [Finding(subject, "ok", "the server takes writes from this machine")]
    note = "until it answers, each process goes on with its copy of the limits"
    return [Finding(subject, "not ok", reason, note)]


def _missing(environ: Mapping[str, str]) -> str | None:
    """Return which variable of a pair is missing, or None if no variable is."""
    key, secret, account, token = (environ.get(name) for name in environment.CREDENTIALS)
    if key or secret:
        return None if key and secret else f"{environment.CREDENTIALS[1 if key else 0]} is missing"
    if account or token:
        return (
            None
            if account and token
            else f"{environment.CREDENTIALS[3 if account else 2]} is missing"
        )
    return "there are no credentials"


def address_finding(base_url: str, options: SessionOptions, *, proxied: bool) -> Finding:
    """Return the finding about the server's address, and which options decided it."""
    region, edge = options.get("region"), options.get("edge")
    if options.get("base_url"):
        source = "from a base URL; region and edge do not apply"
    else:
        source = f"region {region or 'not set (us1)'}, edge {edge or 'not set'}"
    detail = f"{base_url}; {source}" + ("; through a proxy" if proxied else "")
    advice = None
    if not is_twilios(base_url):
        advice = "this host is not Twilio's: the findings do not apply to Twilio"
    elif region is not None and region not in _WITH_TASKROUTER:
        advice = "Twilio documents TaskRouter for the regions us1 and ie1 only: check the region"
    elif region == "ie1" and edge is None:
        advice = "Twilio announced the end of hosts without an edge: set TWILIO_EDGE=dublin"
    return Finding("address", "ok", detail, advice)


def is_twilios(base_url: str) -> bool:
    """Return whether the host is Twilio's."""
    return (urlsplit(base_url).hostname or "").endswith(".twilio.com")
