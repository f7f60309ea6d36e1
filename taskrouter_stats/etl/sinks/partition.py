"""Folders of rows in Hive's layout: account, workspace and day."""

from datetime import date
from typing import Final

from taskrouter_stats.errors import InvalidSid, PayloadError
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.models import check_sid

__all__ = ["partition_of"]

_UNKNOWN: Final = "unknown"
"""Value of a folder's name for null; some readers can't read Hive's own text for null."""


def partition_of(row: Row) -> str:
    """Return the folders of a row: account, workspace and day.

    Raises:
        PayloadError: a SID of the server is not one, and its text must not become a path.
    """
    try:
        account = row["account_sid"] and check_sid("account_sid", row["account_sid"], "AC")
        workspace = row["workspace_sid"] and check_sid("workspace_sid", row["workspace_sid"], "WS")
    except InvalidSid as error:
        raise PayloadError([f"$.{error}"]) from None
    day = row["day"]
    if day is not None and not isinstance(day, date):
        raise PayloadError([f"day: expected a date, got {day!r}"])
    values = (("account", account), ("workspace", workspace), ("day", day))
    return "/".join(f"{name}={value or _UNKNOWN}" for name, value in values)
