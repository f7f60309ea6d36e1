"""Fixtures of the session's tests."""

import pytest

from tests.support.servers import Mocked
from tests.support.simple_throttle import SimpleThrottle


@pytest.fixture
def simple_throttle(monkeypatch):
    """Replace the throttle by one whose decisions a test can predict."""
    monkeypatch.setattr("taskrouter_stats.session.pacer.Throttle", SimpleThrottle)


@pytest.fixture
def mocked():
    """Mock aiohttp with aioresponses; requests without a prepared reply fail to connect."""
    with Mocked() as mocked:
        yield mocked
