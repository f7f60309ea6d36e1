"""Draws what ``doctor`` found: checks, headers, budgets, and what they settle."""

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
    place_of,
)

__all__ = ["Report"]

_STYLES: Final[dict[Verdict, str]] = {"ok": "green", "not ok": "bold red", "not known": "yellow"}
_PLACES: Final = {
    row.resource_key: place_of(BaseQuery(row, ()))
    for row in ENDPOINTS.values()
    if row.method == "GET"
}
_COLUMNS: Final = (LIMIT, REMAINING, CONFIG, CONCURRENT)
_LONGEST_PLACE: Final = len("/Workers/CumulativeStatistics")


@frozen
class Report:
    """The whole report.

    Attributes:
        base_url: who was asked.
        time: when.
        findings: the checks.
        heard: the replies.
        budgets: what the throttle made of them.
        bound: the pace that no budget could exceed, requests per second.
        settled: open questions with their answers.
    """

    base_url: str
    time: datetime
    findings: Sequence[Finding]
    heard: Sequence[RecordedReply] = ()
    budgets: Sequence[BudgetSnapshot] = ()
    bound: float = math.inf
    settled: Sequence[tuple[str, str]] = ()

    def render(self, shown: Callable[[str], str]) -> RenderableType:
        """What is printed.

        Args:
            shown: makes each text fit to be shown.
        """
        parts = [_headed("Checks", _checks(self.findings, shown))]
        if self.heard:
            title = "Headers as they came, reply by reply (- is none)"
            parts.append(_headed(title, _headers(self.heard, shown)))
        if self.budgets:
            title = f"What the throttle made of them (doctor keeps to {self.bound:g}/s itself)"
            parts.append(_headed(title, _budgets(self.budgets, shown)))
        if self.settled:
            parts.append(_headed("What this account settles", self._settled(shown)))
        return Group(*parts, Text())

    def _settled(self, shown: Callable[[str], str]) -> Table:
        host = urlsplit(self.base_url).netloc
        host += "" if is_twilios(self.base_url) else " (not Twilio's)"
        where = f"{host}, {self.time:%Y-%m-%d %H:%M:%S} UTC"
        program = f"taskrouter-stats {__version__}, aiohttp {version('aiohttp')}, "
        program += f"Python {platform.python_version()}, {platform.system()}"
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for subject, answer in [("asked", where), ("by", program), *self.settled]:
            table.add_row(shown(subject), shown(answer))
        return table


def _headed(title: str, table: Table) -> RenderableType:
    heading = Padding(Text(title, "bold"), (1, 0, 0, 0), expand=False)
    return Group(heading, Padding(table, (0, 0, 0, 1), expand=False))


def _checks(findings: Sequence[Finding], shown: Callable[[str], str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for finding in findings:
        told = Text(shown(finding.detail))
        if finding.advice:
            told.append(f"\nnext: {shown(finding.advice)}", "italic")
        verdict = Text(finding.verdict, _STYLES[finding.verdict])
        table.add_row(verdict, finding.subject, told)
    return table


def _headers(heard: Sequence[RecordedReply], shown: Callable[[str], str]) -> Table:
    """A row for each reply; Retry-After, which is rare, stands below where it came."""
    table = _table("GET", "Status", "Limit", "Remaining", "Config", "Conc.")
    for one in heard:
        texts = [shown(_raw(one.headers.get(name))) for name in _COLUMNS]
        place = one.operation
        if RETRY_AFTER in one.headers:
            place += f"\n  Retry-After: {shown(_raw(one.headers[RETRY_AFTER]))}"
        table.add_row(place, str(one.status), *texts)
    return table


def _budgets(budgets: Sequence[BudgetSnapshot], shown: Callable[[str], str]) -> Table:
    table = _table("GET", "Limit", "Remaining", "Pace", "Sent", "429s", "Next is")
    for budget in budgets:
        place = _PLACES.get(budget.resource_key, budget.resource_key)
        pace = "unbounded" if math.isinf(budget.pace) else f"{budget.pace:.3g}/s"
        table.add_row(
            shown(place),
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
        least = _LONGEST_PLACE if title == titles[0] else len(title)
        table.add_column(title, min_width=least, overflow="fold", header_style="dim")
    return table


def _raw(text: str | None) -> str:
    """A header's text as it is, quoted only when it would look like none."""
    return quoted(text) if text in {None, "", "-"} else quoted(text)[1:-1]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
