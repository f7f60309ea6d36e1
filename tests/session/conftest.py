"""What the session's tests share beside plain modules: HTTP by aioresponses."""

import pytest

from tests.support.servers import Mocked
from tests.support.simple_throttle import SimpleThrottle


@pytest.fixture
def simple_throttle(monkeypatch):
    """A throttle whose answers a test can foretell, in place of the one that learns."""
    monkeypatch.setattr("taskrouter_stats.session.pacer.Throttle", SimpleThrottle)


@pytest.fixture
def mocked():
    """Answers in place of aiohttp; what was not foreseen is refused as a connection would be."""
    with Mocked() as mocked:
        yield mocked
