"""Texts made fit to be pasted."""

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
    """Wherever they stand; what is none stays as it is."""
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
def test_secrets_are_blotted_out(text):
    """Also when only their beginning is left of them, or they stand twice."""
    shown = Redactor.hiding([SECRET])(text)
    assert SECRET[:8] not in shown
    assert "(secret)" in shown


def test_what_stands_around_a_secret_stays():
    """Nothing but the secret is taken away."""
    assert Redactor.hiding([SECRET])(f"a{SECRET}b{SECRET[:9]}") == "a(secret)b(secret)"


@pytest.mark.parametrize("secret", ["", "a", "token"])
def test_what_is_too_short_for_a_secret_hides_nothing(secret):
    """Otherwise half of the report would be gone."""
    assert Redactor.hiding([secret])("a token") == "a token"


def test_secrets_are_the_environments_and_the_proxies():
    """Credentials that are set and a proxy's password, encoded and not, and as in headers."""
    environ = {"TWILIO_AUTH_TOKEN": "one", "TWILIO_API_SECRET": "two", "TWILIO_API_KEY": "SK"}
    found = set(secrets_of(environ, None, "http://me:p%40ss@host:1"))
    plain = {"one", "two", "p%40ss", "p@ss"}
    assert plain < found
    headers = {base64.b64decode(text) for text in found - plain}
    assert headers == {b":one", b"SK:two", b"me:p%40ss", b"me:p@ss"}


def test_a_redactor_does_not_show_what_it_hides():
    """Its repr holds no secret."""
    assert SECRET not in repr(Redactor.hiding([SECRET]))


def test_control_characters_are_gone():
    """No text moves the cursor or makes a line of its own."""
    assert Redactor()("a\x1b[2J\nb") == "a [2J b"
