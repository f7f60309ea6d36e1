"""Where requests go: base URL, region and edge, proxies."""

import pytest

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.session.urls import find_proxy, resolve_base_url

PROXY = "http://proxy.example:3128"


def resolved(base_url=None, region=None, edge=None, *, allow_http=False):
    """The base URL for those options."""
    return resolve_base_url(base_url, region, edge, allow_http=allow_http)


@pytest.fixture
def environ(monkeypatch):
    """An environment without proxies; call it to set variables."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def put(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


class TestHosts:
    """Twilio's own."""

    @pytest.mark.parametrize(
        ("region", "edge", "host"),
        [
            (None, None, "taskrouter.twilio.com"),
            ("ie1", None, "taskrouter.ie1.twilio.com"),
            ("ie1", "dublin", "taskrouter.dublin.ie1.twilio.com"),
            (None, "ashburn", "taskrouter.ashburn.us1.twilio.com"),
            ("au1", "sydney-ix", "taskrouter.sydney-ix.au1.twilio.com"),
        ],
    )
    def test_region_and_edge_name_the_host(self, region, edge, host):
        """Edge, then region, stand in the host's name, and an edge alone is us1's."""
        assert resolved(None, region, edge) == f"https://{host}"

    @pytest.mark.parametrize("name", ["", "IE1", "ie1.evil.com", "ie1/", "a b", "-", "ie1@x", "é"])
    def test_what_is_no_name(self, name):
        """A region or edge that could change the host otherwise is refused."""
        with pytest.raises(ConfigError, match="region="):
            resolved(None, name)
        with pytest.raises(ConfigError, match="edge="):
            resolved(None, "ie1", name)

    @pytest.mark.parametrize("options", [("ie1", None), (None, "dublin"), ("ie1", "dublin")])
    def test_not_beside_a_base_url(self, options):
        """A base URL names the host already, so a region or edge beside it is a mistake."""
        with pytest.raises(ConfigError, match="already names the host"):
            resolved("https://example.com", *options)


class TestBaseUrl:
    """Another host than Twilio's."""

    @pytest.mark.parametrize(
        ("given", "taken"),
        [
            ("https://example.com", "https://example.com"),
            ("https://example.com/", "https://example.com"),
            ("https://example.com:8443/api/", "https://example.com:8443/api"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.8.9.1", "http://127.8.9.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://sim.localhost", "http://sim.localhost"),
        ],
    )
    def test_taken(self, given, taken):
        """Https anywhere and plain http to this machine are taken, without a slash at the end."""
        assert resolved(given) == taken

    @pytest.mark.parametrize(
        "host",
        [
            "example.com",
            "10.0.0.1",
            "0.0.0.0",
            "127.0.0.1.evil.com",
            "localhost.evil.com",
            "notlocalhost",
            "[::2]",
            "2130706433",
        ],
    )
    def test_plain_http_to_another_machine(self, host):
        """Plain http elsewhere would show the credentials: it is refused unless it is allowed."""
        with pytest.raises(ConfigError, match="allow_http=True"):
            resolved(f"http://{host}")
        assert resolved(f"http://{host}", allow_http=True) == f"http://{host}"

    @pytest.mark.parametrize(
        "url",
        [
            "https://user@example.com",
            "https://user:pass@example.com",
            "https://:@example.com",
            "https://@example.com",
            "http://127.0.0.1\\@evil.com",
            "https://example.com/?a=b",
            "https://example.com/#top",
        ],
    )
    def test_more_than_a_place(self, url):
        """User, password, query and fragment are refused, and never repeated in the error."""
        with pytest.raises(ConfigError) as caught:
            resolved(url)
        assert "user" not in str(caught.value)
        assert "pass" not in str(caught.value)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://",
            "https://example.com:port",
            "https://example.com:99999",
            "https://[::1",
            "https://example.com\r\nHost: evil",
            "https://exa\tmple.com",
            "https://example.com/a b",
            "https://\u0435xample.com",
            "https://a..b",
            "http://evil.com\\.localhost",
            7,
            b"https://example.com",
        ],
    )
    def test_no_url(self, url):
        """What is no http or https URL is refused."""
        with pytest.raises(ConfigError, match="base_url="):
            resolved(url)


class TestProxy:
    """By which way."""

    def test_given(self, environ):
        """The proxy that is given is used, whatever the environment says."""
        environ(https_proxy="http://other.example", no_proxy="*")
        assert find_proxy("https://example.com", PROXY, trust_env=True) == PROXY

    def test_the_environment_must_be_trusted(self, environ):
        """The environment's proxy is used with trust_env and not without."""
        environ(https_proxy=PROXY)
        assert find_proxy("https://example.com", None, trust_env=True) == PROXY
        assert find_proxy("https://example.com", None, trust_env=False) is None

    def test_by_scheme(self, environ):
        """Each scheme has a variable of its own, and all_proxy stands for those without."""
        environ(http_proxy=PROXY, all_proxy="http://all.example")
        assert find_proxy("http://far.example", None, trust_env=True, allow_http=True) == PROXY
        assert find_proxy("https://example.com", None, trust_env=True) == "http://all.example"

    @pytest.mark.parametrize(
        ("no_proxy", "used"),
        [
            ("example.com", False),
            (".example.com", False),
            ("*", False),
            ("other.com, api.example.com", False),
            ("api.example.com:8443", False),
            ("api.example.com:9999", True),
            ("other.com", True),
            ("ample.com", True),
        ],
    )
    def test_no_proxy(self, environ, no_proxy, used):
        """Hosts that NO_PROXY names, with or without their port, are asked directly."""
        environ(https_proxy=PROXY, no_proxy=no_proxy)
        found = find_proxy("https://api.example.com:8443", None, trust_env=True)
        assert found == (PROXY if used else None)

    def test_not_to_this_machine(self, environ):
        """The environment's proxy is for others: none is used for this machine."""
        environ(all_proxy=PROXY)
        for base_url in ("http://127.0.0.1:8080", "https://localhost", "http://[::1]"):
            assert find_proxy(base_url, None, trust_env=True) is None

    def test_plain_http(self, environ):
        """A proxy would read plain http, so that it needs consent, wherever its name came from."""
        environ(http_proxy=PROXY)
        for base_url, proxy in (("http://127.0.0.1", PROXY), ("http://far.example", None)):
            with pytest.raises(ConfigError, match="allow_http=True"):
                find_proxy(base_url, proxy, trust_env=True)
            find_proxy(base_url, proxy, trust_env=True, allow_http=True)
        assert find_proxy("http://127.0.0.1", PROXY, trust_env=False, allow_http=True) == PROXY

    @pytest.mark.parametrize("given", [None, "http://user:hunter2@proxy.example"])
    def test_its_password_is_not_shown(self, environ, given):
        """Wherever the proxy was named, what is found shows no password."""
        environ(https_proxy="http://user:hunter2@other.example")
        found = find_proxy("https://example.com", given, trust_env=True)
        assert "hunter2" in str(found)
        assert "hunter2" not in repr(found)

    @pytest.mark.parametrize(
        "proxy",
        [
            "",
            "proxy.example:3128",
            "socks5://u:secret@h",
            r"http://u:my\secret@h",
            "http://u:secret@a..b",
            7,
        ],
    )
    def test_what_is_no_url(self, proxy):
        """What is no http or https URL is refused, and not shown, for it may hold a password."""
        with pytest.raises(ConfigError, match="proxy=") as caught:
            find_proxy("https://example.com", proxy, trust_env=False)
        assert "secret" not in str(caught.value)
