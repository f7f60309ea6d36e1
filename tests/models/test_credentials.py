"""Tests of credentials, and that no output shows the secret."""

import base64
import copy
import logging
import pickle
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.errors import ConfigError, InvalidSid, UsageError
from taskrouter_stats.models import Credentials

ACCOUNT = "AC" + "a" * 32
KEY = "SK" + "b" * 32
SECRET = "swordfish0123456789"
BOTH = {
    "TWILIO_API_KEY": KEY,
    "TWILIO_API_SECRET": SECRET,
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "token",
}


def without(*names):
    """Return the environment without these variables."""
    return {name: value for name, value in BOTH.items() if name not in names}


@given(
    st.text(
        st.characters(categories=["L", "N", "P"], codec="ascii", exclude_characters="'\""),
        min_size=1,
    )
)
def test_authorization_is_http_basic(secret):
    """The header is ``Basic`` and base64 of the SID, a colon and the secret."""
    scheme, _, text = str(Credentials.auth_token(ACCOUNT, secret).authorization()).partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(text).decode() == f"{ACCOUNT}:{secret}"


def test_budgets_are_kept_under_the_account_or_the_key():
    """Budgets are kept under the account's SID if known, else under the key's."""
    assert Credentials.auth_token(ACCOUNT, SECRET).account == ACCOUNT
    assert Credentials.api_key(KEY, SECRET, ACCOUNT).account == ACCOUNT
    assert Credentials.api_key(KEY, SECRET).account == KEY


@pytest.mark.parametrize(
    ("environ", "username", "account"),
    [
        (BOTH, KEY, ACCOUNT),
        (without("TWILIO_AUTH_TOKEN"), KEY, ACCOUNT),
        (without("TWILIO_ACCOUNT_SID"), KEY, KEY),
        ({**BOTH, "TWILIO_ACCOUNT_SID": ""}, KEY, KEY),
        (without("TWILIO_API_KEY", "TWILIO_API_SECRET"), ACCOUNT, ACCOUNT),
        ({**BOTH, "TWILIO_API_KEY": "", "TWILIO_API_SECRET": ""}, ACCOUNT, ACCOUNT),
    ],
)
def test_a_key_wins_over_a_token(environ, username, account):
    """A key wins over an account's token, and empty variables count as missing."""
    found = Credentials.from_env(environ)
    assert (found.username, found.account) == (username, account)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ["TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]),
        (without("TWILIO_API_KEY"), ["TWILIO_API_KEY"]),
        (without("TWILIO_API_SECRET"), ["TWILIO_API_SECRET"]),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT}, ["TWILIO_AUTH_TOKEN"]),
        ({"TWILIO_AUTH_TOKEN": SECRET}, ["TWILIO_ACCOUNT_SID"]),
    ],
)
def test_the_missing_variable_is_named(environ, named):
    """The error names the missing variable and does not show the secret."""
    with pytest.raises(ConfigError) as caught:
        Credentials.from_env(environ)
    assert [name for name in named if name not in str(caught.value)] == []
    assert SECRET not in str(caught.value)


def test_the_process_environment_is_the_default(monkeypatch):
    """Without an argument, the process's environment is read."""
    for name in BOTH:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TWILIO_API_KEY", KEY)
    monkeypatch.setenv("TWILIO_API_SECRET", SECRET)
    assert Credentials.from_env() == Credentials.api_key(KEY, SECRET)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Credentials.auth_token(SECRET, ACCOUNT),
        lambda: Credentials.api_key(SECRET, KEY),
        lambda: Credentials.api_key(KEY, KEY, SECRET),
        lambda: Credentials.auth_token(ACCOUNT, SECRET + "\n"),
        lambda: Credentials.api_key(KEY, " " + SECRET),
        lambda: Credentials.auth_token(ACCOUNT, SECRET.encode()),
        lambda: Credentials.from_env({**BOTH, "TWILIO_API_KEY": SECRET}),
        lambda: Credentials.from_env({**BOTH, "TWILIO_ACCOUNT_SID": SECRET}),
    ],
)
def test_a_mistake_does_not_show_the_secret(make):
    """A secret in the place of the SID is not in the error, its arguments or its traceback."""
    with pytest.raises(UsageError) as caught:
        make()
    error = caught.value
    assert SECRET not in f"{error} {error!r} {error.args} {vars(error)}"
    raised = "".join(traceback.format_exception_only(error))
    assert SECRET not in raised
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize("sid", ["", "AC", KEY, None, 5])
def test_a_wrong_sid_names_the_parameter(sid):
    """The error of a wrong account SID names the parameter and the kind."""
    with pytest.raises(InvalidSid, match=r"account_sid=.*AC and 32"):
        Credentials.auth_token(sid, SECRET)


@pytest.mark.parametrize("secret", ["", " ", "a\n", "\ta", "a b\0", None, 5, b"x", "\ud800"])
def test_other_values_are_not_secrets(secret):
    """Empty, padded, unprintable and non-text secrets are refused before any request."""
    with pytest.raises(ConfigError):
        Credentials.auth_token(ACCOUNT, secret)


def test_the_secret_is_not_shown():
    """No ``repr``, format, log line or error of a comparison shows the secret."""
    credentials = Credentials.api_key(KEY, SECRET)
    header = credentials.authorization()
    record = logging.LogRecord("x", 10, "x", 1, "%r %s", (credentials, credentials), None)
    shown = [
        repr(credentials),
        str(credentials),
        f"{credentials}",
        repr([credentials]),
        repr(header),
        repr({"Authorization": header}),
        repr(attrs.asdict(credentials)),
        record.getMessage(),
    ]
    encoded = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert [text for text in shown if SECRET in text or encoded in text] == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_credentials_do_not_pickle(protocol):
    """Credentials do not pickle, so that no file or queue gets the secret."""
    with pytest.raises(TypeError, match="do not pickle"):
        pickle.dumps(Credentials.api_key(KEY, SECRET), protocol)


def test_credentials_do_not_copy():
    """Credentials cannot be copied by pickling."""
    with pytest.raises(TypeError, match="do not pickle"):
        copy.deepcopy(Credentials.api_key(KEY, SECRET))


def test_credentials_are_frozen():
    """Credentials cannot be changed."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Credentials.api_key(KEY, SECRET).username = ACCOUNT


def test_an_account_without_its_token():
    """The message names the missing half."""
    with pytest.raises(ConfigError, match=r"^TWILIO_AUTH_TOKEN is not set: "):
        Credentials.from_env({"TWILIO_ACCOUNT_SID": "AC" + "a" * 32})
