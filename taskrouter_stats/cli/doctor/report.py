"""The report of ``doctor``: checks, headers, budgets, and answers to open questions."""

import math
import platform
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

from attrs import frozen
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from taskrouter_stats import BudgetSnapshot, __version__
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.core.query import BaseQuery

from .findings import Finding, Verdict, is_twilios
from .open_questions import quoted
from .recorder import (
    CONCURRENT,
    CONFIG,
    LIMIT,
    REMAINING,
    RETRY_AFTER,
    RecordedReply,
    operation_of,
)

__all__ = ["Report"]

_STYLES: Final[dict[Verdict, str]] = {"ok": "green", "not ok": "bold red", "not known": "yellow"}
_OPERATIONS: Final = {
    row.resource_key: operation_of(BaseQuery(row, ()))
    for row in ENDPOINTS.values()
    if row.method == "GET"
}
_COLUMNS: Final = (LIMIT, REMAINING, CONFIG, CONCURRENT)
_LONGEST_OPERATION: Final = len("/Workers/CumulativeStatistics")


@frozen
class Report:
    """Report of all checks.

    Attributes:
        base_url: the server.
        time: the start of the checks.
        findings: the findings.
        replies: the replies.
        budgets: the throttle's budgets after them.
        max_pace: the maximum pace of a budget, requests per second.
        answers: open questions with their answers.
    """

    base_url: str
    time: datetime
    findings: Sequence[Finding]
    replies: Sequence[RecordedReply] = ()
    budgets: Sequence[BudgetSnapshot] = ()
    max_pace: float = math.inf
    answers: Sequence[tuple[str, str]] = ()

    def render(self, redact: Callable[[str], str]) -> RenderableType:
        """Return the report for a console.

        Args:
            redact: removes secrets from a text.
        """
        parts = [_headed("Checks", _checks(self.findings, redact))]
        if self.replies:
            title = "Headers as received, one reply per row (-: absent)"
            parts.append(_headed(title, _headers(self.replies, redact)))
        if self.budgets:
            title = f"The throttle's budgets (doctor sends {self.max_pace:g}/s at most)"
            parts.append(_headed(title, _budgets(self.budgets, redact)))
        if self.answers:
            parts.append(_headed("Answers to open questions", self._answers(redact)))
        return Group(*parts, Text())

    def _answers(self, redact: Callable[[str], str]) -> Table:
        host = urlsplit(self.base_url).netloc
        host += "" if is_twilios(self.base_url) else " (not Twilio's)"
        where = f"{host}, {self.time:%Y-%m-%d %H:%M:%S} UTC"
        program = f"taskrouter-stats {__version__}, aiohttp {version('aiohttp')}, "
        program += f"Python {platform.python_version()}, {platform.system()}"
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for subject, answer in [("server", where), ("client", program), *self.answers]:
            table.add_row(redact(subject), redact(answer))
        return table


def _headed(title: str, table: Table) -> RenderableType:
    heading = Padding(Text(title, "bold"), (1, 0, 0, 0), expand=False)
    return Group(heading, Padding(table, (0, 0, 0, 1), expand=False))


def _checks(findings: Sequence[Finding], redact: Callable[[str], str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for finding in findings:
        detail = Text(redact(finding.detail))
        if finding.advice:
            detail.append(f"\nnext: {redact(finding.advice)}", "italic")
        verdict = Text(finding.verdict, _STYLES[finding.verdict])
        table.add_row(verdict, finding.subject, detail)
    return table


def _headers(replies: Sequence[RecordedReply], redact: Callable[[str], str]) -> Table:
    """Return a table with one row per reply; Retry-After, which is rare, has its own line."""
    table = _table("GET", "Status", "Limit", "Remaining", "Config", "Conc.")
    for reply in replies:
        texts = [redact(_raw(reply.headers.get(name))) for name in _COLUMNS]
        operation = reply.operation
        if RETRY_AFTER in reply.headers:
            operation += f"\n  Retry-After: {redact(_raw(reply.headers[RETRY_AFTER]))}"
        table.add_row(operation, str(reply.status), *texts)
    return table


def _budgets(budgets: Sequence[BudgetSnapshot], redact: Callable[[str], str]) -> Table:
    table = _table("GET", "Limit", "Remaining", "Pace", "Sent", "429s", "Next")
    for budget in budgets:
        operation = _OPERATIONS.get(budget.resource_key, budget.resource_key)
        pace = "unbounded" if math.isinf(budget.pace) else f"{budget.pace:.3g}/s"
        table.add_row(
            redact(operation),
            _number(budget.limit),
            _number(budget.remaining),
            pace,
            str(budget.sent),
            str(budget.refused),
            budget.reason,
        )
    return table


def _table(*titles: str) -> Table:
    table = Table.grid(padding=(0, 2))
    table.show_header = True
    for title in titles:
        width = _LONGEST_OPERATION if title == titles[0] else len(title)
        table.add_column(title, min_width=width, overflow="fold", header_style="dim")
    return table


def _raw(text: str | None) -> str:
    """Return a header's value, quoted only if it would look like an absent header."""
    return quoted(text) if text in {None, "", "-"} else quoted(text)[1:-1]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
