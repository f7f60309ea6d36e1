"""The metric families of a snapshot."""

import sys
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from taskrouter_stats import errors
from taskrouter_stats.models import LiveWorker, Worker
from taskrouter_stats.web.measures import exposition, families, prometheus
from taskrouter_stats.web.snapshot import Snapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def worker(number, attributes, activity="Available"):
    """Return a listed Worker."""
    found = Worker(sid=f"WK{number:032x}", attributes=attributes, activity_name=activity)
    return LiveWorker.listed(found, NOW, NOW)


def by_team(workers):
    """Return the counts by team of an exposition, as the official parser reads it."""
    snapshots = {"WS1": Snapshot(workers=workers)}
    text = exposition(families(snapshots, ttl=15, attribute="team")).decode()
    return {
        (sample.labels["value"], sample.labels["activity"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "taskrouter_workers_by_attribute"
    }


def test_workers_are_counted_by_team_and_activity():
    """Workers with the same value and Activity are one sample; odd attributes count as empty."""
    texts = ['{"team": "a"}', '{"team": "a"}', '{"team": 5}', '{"team": ["a"]}', "[", None, "{}"]
    counts = by_team([worker(n, text) for n, text in enumerate(texts)])
    assert counts == {("a", "Available"): 2, ("5", "Available"): 1, ("", "Available"): 4}


def test_labels_do_not_explode():
    """Of 5,000 Workers with a value each, 100 values have a label and the others share one."""
    counts = by_team([worker(n, f'{{"team": "t{n}"}}') for n in range(5_000)])
    assert len(counts) == 101
    assert counts["other", "Available"] == 4_900


def test_any_text_is_escaped():
    """A name with quotes, backslashes and line ends reads back as it is."""
    odd = 'a"b\\c\nd{}=,'
    assert by_team([worker(1, "{}", activity=odd)]) == {("", odd): 1}


def test_a_part_that_is_missing_is_not_up():
    """A snapshot with an error shows its other parts, and is not up."""
    snapshot = Snapshot(workers=[], errors={"queues": errors.NotFound(404)})
    text = exposition(families({"WS1": snapshot, "WS2": None}, ttl=15, attribute=None)).decode()
    assert 'taskrouter_up{workspace="WS1"} 0.0' in text
    assert 'taskrouter_up{workspace="WS2"} 0.0' in text


def test_without_the_library(monkeypatch):
    """The error of a missing library holds the line that installs it."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(errors.MissingExtra, match=r"taskrouter-stats\[prometheus\]"):
        prometheus()
