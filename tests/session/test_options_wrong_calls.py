"""Options that can't be, and the exact words with which each is refused."""

import math
from datetime import timedelta

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession
from taskrouter_stats.errors import ConfigError, InvalidParameter
from tests.support.wrong_calls import ACCOUNT, SECRET, refused, rows, same


def made(**options):
    """A session with these options."""
    return TaskRouterSession(Credentials.auth_token(ACCOUNT, SECRET), **options)


@rows(
    (
        "a SID for credentials",
        lambda: TaskRouterSession(ACCOUNT),
        InvalidParameter,
        (
            "credentials='str': Credentials are expected, such as Credentials.from_env(), "
            "not this type"
        ),
    ),
    (
        "a pair for credentials",
        lambda: TaskRouterSession((ACCOUNT, SECRET)),
        InvalidParameter,
        (
            "credentials='tuple': Credentials are expected, such as "
            "Credentials.from_env(), not this type"
        ),
    ),
    (
        "a URL with a query",
        lambda: made(base_url="https://twilio.example/?a=1"),
        ConfigError,
        "base_url= may hold scheme, host, port and path, and nothing else",
    ),
    (
        "a URL with a password",
        lambda: made(base_url=f"https://me:{SECRET}@twilio.example"),
        ConfigError,
        "base_url= may hold scheme, host, port and path, and nothing else",
    ),
    (
        "a URL with a fragment",
        lambda: made(base_url="https://twilio.example/#top"),
        ConfigError,
        "base_url= may hold scheme, host, port and path, and nothing else",
    ),
    (
        "another scheme",
        lambda: made(base_url="ftp://twilio.example"),
        ConfigError,
        "base_url= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "no scheme",
        lambda: made(base_url="twilio.example"),
        ConfigError,
        "base_url= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "no scheme but a port",
        lambda: made(base_url="localhost:8080"),
        ConfigError,
        "base_url= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "a port that is none",
        lambda: made(base_url="https://twilio.example:99999"),
        ConfigError,
        "base_url= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "an empty URL",
        lambda: made(base_url=""),
        ConfigError,
        "base_url= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "a URL as bytes",
        lambda: made(base_url=b"https://twilio.example"),
        ConfigError,
        "base_url= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "a URL with the version",
        lambda: made(base_url="https://taskrouter.twilio.com/v1/"),
        ConfigError,
        "base_url= ends in /v1, with which every path begins: leave it out",
    ),
    (
        "plain http",
        lambda: made(base_url="http://10.0.0.1:8080"),
        ConfigError,
        (
            "base_url= is plain http to 10.0.0.1, and would show the credentials to the "
            "network: use https, or say allow_http=True"
        ),
    ),
    (
        "a URL and a region",
        lambda: made(base_url="https://twilio.example", region="ie1"),
        ConfigError,
        "base_url= already names the host: leave region= and edge= out",
    ),
    (
        "a region in capitals",
        lambda: made(region="IE1"),
        ConfigError,
        "region='IE1' is no name such as 'ie1' or 'dublin'",
    ),
    (
        "an empty region",
        lambda: made(region=""),
        ConfigError,
        "region='' is no name such as 'ie1' or 'dublin'",
    ),
    (
        "a region by number",
        lambda: made(region=1),
        ConfigError,
        "region=1 is no name such as 'ie1' or 'dublin'",
    ),
    (
        "region and edge in one",
        lambda: made(edge="dublin.ie1"),
        ConfigError,
        "edge='dublin.ie1' is no name such as 'ie1' or 'dublin'",
    ),
    (
        "a proxy without scheme",
        lambda: made(proxy="proxy.example:3128"),
        ConfigError,
        "proxy= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "a proxy of another kind",
        lambda: made(proxy="socks5://proxy.example:1080"),
        ConfigError,
        "proxy= is no http or https URL, such as https://host.example:8080",
    ),
    (
        "none in flight",
        lambda: made(max_in_flight=0),
        InvalidParameter,
        "max_in_flight=0: a whole number from 1 on",
    ),
    (
        "True in flight",
        lambda: made(max_in_flight=True),
        InvalidParameter,
        "max_in_flight=True: a whole number from 1 on",
    ),
    (
        "one and a half in flight",
        lambda: made(max_in_flight=1.5),
        InvalidParameter,
        "max_in_flight=1.5: a whole number from 1 on",
    ),
    (
        "in flight as text",
        lambda: made(max_in_flight="10"),
        InvalidParameter,
        "max_in_flight='10': a whole number from 1 on",
    ),
    (
        "no timeout",
        lambda: made(timeout=0),
        InvalidParameter,
        "timeout=0: a number of seconds, above 0",
    ),
    (
        "a negative timeout",
        lambda: made(timeout=-1),
        InvalidParameter,
        "timeout=-1: a number of seconds, above 0",
    ),
    (
        "a timeout that is no number",
        lambda: made(timeout=math.nan),
        InvalidParameter,
        "timeout=nan: a number of seconds, above 0",
    ),
    (
        "a timeout as text",
        lambda: made(timeout="30"),
        InvalidParameter,
        "timeout='30': a number of seconds, above 0",
    ),
    (
        "a timeout as a timedelta",
        lambda: made(timeout=timedelta(seconds=30)),
        InvalidParameter,
        "timeout=datetime.timedelta(seconds=30): a number of seconds, above 0",
    ),
    (
        "all for others",
        lambda: made(headroom=1),
        InvalidParameter,
        "headroom=1: a share from 0 to below 1: 0.2 is 20%",
    ),
    (
        "headroom in percent",
        lambda: made(headroom=20),
        InvalidParameter,
        "headroom=20: a share from 0 to below 1: 0.2 is 20%",
    ),
    (
        "no pace",
        lambda: made(pace_limit=0),
        InvalidParameter,
        "pace_limit=0: requests per second, a number above 0",
    ),
    (
        "a negative wait",
        lambda: made(max_wait=-1),
        InvalidParameter,
        "max_wait=-1: a number of seconds, not negative, or None",
    ),
    (
        "attempts for a policy",
        lambda: made(retry=3),
        InvalidParameter,
        "retry=3: a RetryPolicy is expected, such as RetryPolicy(attempts=3)",
    ),
    (
        "no policy",
        lambda: made(retry=None),
        InvalidParameter,
        "retry=None: a RetryPolicy is expected, such as RetryPolicy(attempts=3)",
    ),
    (
        "no for False",
        lambda: made(allow_http="no"),
        InvalidParameter,
        "allow_http='str': True or False is expected",
    ),
    (
        "a proxy for trust_env",
        lambda: made(trust_env="http://proxy.example"),
        InvalidParameter,
        "trust_env='str': True or False is expected",
    ),
    (
        "a URL for http",
        lambda: made(http="https://twilio.example"),
        InvalidParameter,
        "http='str': an aiohttp.ClientSession, or None",
    ),
    (
        "no attempts",
        lambda: RetryPolicy(attempts=0),
        InvalidParameter,
        "attempts=0: expected a whole number, 1 or more",
    ),
    (
        "attempts as text",
        lambda: RetryPolicy(attempts="5"),
        InvalidParameter,
        "attempts='5': expected a whole number, 1 or more",
    ),
    (
        "a negative backoff",
        lambda: RetryPolicy(base=-1),
        InvalidParameter,
        "base=-1: expected seconds, 0 or more",
    ),
    (
        "a backoff without end",
        lambda: RetryPolicy(base=math.inf),
        InvalidParameter,
        "base=inf: expected a finite number of seconds",
    ),
    (
        "a cap that is None",
        lambda: RetryPolicy(cap=None),
        InvalidParameter,
        "cap=None: expected seconds, 0 or more",
    ),
    (
        "no refusals",
        lambda: RetryPolicy(refusals=0),
        InvalidParameter,
        "refusals=0: expected a whole number, 1 or more",
    ),
)
async def test_a_wrong_option_is_refused_in_these_words(call, error, says):
    """An option that can't be is refused when the session is made, without its secrets."""
    assert same(await refused(call), error, says)
