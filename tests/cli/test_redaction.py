"""Texts without secrets, and with shortened SIDs."""

import base64

import pytest

from taskrouter_stats.cli.redaction import Redactor, secrets_of

SID = "WS0123456789abcdef0123456789abcdef"
SECRET = "deadbeef" + "0" * 24


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (SID, "WS0123…cdef"),
        (f"/v1/Workspaces/{SID}/Workers", "/v1/Workspaces/WS0123…cdef/Workers"),
        (f"[RQ{'a' * 32}]", "[RQaaaa…aaaa]"),
        ("IS_DEFAULT=true", "IS_DEFAULT=true"),
        ("WS" + "1" * 31, "WS" + "1" * 31),
    ],
)
def test_sids_lose_their_middle(text, shown):
    """Every SID in a text is shortened, and other text does not change."""
    assert Redactor()(text) == shown
    assert Redactor(full_sids=True)(text) == text


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"a {SECRET} b",
        SECRET * 2,
        f"{SECRET[:20]}…",
        f"cut off: {SECRET[:8]}",
        f"x{SECRET}x",
    ],
)
def test_secrets_are_removed(text):
    """A secret, its repetition and its beginning are removed."""
    shown = Redactor.hiding([SECRET])(text)
    assert SECRET[:8] not in shown
    assert "(secret)" in shown


def test_text_around_a_secret_stays():
    """The text before and after a secret does not change."""
    assert Redactor.hiding([SECRET])(f"a{SECRET}b{SECRET[:9]}") == "a(secret)b(secret)"


@pytest.mark.parametrize("secret", ["", "a", "token"])
def test_a_short_secret_removes_nothing(secret):
    """A secret of fewer than six characters could be a part of common words."""
    assert Redactor.hiding([secret])("a token") == "a token"


def test_secrets_are_those_of_the_environment_and_of_proxies():
    """Credentials and proxy passwords are secrets, as text, URL-encoded and as Basic headers."""
    environ = {"TWILIO_AUTH_TOKEN": "one", "TWILIO_API_SECRET": "two", "TWILIO_API_KEY": "SK"}
    found = set(secrets_of(environ, None, "http://me:p%40ss@host:1"))
    plain = {"one", "two", "p%40ss", "p@ss"}
    assert plain < found
    headers = {base64.b64decode(text) for text in found - plain}
    assert headers == {b":one", b"SK:two", b"me:p%40ss", b"me:p@ss"}


@pytest.mark.parametrize("rest", ["@[::1", "/x@host:1", "#x@host:1", "@host:port"])
def test_a_password_is_known_even_from_a_url_that_is_wrong(rest):
    """A URL that cannot be parsed still names its password."""
    environ = {"TASKROUTER_STATS_SHARED": f"redis://me:{SECRET}{rest}"}
    assert SECRET not in "".join(Redactor.hiding(secrets_of(environ))(f"see redis://me:{SECRET}"))
    assert any(found.startswith(SECRET) for found in secrets_of(environ))


def test_the_repr_of_a_redactor_shows_no_secret():
    """A redactor does not show the secrets that it removes."""
    assert SECRET not in repr(Redactor.hiding([SECRET]))


def test_control_characters_become_spaces():
    """A text cannot move the cursor or begin a new line."""
    assert Redactor()("a\x1b[2J\nb") == "a [2J b"
