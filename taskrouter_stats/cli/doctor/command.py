"""``taskrouter-stats doctor``: whether an account and a workspace are fit, and what they tell."""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Final

import click
from attrs import evolve
from rich.console import Console

from taskrouter_stats import RetryPolicy, SessionOptions, TaskRouterSession
from taskrouter_stats.cli.exit_codes import EXIT_CODES_HELP
from taskrouter_stats.cli.fetch.stop import run_until_sigterm
from taskrouter_stats.cli.options.session import session_options
from taskrouter_stats.cli.progress import is_live
from taskrouter_stats.cli.redaction import Redactor, secrets_of
from taskrouter_stats.cli.terminal import errors_console, results_console
from taskrouter_stats.core.rate_limit import parse_headers
from taskrouter_stats.models import Credentials, check_sid
from taskrouter_stats.session.options import options_from_env
from taskrouter_stats.session.transport import HttpSession
from taskrouter_stats.session.urls import find_proxy, resolve_base_url

from .checks import Checks
from .clock_skew import Skew, clock_finding, skew_from_dates, skew_from_end_time
from .findings import Finding, address_finding, credentials_finding, exit_code
from .open_questions import open_questions
from .recorder import ANSWERED, CONFIG, LIMIT, REFUSED, REMAINING, RecordedReply, ReplyRecorder
from .report import Report

__all__ = ["doctor"]

_PACE: Final = 4.0
"""Requests per second and budget, whatever the server permits."""
_MAX_WAIT: Final = 20.0
_PATIENCE: Final = RetryPolicy(attempts=2, refusals=2, max_elapsed=30.0)
_WIDEST: Final = 100

_HELP = f"""Check credentials, address, clock and rate limits with WORKSPACE (WS…).

Asks about eight requests, one at a time, and none that changes anything: the Workspace, its
Workers, one Worker's statistics, those of all Workers together, the TaskQueues. Then it shows
the rate-limit headers as this account gets them, what the throttle made of them, and what that
settles of what Twilio's documents leave open.

The output holds no secret, no Worker's name and only shortened SIDs, so that it can be pasted
into a report.

\b
Credentials come from the environment:
  TWILIO_API_KEY and TWILIO_API_SECRET, or
  TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN
Also read: TWILIO_REGION, TWILIO_EDGE, TASKROUTER_STATS_BASE_URL and
TASKROUTER_STATS_ALLOW_HTTP.

\b
Examples:
  taskrouter-stats doctor WS…
  taskrouter-stats doctor WS… --region ie1 --edge dublin
  taskrouter-stats doctor WS… > report.txt

Exit code 2 is also a 401 or a Workspace that is not there, 3 any other check that is not ok,
5 a server that answered nothing at all.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("workspace")
@click.option("--full-sids", is_flag=True, help="Show SIDs whole instead of shortened.")
@session_options()
def doctor(workspace: str, full_sids: bool, options: SessionOptions) -> int:
    """Check everything, print the report; return the exit code."""
    check_sid("WORKSPACE", workspace, "WS")
    options = options_from_env(options, os.environ)
    base_url = _base_url(options)
    proxy = find_proxy(
        base_url,
        options.get("proxy"),
        trust_env=options.get("trust_env", False),
        allow_http=options.get("allow_http", False),
    )
    about, credentials = credentials_finding(os.environ)
    findings = [about, address_finding(base_url, options, proxied=proxy is not None)]
    diagnosis, answered = Report(base_url, datetime.now(UTC), findings), False
    secrets = secrets_of(os.environ, proxy)
    if credentials is not None:
        secrets.extend(credentials.secrets())
        errors = errors_console()
        waiting = errors.status("Asking a few questions …") if is_live(errors) else nullcontext()
        with waiting:
            diagnosis, answered = run_until_sigterm(
                _examined(diagnosis, workspace, credentials, options)
            )
    _print(results_console(), diagnosis, Redactor.hiding(secrets, full_sids=full_sids))
    return exit_code(diagnosis.findings, answered=answered)


async def _examined(
    diagnosis: Report, workspace: str, credentials: Credentials, options: SessionOptions
) -> tuple[Report, bool]:
    """The report with what the server said, and whether it answered anything."""
    listener = ReplyRecorder()
    bound = min(options.get("pace_limit") or _PACE, _PACE)
    async with HttpSession(middlewares=(listener,)) as http:
        polite: SessionOptions = {
            **options,
            "max_in_flight": 1,
            "pace_limit": bound,
            "max_wait": _MAX_WAIT,
            "retry": _PATIENCE,
            "http": http,
        }
        async with TaskRouterSession(credentials, **polite) as session:
            seen = Checks(session, listener, workspace)
            await seen.run()
            budgets = session.budgets()
    findings = [*diagnosis.findings, *seen.findings, *_overheard(seen)]
    whole = evolve(
        diagnosis,
        findings=findings,
        heard=listener.heard,
        budgets=budgets,
        bound=bound,
        settled=open_questions(seen, region=options.get("region")) if listener.heard else (),
    )
    return whole, seen.answered


def _base_url(options: SessionOptions) -> str:
    return resolve_base_url(
        options.get("base_url"),
        options.get("region"),
        options.get("edge"),
        allow_http=options.get("allow_http", False),
    )


def _overheard(seen: Checks) -> list[Finding]:
    """What the replies say beside their bodies: time, distance, limits."""
    heard = seen.listener.heard
    if not heard:
        return []
    fastest, slowest = min(one.seconds for one in heard), max(one.seconds for one in heard)
    told = (
        f"{fastest * 1000:.0f} ms the fastest, {slowest * 1000:.0f} ms the slowest of {len(heard)}"
    )
    return [
        clock_finding(_skew(seen)),
        Finding("round trip", "ok", told),
        _headers(heard),
        _throttling(heard),
    ]


def _skew(seen: Checks) -> Skew | None:
    """By ``Date``, else by the end of the window that was asked for as ``Minutes``."""
    skew = skew_from_dates(seen.listener.heard)
    cumulative = seen.statistics.cumulative if seen.statistics else None
    if skew is None and cumulative is not None and cumulative.end_time is not None:
        places = [one for one in seen.listener.heard if one.status == ANSWERED]
        first = next(one for one in places if one.operation.endswith("WK…/Statistics"))
        return skew_from_end_time(first, cumulative.end_time)
    return skew


def _headers(heard: Sequence[RecordedReply]) -> Finding:
    """Whether the throttle can read what it lives by."""
    subject = "rate-limit headers"
    successes = [one for one in heard if one.status == ANSWERED]
    if not successes:
        return Finding(subject, "not known", "no success, and only successes are said to have them")
    told = [one for one in successes if {LIMIT, REMAINING, CONFIG} & one.headers.keys()]
    limits = [parse_headers(one.headers) for one in told]
    read = sum(one.limit is not None and one.remaining is not None for one in limits)
    if read == len(successes):
        return Finding(subject, "ok", f"on all {read} successes, Limit and Remaining are numbers")
    count = f"{len(told)} of {len(successes)} successes have them, {read} as numbers"
    advice = "where they are missing or no numbers, bound the pace yourself with --pace-limit"
    return Finding(subject, "not known", count, advice)


def _throttling(heard: Sequence[RecordedReply]) -> Finding:
    refused = sum(one.status == REFUSED for one in heard)
    if not refused:
        return Finding("throttling", "ok", f"none of {len(heard)} replies was a 429")
    advice = "something else spends this budget: find it, or leave it room with --headroom"
    told = f"{refused} of {len(heard)} replies were 429s, at this slow pace"
    return Finding("throttling", "not ok", told, advice)


def _print(console: Console, diagnosis: Report, shown: Redactor) -> None:
    """Print it; for a file without the spaces that only a terminal has a use for."""
    drawn, width = diagnosis.render(shown), min(console.width, _WIDEST)
    if console.is_terminal:
        console.print(drawn, width=width)
        return
    with console.capture() as capture:
        console.print(drawn, width=width)
    lines = [line.rstrip() for line in capture.get().strip("\n").splitlines()]
    console.out("\n".join(lines).strip("\n"), highlight=False)
