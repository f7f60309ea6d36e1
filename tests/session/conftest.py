"""What the session's tests share beside plain modules: HTTP by aioresponses."""

import pytest

from tests.support.plain_throttle import PlainThrottle
from tests.support.servers import Mocked


@pytest.fixture
def plain_throttle(monkeypatch):
    """A throttle whose answers a test can foretell, in place of the one that learns."""
    monkeypatch.setattr("taskrouter_stats.session.pacer.Throttle", PlainThrottle)


@pytest.fixture
def mocked():
    """Answers in place of aiohttp; what was not foreseen is refused as a connection would be."""
    with Mocked() as mocked:
        yield mocked
