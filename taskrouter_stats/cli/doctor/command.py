"""``taskrouter-stats doctor``: check an account and a workspace, and report the headers."""

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
from taskrouter_stats.cli.options.session import ENVIRONMENT_HELP, session_options
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
from .findings import (
    Finding,
    address_finding,
    credentials_finding,
    exit_code,
    store_findings,
)
from .open_questions import open_questions
from .recorder import ANSWERED, CONFIG, LIMIT, REFUSED, REMAINING, RecordedReply, ReplyRecorder
from .report import Report

__all__ = ["doctor"]

_PACE: Final = 4.0
"""Maximum requests per second and budget."""
_MAX_WAIT: Final = 20.0
_RETRY: Final = RetryPolicy(attempts=2, refusals=2, max_elapsed=30.0)
_MAX_WIDTH: Final = 100

_HELP = f"""Check credentials, address, clock and rate limits with WORKSPACE (WS…).

Sends about eight requests, one at a time, all of them GET: the workspace, its workers, one worker's
statistics, the sums of all workers, the TaskQueues. Then shows the rate-limit headers that this
account receives, how the throttle reads them, and the answers to questions that Twilio's documents
leave open.

The output contains no secret, no worker's name and only shortened SIDs, so it can be published.

{ENVIRONMENT_HELP}

\b
Examples:
  taskrouter-stats doctor WS…
  taskrouter-stats doctor WS… --region ie1 --edge dublin
  taskrouter-stats doctor WS… > report.txt

Exit code 2: HTTP 401 or a workspace that does not exist; 3: another check is not ok; 5: the server
answered no request.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("workspace")
@click.option("--full-sids", is_flag=True, help="Show SIDs whole instead of shortened.")
@session_options()
def doctor(workspace: str, full_sids: bool, options: SessionOptions) -> int:
    """Run all checks, print the report, and return the exit code."""
    check_sid("WORKSPACE", workspace, "WS")
    options = options_from_env(options, os.environ)
    base_url = _base_url(options)
    proxy = find_proxy(
        base_url,
        options.get("proxy"),
        trust_env=options.get("trust_env", False),
        allow_http=options.get("allow_http", False),
    )
    credentials_result, credentials = credentials_finding(os.environ)
    findings = [credentials_result, address_finding(base_url, options, proxied=proxy is not None)]
    findings += store_findings(os.environ)
    report, answered = Report(base_url, datetime.now(UTC), findings), False
    secrets = secrets_of(os.environ, proxy)
    if credentials is not None:
        secrets.extend(credentials.secrets())
        errors = errors_console()
        status = errors.status("Sending requests …") if is_live(errors) else nullcontext()
        with status:
            report, answered = run_until_sigterm(
                _run_checks(report, workspace, credentials, options)
            )
    _print(results_console(), report, Redactor.hiding(secrets, full_sids=full_sids))
    return exit_code(report.findings, answered=answered)


async def _run_checks(
    report: Report, workspace: str, credentials: Credentials, options: SessionOptions
) -> tuple[Report, bool]:
    """Return the report with the server's replies, and whether any request succeeded."""
    recorder = ReplyRecorder()
    max_pace = min(options.get("pace_limit") or _PACE, _PACE)
    async with HttpSession(middlewares=(recorder,)) as http:
        slow: SessionOptions = {
            **options,
            "max_in_flight": 1,
            "pace_limit": max_pace,
            "max_wait": _MAX_WAIT,
            "retry": _RETRY,
            "http": http,
        }
        async with TaskRouterSession(credentials, **slow) as session:
            checks = Checks(session, recorder, workspace)
            await checks.run()
            budgets = session.budgets()
    findings = [*report.findings, *checks.findings, *_reply_findings(checks)]
    report = evolve(
        report,
        findings=findings,
        replies=recorder.replies,
        budgets=budgets,
        max_pace=max_pace,
        answers=open_questions(checks, region=options.get("region")) if recorder.replies else (),
    )
    return report, checks.answered


def _base_url(options: SessionOptions) -> str:
    return resolve_base_url(
        options.get("base_url"),
        options.get("region"),
        options.get("edge"),
        allow_http=options.get("allow_http", False),
    )


def _reply_findings(checks: Checks) -> list[Finding]:
    """Return the findings about all replies: clock, round trip, headers, 429s."""
    replies = checks.recorder.replies
    if not replies:
        return []
    seconds = [reply.seconds for reply in replies]
    detail = f"{min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} ms in {len(replies)} replies"
    return [
        clock_finding(_skew(checks)),
        Finding("round trip", "ok", detail),
        _headers(replies),
        _throttling(replies),
    ]


def _skew(checks: Checks) -> Skew | None:
    """Return the skew by ``Date``, or by the end of a window that was requested as ``Minutes``."""
    replies = checks.recorder.replies
    skew = skew_from_dates(replies)
    cumulative = checks.statistics.cumulative if checks.statistics else None
    if skew is None and cumulative is not None and cumulative.end_time is not None:
        successes = [reply for reply in replies if reply.status == ANSWERED]
        first = next(one for one in successes if one.operation.endswith("WK…/Statistics"))
        return skew_from_end_time(first, cumulative.end_time)
    return skew


def _headers(replies: Sequence[RecordedReply]) -> Finding:
    """Return the finding about the headers that the throttle requires."""
    subject = "rate-limit headers"
    successes = [reply for reply in replies if reply.status == ANSWERED]
    if not successes:
        return Finding(subject, "not known", "no success; Twilio documents them for successes only")
    with_headers = [one for one in successes if {LIMIT, REMAINING, CONFIG} & one.headers.keys()]
    limits = [parse_headers(reply.headers) for reply in with_headers]
    read = sum(limit.limit is not None and limit.remaining is not None for limit in limits)
    if read == len(successes):
        return Finding(subject, "ok", f"on all {read} successes, Limit and Remaining are numbers")
    count = f"{len(with_headers)} of {len(successes)} successes have them, {read} as numbers"
    advice = "set --pace-limit, because headers are missing or are not numbers"
    return Finding(subject, "not known", count, advice)


def _throttling(replies: Sequence[RecordedReply]) -> Finding:
    refused = sum(reply.status == REFUSED for reply in replies)
    if not refused:
        return Finding("throttling", "ok", f"none of {len(replies)} replies was a 429")
    advice = (
        "another client uses the same rate limit: stop it, or reserve its share with --headroom"
    )
    detail = f"{refused} of {len(replies)} replies were 429s, although doctor sends slowly"
    return Finding("throttling", "not ok", detail, advice)


def _print(console: Console, report: Report, redact: Redactor) -> None:
    """Print the report, without trailing spaces if the output is not a terminal."""
    drawn, width = report.render(redact), min(console.width, _MAX_WIDTH)
    if console.is_terminal:
        console.print(drawn, width=width)
        return
    with console.capture() as capture:
        console.print(drawn, width=width)
    lines = [line.rstrip() for line in capture.get().strip("\n").splitlines()]
    console.out("\n".join(lines).strip("\n"), highlight=False)
