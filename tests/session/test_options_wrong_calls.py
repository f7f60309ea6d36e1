"""Invalid options of a session and their errors: one exact test for each message."""

import math
from datetime import timedelta

import pytest

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession
from taskrouter_stats.errors import ConfigError, InvalidParameter
from tests.support.wrong_calls import ACCOUNT, SECRET, refused, rows, same


def made(**options):
    """Create a session with these options."""
    return TaskRouterSession(Credentials.auth_token(ACCOUNT, SECRET), **options)


@rows(
    (
        "a SID for credentials",
        lambda: TaskRouterSession(ACCOUNT),
        InvalidParameter,
        "credentials='str': expected Credentials, such as Credentials.from_env(), not this type",
    ),
    (
        "a URL with a password",
        lambda: made(base_url=f"https://me:{SECRET}@twilio.example"),
        ConfigError,
        (
            "base_url= has a user, password, query or fragment: expected only scheme, host, port "
            "and path"
        ),
    ),
    (
        "another scheme",
        lambda: made(base_url="ftp://twilio.example"),
        ConfigError,
        "base_url= is not an http or https URL: expected one such as https://host.example:8080",
    ),
    (
        "a URL with the version",
        lambda: made(base_url="https://taskrouter.twilio.com/v1/"),
        ConfigError,
        "base_url= ends in /v1, which every path already has: omit /v1",
    ),
    (
        "plain http",
        lambda: made(base_url="http://10.0.0.1:8080"),
        ConfigError,
        (
            "base_url= is plain http to 10.0.0.1, so the network could read the credentials: use "
            "https, or set allow_http=True"
        ),
    ),
    (
        "plain http through a proxy",
        lambda: made(base_url="http://127.0.0.1:8080", proxy="http://proxy.example:3128"),
        ConfigError,
        (
            "base_url= is plain http, so the proxy could read the credentials: omit proxy=, use "
            "https, or set allow_http=True"
        ),
    ),
    (
        "a URL and a region",
        lambda: made(base_url="https://twilio.example", region="ie1"),
        ConfigError,
        "base_url= already names the host: omit region= and edge=",
    ),
    (
        "a region in capitals",
        lambda: made(region="IE1"),
        ConfigError,
        "region='IE1' is not a Twilio region: expected a name such as 'ie1'",
    ),
    (
        "region and edge in one",
        lambda: made(edge="dublin.ie1"),
        ConfigError,
        "edge='dublin.ie1' is not a Twilio edge: expected a name such as 'dublin'",
    ),
    (
        "a proxy without scheme",
        lambda: made(proxy="proxy.example:3128"),
        ConfigError,
        "proxy= is not an http or https URL: expected one such as https://host.example:8080",
    ),
    (
        "none in flight",
        lambda: made(max_in_flight=0),
        InvalidParameter,
        "max_in_flight=0: expected a whole number, 1 or more",
    ),
    (
        "no timeout",
        lambda: made(timeout=0),
        InvalidParameter,
        "timeout=0: expected seconds, 0.001 or more",
    ),
    (
        "headroom in percent",
        lambda: made(headroom=20),
        InvalidParameter,
        "headroom=20: expected a share from 0 to below 1, such as 0.2 for 20%",
    ),
    (
        "reserve in percent",
        lambda: made(reserve=10),
        InvalidParameter,
        "reserve=10: expected a share from 0 to below 1, such as 0.2 for 20%",
    ),
    (
        "nothing left to bulk",
        lambda: made(headroom=0.6, reserve=0.4),
        InvalidParameter,
        "reserve=0.4: expected less than 1 - headroom, which is 0.4, so that bulk gets a share",
    ),
    (
        "no pace",
        lambda: made(pace_limit=0),
        InvalidParameter,
        "pace_limit=0: expected requests per second, 0.001 or more",
    ),
    (
        "attempts for a policy",
        lambda: made(retry=3),
        InvalidParameter,
        "retry=3: expected a RetryPolicy, such as RetryPolicy(attempts=3)",
    ),
    (
        "text for a bool",
        lambda: made(allow_http="no"),
        InvalidParameter,
        "allow_http='str': expected True or False",
    ),
    (
        "a URL for http",
        lambda: made(http="https://twilio.example"),
        InvalidParameter,
        "http='str': expected an aiohttp.ClientSession, or None",
    ),
)
async def test_an_invalid_option_raises_this_message(call, error, says):
    """An invalid option raises this error when the session is created, without its secrets."""
    assert same(await refused(call), error, says)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "https://twilio.example/?a=1"},
        {"base_url": "https://twilio.example/#top"},
        {"base_url": "twilio.example"},
        {"base_url": "localhost:8080"},
        {"base_url": "https://twilio.example:99999"},
        {"base_url": ""},
        {"base_url": b"https://twilio.example"},
        {"region": ""},
        {"region": 1},
        {"proxy": "socks5://proxy.example:1080"},
    ],
    ids=str,
)
async def test_an_invalid_address_names_its_option(options):
    """An invalid address raises ``ConfigError`` that names the option."""
    caught = await refused(lambda: made(**options))
    assert type(caught) is ConfigError
    assert str(caught).startswith(f"{next(iter(options))}=")


@pytest.mark.parametrize(
    "options",
    [
        {"max_in_flight": True},
        {"max_in_flight": 1.5},
        {"max_in_flight": "10"},
        {"timeout": -1},
        {"timeout": math.nan},
        {"timeout": "30"},
        {"timeout": timedelta(seconds=30)},
        {"headroom": 1},
        {"reserve": 1},
        {"max_wait": -1},
        {"retry": None},
        {"trust_env": "http://proxy.example"},
    ],
    ids=str,
)
async def test_an_invalid_value_names_its_option(options):
    """A value of the wrong type or out of bounds raises ``InvalidParameter`` for its option."""
    caught = await refused(lambda: made(**options))
    assert type(caught) is InvalidParameter
    assert caught.parameter == next(iter(options))


async def test_a_pair_is_not_credentials():
    """A pair of SID and secret raises ``InvalidParameter`` that does not show the secret."""
    caught = await refused(lambda: TaskRouterSession((ACCOUNT, SECRET)))
    assert type(caught) is InvalidParameter
    assert SECRET not in f"{caught!r} {vars(caught)}"


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"attempts": "5"},
        {"base": -1},
        {"base": math.inf},
        {"cap": None},
        {"refusals": 0},
    ],
    ids=str,
)
async def test_an_invalid_retry_policy_names_its_field(options):
    """An invalid field of a ``RetryPolicy`` raises ``InvalidParameter`` for that field."""
    caught = await refused(lambda: RetryPolicy(**options))
    assert type(caught) is InvalidParameter
    assert caught.parameter == next(iter(options))
