"""A session's options, given and from the environment."""

import math

import pytest

from taskrouter_stats import RetryPolicy, TaskRouterSession
from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.session.options import options_from_env
from tests.support.fakes import ACCOUNT, CREDENTIALS, TOKEN

NAN = math.nan


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_in_flight", [0, -1, True, 1.5, "5", None, NAN]),
        ("timeout", [0, -1, NAN, math.inf, None, "30", True]),
        ("max_wait", [-1, NAN, math.inf, "1", True]),
        ("pace_limit", [0, -1, NAN, math.inf, "1"]),
        ("headroom", [-0.1, 1, 1.5, NAN, None, "0"]),
        ("reserve", [-0.1, 1, 1.5, NAN, None, "0", True]),
        ("retry", [None, 5, "often"]),
    ],
)
def test_invalid_values(name, values):
    """An invalid value raises InvalidParameter with the option's name."""
    for value in values:
        with pytest.raises(InvalidParameter, match=name):
            TaskRouterSession(CREDENTIALS, **{name: value})


@pytest.mark.parametrize(("headroom", "reserve"), [(0.5, 0.5), (0.9, 0.1), (0.7, 0.3), (0.2, 0.9)])
def test_headroom_and_reserve_leave_something_to_bulk(headroom, reserve):
    """A headroom and a reserve that together are the whole budget raise InvalidParameter."""
    with pytest.raises(InvalidParameter, match="reserve") as caught:
        TaskRouterSession(CREDENTIALS, headroom=headroom, reserve=reserve)
    assert caught.value.parameter == "reserve"
    TaskRouterSession(CREDENTIALS, headroom=headroom, reserve=0.99 * (1 - headroom))


@pytest.mark.parametrize("credentials", [None, (ACCOUNT, TOKEN), TOKEN])
def test_credentials_are_never_shown(credentials):
    """A value that is not Credentials raises an error that does not show it."""
    with pytest.raises(InvalidParameter, match="credentials") as caught:
        TaskRouterSession(credentials)
    assert TOKEN not in str(caught.value)


def test_extreme_values():
    """Extreme values that make sense are valid."""
    TaskRouterSession(
        CREDENTIALS,
        max_in_flight=1,
        timeout=0.001,
        max_wait=0,
        pace_limit=0.001,
        headroom=0.49,
        reserve=0.5,
        retry=RetryPolicy(attempts=1, base=0, cap=0, max_elapsed=0, refusals=1),
    )


def test_the_proxy_is_not_shown():
    """Neither repr of the session nor of its settings shows a proxy's password."""
    session = TaskRouterSession(CREDENTIALS, proxy="http://user:hunter2@proxy.example")
    assert "hunter2" not in repr(session) + repr(session._settings)
    assert TOKEN not in repr(session) + repr(session._settings)


class TestEnvironment:
    """Options from the environment."""

    @pytest.mark.parametrize(
        ("options", "environ", "taken"),
        [
            ({}, {}, {}),
            ({}, {"TWILIO_REGION": "ie1"}, {"region": "ie1"}),
            ({}, {"TWILIO_REGION": "", "TWILIO_EDGE": ""}, {}),
            ({"region": "au1"}, {"TWILIO_REGION": "ie1"}, {"region": "au1"}),
            (
                {"timeout": 5},
                {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"},
                {"timeout": 5, "region": "ie1", "edge": "dublin"},
            ),
            (
                {},
                {"TASKROUTER_STATS_BASE_URL": "http://[::1]:1", "TWILIO_REGION": "ie1"},
                {"base_url": "http://[::1]:1"},
            ),
            (
                {"base_url": "http://[::1]:2"},
                {"TASKROUTER_STATS_BASE_URL": "http://[::1]:1", "TWILIO_EDGE": "dublin"},
                {"base_url": "http://[::1]:2"},
            ),
            ({"region": "ie1"}, {"TASKROUTER_STATS_BASE_URL": "http://x"}, {"region": "ie1"}),
        ],
    )
    def test_options_win(self, options, environ, taken):
        """Given options win over the environment; a base URL wins over region and edge."""
        assert options_from_env(options, environ) == taken

    @pytest.mark.parametrize("text", ["1", "true", " YES ", "on"])
    def test_a_switch_is_on(self, text):
        """These words allow plain http."""
        environ = {"TASKROUTER_STATS_ALLOW_HTTP": text}
        assert options_from_env({}, environ) == {"allow_http": True}
        assert options_from_env({"allow_http": False}, environ) == {"allow_http": False}

    @pytest.mark.parametrize("text", ["", "0", "False", "no", "off"])
    def test_a_switch_is_off(self, text):
        """These words do not allow plain http."""
        assert options_from_env({}, {"TASKROUTER_STATS_ALLOW_HTTP": text}) == {"allow_http": False}

    def test_a_switch_is_neither(self):
        """Any other word raises ConfigError with the variable's name."""
        with pytest.raises(ConfigError, match="TASKROUTER_STATS_ALLOW_HTTP"):
            options_from_env({}, {"TASKROUTER_STATS_ALLOW_HTTP": "maybe"})

    def test_a_session_from_the_environment(self, monkeypatch):
        """A session takes credentials and host from the environment."""
        for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_REGION", "TWILIO_EDGE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
        monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", "http://127.0.0.1:9/")
        session = TaskRouterSession.from_env(timeout=3)
        expected = f"<TaskRouterSession http://127.0.0.1:9 as {ACCOUNT}, unopened>"
        assert repr(session) == expected
