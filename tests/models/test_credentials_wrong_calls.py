"""Wrong credentials, and the exact words with which each are refused."""

from taskrouter_stats import Credentials
from taskrouter_stats.errors import ConfigError, InvalidSid
from tests.support.wrong_calls import ACCOUNT, KEY, SECRET, refused, rows, same


@rows(
    (
        "the token before the SID",
        lambda: Credentials.auth_token(SECRET, ACCOUNT),
        InvalidSid,
        (
            "account_sid='(not shown)' is no SID of this kind: AC and 32 hexadecimal "
            "digits are expected"
        ),
    ),
    (
        "the SID for the token",
        lambda: Credentials.auth_token(ACCOUNT, ACCOUNT),
        ConfigError,
        "the token is a SID: the token that belongs to it is expected",
    ),
    (
        "an empty token",
        lambda: Credentials.auth_token(ACCOUNT, ""),
        ConfigError,
        "the token is empty or no text",
    ),
    (
        "no token",
        lambda: Credentials.auth_token(ACCOUNT, None),
        ConfigError,
        "the token is empty or no text",
    ),
    (
        "a line end after the token",
        lambda: Credentials.auth_token(ACCOUNT, SECRET + "\n"),
        ConfigError,
        "the token has spaces or line ends around or in it",
    ),
    (
        "an accent in the token",
        lambda: Credentials.auth_token(ACCOUNT, SECRET + "é"),
        ConfigError,
        "the token has characters that no token has, such as accents or …",
    ),
    (
        "a shortened token",
        lambda: Credentials.auth_token(ACCOUNT, "hush…"),
        ConfigError,
        "the token has characters that no token has, such as accents or …",
    ),
    (
        "a token in quotes",
        lambda: Credentials.auth_token(ACCOUNT, f"'{SECRET}'"),
        ConfigError,
        "the token stands in quotes: leave them out",
    ),
    (
        "a token as bytes",
        lambda: Credentials.auth_token(ACCOUNT, SECRET.encode()),
        ConfigError,
        "the token is empty or no text",
    ),
    (
        "a key for the account",
        lambda: Credentials.auth_token(KEY, SECRET),
        InvalidSid,
        (
            "account_sid='(not shown)' is no SID of this kind: AC and 32 hexadecimal "
            "digits are expected; SK is for API key"
        ),
    ),
    (
        "the account for a key",
        lambda: Credentials.api_key(ACCOUNT, SECRET),
        InvalidSid,
        (
            "key_sid='(not shown)' is no SID of this kind: SK and 32 hexadecimal digits "
            "are expected; AC is for Account"
        ),
    ),
    (
        "an account cut short",
        lambda: Credentials.auth_token(ACCOUNT[:-1], SECRET),
        InvalidSid,
        (
            "account_sid='(not shown)' is no SID of this kind: AC and 32 hexadecimal "
            "digits are expected; it has 33 characters, not 34"
        ),
    ),
    (
        "an empty secret",
        lambda: Credentials.api_key(KEY, ""),
        ConfigError,
        "the secret is empty or no text",
    ),
    (
        "a key for the key's account",
        lambda: Credentials.api_key(KEY, SECRET, KEY),
        InvalidSid,
        (
            "account_sid='(not shown)' is no SID of this kind: AC and 32 hexadecimal "
            "digits are expected; SK is for API key"
        ),
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
            "no credentials are set: TWILIO_API_KEY and TWILIO_API_SECRET, or "
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, are needed"
        ),
    ),
    (
        "a key without its secret",
        lambda: Credentials.from_env({"TWILIO_API_KEY": KEY}),
        ConfigError,
        "TWILIO_API_SECRET is not set, though TWILIO_API_KEY is",
    ),
    (
        "a secret without its key",
        lambda: Credentials.from_env({"TWILIO_API_SECRET": SECRET}),
        ConfigError,
        "TWILIO_API_KEY is not set, though TWILIO_API_SECRET is",
    ),
    (
        "an account without its token",
        lambda: Credentials.from_env({"TWILIO_ACCOUNT_SID": ACCOUNT}),
        ConfigError,
        (
            "TWILIO_AUTH_TOKEN is not set: TWILIO_API_KEY and TWILIO_API_SECRET, or "
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, are needed"
        ),
    ),
    (
        "a token without its account",
        lambda: Credentials.from_env({"TWILIO_AUTH_TOKEN": SECRET}),
        ConfigError,
        (
            "no credentials are set: TWILIO_API_KEY and TWILIO_API_SECRET, or "
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, are needed"
        ),
    ),
)
async def test_wrong_credentials_are_refused_in_these_words(call, error, says):
    """Credentials that can't be are refused where they are made, and never shown."""
    assert same(await refused(call), error, says)
