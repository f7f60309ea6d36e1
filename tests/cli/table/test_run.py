"""The table on a terminal without answers."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession
from taskrouter_stats.cli.options.accounts import Account
from taskrouter_stats.cli.options.windows import WindowSelection, read_window
from taskrouter_stats.cli.options.workers import WorkerSelection
from taskrouter_stats.cli.table.run import show_table
from taskrouter_stats.errors import ConnectionFailed
from tests.support.wrong_calls import ACCOUNT, SECRET, WORKSPACE, unasked

NOW = datetime(2026, 11, 2, 3, 30, tzinfo=UTC)


def test_an_unreachable_server_has_its_error_only():
    """Without answers, the error has no note about a number of workers."""
    with unasked() as url:
        pass  # the server is closed now
    session = TaskRouterSession(
        Credentials.auth_token(ACCOUNT, SECRET), base_url=url, retry=RetryPolicy(attempts=1)
    )
    times = WindowSelection(
        (read_window("1h", None, None, None, None, now=NOW),), None, NOW - NOW, NOW
    )
    results, errors = Console(file=io.StringIO()), Console(file=io.StringIO())
    with pytest.raises(ConnectionFailed) as caught:
        show_table(
            [Account(None, session, (WORKSPACE,))], WorkerSelection(), times, 0, results, errors
        )
    assert getattr(caught.value, "__notes__", []) == []
    assert results.file.getvalue() == ""
