"""What the workers of ``08_dask_backfill.py`` import: the credentials and session of an account.

Yours would ask a vault. This one reads the JSON file that the environment variable FLEET_ACCOUNTS
names: token and URL by account SID.
"""

import json
import os
from pathlib import Path
from typing import Any

from taskrouter_stats import Credentials, TaskRouterSession

VARIABLE = "FLEET_ACCOUNTS"


def credentials(account_sid: str) -> Credentials:
    """Return the credentials of an account; each task calls it once, on its worker."""
    return Credentials.auth_token(account_sid, _account(account_sid)["token"])


def session(credentials: Credentials) -> TaskRouterSession:
    """Return a session; without a ``base_url`` it would send to Twilio."""
    return TaskRouterSession(credentials, base_url=_account(credentials.account)["url"])


def accounts_file() -> Path:
    """Return the path of the file, which only its owner should read."""
    return Path(os.environ[VARIABLE])


def _account(account_sid: str) -> Any:
    return json.loads(accounts_file().read_text())[account_sid]
