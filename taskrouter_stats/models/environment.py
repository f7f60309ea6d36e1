"""Names of the environment variables that this package reads."""

from typing import Final

__all__ = [
    "ACCOUNT_SID",
    "ALLOW_HTTP",
    "API_KEY",
    "API_SECRET",
    "AUTH_TOKEN",
    "BASE_URL",
    "CREDENTIALS",
    "EDGE",
    "REGION",
    "SECRETS",
    "SHARED",
]

API_KEY: Final = "TWILIO_API_KEY"
API_SECRET: Final = "TWILIO_API_SECRET"  # noqa: S105 (a name)
ACCOUNT_SID: Final = "TWILIO_ACCOUNT_SID"
AUTH_TOKEN: Final = "TWILIO_AUTH_TOKEN"  # noqa: S105 (a name)
REGION: Final = "TWILIO_REGION"
EDGE: Final = "TWILIO_EDGE"
BASE_URL: Final = "TASKROUTER_STATS_BASE_URL"
ALLOW_HTTP: Final = "TASKROUTER_STATS_ALLOW_HTTP"
SHARED: Final = "TASKROUTER_STATS_SHARED"

CREDENTIALS: Final = (API_KEY, API_SECRET, ACCOUNT_SID, AUTH_TOKEN)
"""The variables of credentials, in the order of their precedence."""
SECRETS: Final = {ACCOUNT_SID: AUTH_TOKEN, API_KEY: API_SECRET}
"""The variable of the secret that belongs to each variable of a SID."""
