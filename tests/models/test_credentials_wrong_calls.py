"""Wrong credentials: the exact text of each error once, and otherwise its type."""

import pytest

from taskrouter_stats import Credentials
from taskrouter_stats.errors import ConfigError, InvalidSid
from tests.support.wrong_calls import ACCOUNT, KEY, SECRET, refused, rows, same


@rows(
    (
        "the token before the SID",
        lambda: Credentials.auth_token(SECRET, ACCOUNT),
        InvalidSid,
        ("account_sid='(not shown)' is not an Account SID: expected AC and 32 hexadecimal digits"),
    ),
    (
        "the account for a key",
        lambda: Credentials.api_key(ACCOUNT, SECRET),
        InvalidSid,
        (
            "key_sid='(not shown)' is not an API key SID: expected SK and 32 hexadecimal digits; "
            "AC is for Account"
        ),
    ),
    (
        "the SID for the token",
        lambda: Credentials.auth_token(ACCOUNT, ACCOUNT),
        ConfigError,
        "the token is a SID: give the token that belongs to the SID",
    ),
    (
        "an empty token",
        lambda: Credentials.auth_token(ACCOUNT, ""),
        ConfigError,
        "the token is empty or not text",
    ),
    (
        "a line end after the token",
        lambda: Credentials.auth_token(ACCOUNT, SECRET + "\n"),
        ConfigError,
        "the token contains spaces or line ends: remove them",
    ),
    (
        "a shortened token",
        lambda: Credentials.auth_token(ACCOUNT, "hush…"),
        ConfigError,
        "the token contains characters that are not ASCII: copy it again, whole",
    ),
    (
        "a token in quotes",
        lambda: Credentials.auth_token(ACCOUNT, f"'{SECRET}'"),
        ConfigError,
        "the token is in quotes: remove them",
    ),
    (
        "made by hand",
        lambda: Credentials(ACCOUNT, SECRET, SECRET),
        ConfigError,
        "make credentials with Credentials.auth_token(), .api_key() or .from_env()",
    ),
    (
        "an empty environment",
        lambda: Credentials.from_env({}),
        ConfigError,
        (
            "no credentials are set: set TWILIO_API_KEY and TWILIO_API_SECRET, or "
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
        ),
    ),
    (
        "a key without its secret",
        lambda: Credentials.from_env({"TWILIO_API_KEY": KEY}),
        ConfigError,
        "TWILIO_API_SECRET is not set, though TWILIO_API_KEY is",
    ),
    (
        "an account without its token",
        lambda: Credentials.from_env({"TWILIO_ACCOUNT_SID": ACCOUNT}),
        ConfigError,
        (
            "TWILIO_AUTH_TOKEN is not set: set TWILIO_API_KEY and TWILIO_API_SECRET, or "
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
        ),
    ),
)
async def test_errors_of_wrong_credentials_have_these_texts(call, error, says):
    """Wrong credentials are refused with this text, which never shows them."""
    assert same(await refused(call), error, says)


@pytest.mark.parametrize(
    ("call", "error", "beginning"),
    [
        (lambda: Credentials.auth_token(ACCOUNT, None), ConfigError, "the token "),
        (lambda: Credentials.auth_token(ACCOUNT, SECRET + "é"), ConfigError, "the token "),
        (lambda: Credentials.auth_token(ACCOUNT, SECRET.encode()), ConfigError, "the token "),
        (lambda: Credentials.auth_token(KEY, SECRET), InvalidSid, "account_sid="),
        (lambda: Credentials.auth_token(ACCOUNT[:-1], SECRET), InvalidSid, "account_sid="),
        (lambda: Credentials.api_key(KEY, ""), ConfigError, "the secret "),
        (lambda: Credentials.api_key(KEY, SECRET, KEY), InvalidSid, "account_sid="),
        (
            lambda: Credentials.from_env({"TWILIO_API_SECRET": SECRET}),
            ConfigError,
            "TWILIO_API_KEY is not set",
        ),
        (
            lambda: Credentials.from_env({"TWILIO_AUTH_TOKEN": SECRET}),
            ConfigError,
            "no credentials are set",
        ),
    ],
)
async def test_errors_of_wrong_credentials_name_the_argument(call, error, beginning):
    """Every other wrong argument is refused with an error that names it and shows no secret."""
    caught = await refused(call)
    assert type(caught) is error
    assert str(caught).startswith(beginning)
    assert SECRET not in f"{caught!r} {vars(caught)}"
