"""URLs of Redis servers: what each means, and that a wrong one is told without its secrets."""

import pytest

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.fleet.redis_address import RedisAddress
from taskrouter_stats.fleet.redis_store import RedisStore
from tests.support.secret_leaks import texts_of

SECRET = "pa55word-of-redis"


@pytest.mark.parametrize(
    ("url", "shown", "options"),
    [
        ("redis://h", "redis://h:6379", {"host": "h", "port": 6379}),
        ("redis://h:7/2", "redis://h:7", {"host": "h", "port": 7, "db": 2}),
        ("redis:///1", "redis://localhost:6379", {"host": "localhost", "port": 6379, "db": 1}),
        ("redis://h?db=4", "redis://h:6379", {"host": "h", "port": 6379, "db": 4}),
        ("redis://[::1]:7", "redis://[::1]:7", {"host": "::1", "port": 7}),
        ("valkey://h", "redis://h:6379", {"host": "h", "port": 6379}),
        ("valkeys://h", "rediss://h:6379", {"host": "h", "port": 6379}),
        (
            "rediss://h?ssl_ca_certs=/ca.pem",
            "rediss://h:6379",
            {"host": "h", "port": 6379, "ssl_ca_certs": "/ca.pem"},
        ),
        (
            "unix:///run/redis.sock?db=1",
            "unix:///run/redis.sock",
            {"path": "/run/redis.sock"} | {"db": 1},
        ),
        ("unix://u:p@/s", "unix:///s", {"path": "/s", "username": "u", "password": "p"}),
        (
            "redis://u:p%40%2Fss@h/0",
            "redis://h:6379",
            {"host": "h", "port": 6379, "username": "u", "password": "p@/ss", "db": 0},
        ),
    ],
)
def test_urls(url, shown, options):
    """A URL gives an address that shows no user, and redis-py's arguments."""
    address = RedisAddress.parse(url)
    assert (str(address), address.options) == (shown, options)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"redis+sentinel://:{SECRET}@a,b/main", "Sentinels or several hosts"),
        (f"redis://:{SECRET}@a:1,b:2", "Sentinels or several hosts"),
        (f"redis+cluster://:{SECRET}@a", "Sentinels or several hosts"),
        (f"http://:{SECRET}@a", "expected redis://"),
        (f"redis:{SECRET}", "expected redis://"),
        (SECRET, "expected redis://"),
        (b"redis://h", "expected redis://"),
        (None, "expected redis://"),
        (f"redis://:{SECRET}#@h", "percent-encoded"),
        (f"redis://u:/{SECRET}@h", "database is not a number"),
        (f"redis://h:{SECRET}", "expected redis://"),
        ("redis://h:0", "expected redis://"),
        (f"redis://h/{SECRET}", "database is not a number"),
        ("redis://h/-1", "database is not a number"),
        (f"redis://h?db={SECRET}", "database is not a number"),
        (f"redis://h?{SECRET}", "a parameter that redis:// does not take"),
        (f"redis://h?password={SECRET}", "a parameter that redis:// does not take"),
        ("redis://h?db=1&db=2", "each once"),
        ("redis://h?socket_timeout=9", "this package sets timeouts and retries"),
        ("rediss://h?ssl_cert_reqs=none", "Certificates are always checked"),
        (f"unix://{SECRET}/run/s", "expected redis://"),
        ("unix://", "expected redis://"),
    ],
)
def test_wrong_urls(url, problem):
    """A URL that is not of one server is refused in one line that shows no secret."""
    with pytest.raises(ConfigError, match=problem) as caught:
        RedisStore(url)
    assert "\n" not in str(caught.value)
    assert [text for text in texts_of(caught.value) if SECRET in str(text)] == []


def test_no_repr_shows_the_user():
    """The repr of an address, and of its options, shows neither user nor password."""
    address = RedisAddress.parse(f"redis://{SECRET}:{SECRET}@h")
    assert SECRET not in repr(address) + repr(address.options) + str(address)
