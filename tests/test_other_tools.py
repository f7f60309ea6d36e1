"""Snippets of the etl's page for tools that the extra ``test`` does not install."""

import re
from pathlib import Path

import pytest

from taskrouter_stats import etl
from taskrouter_stats.simulator import Simulator
from tests.etl.export_runs import days, export

PAGE = Path(__file__).parent.parent / "taskrouter_stats" / "etl" / "README.md"


def block(language, mark):
    """Return the page's only code block of a language with this text in it."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (text,) = (text for text in found if mark in text)
    return text


@pytest.fixture
async def simulator(tmp_path, monkeypatch):
    """Run a simulator that the environment names, and work in a folder of its own."""
    async with Simulator(workers=6, limit=500, latency=0.0) as running:
        monkeypatch.chdir(tmp_path)
        for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", running.auth[0])
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", running.auth[1])
        monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", running.base_url)
        yield running


async def test_pandas_reads_the_days_of_a_lake(simulator):
    """The snippet turns the categorical days into times, of which sums can be made."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    await export(simulator, etl.ParquetSink("lake"))
    names = {"pandas": pandas}
    exec(block("python", "pandas."), names)
    accepted = names["frame"].groupby("day")["reservations_accepted"].sum()
    assert [day.date() for day in accepted.index] == [
        window.start.astimezone(window.tz).date() for window in days(2)
    ]
