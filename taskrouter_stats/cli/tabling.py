"""What ``fetch`` shows on a terminal: one workspace and window as a table."""

from collections.abc import Sequence

from rich.console import Console

from taskrouter_stats.errors import ConfigError

from .accounts import Account
from .board import board
from .consoles import table_size
from .exits import COMPLETE, UNREACHABLE
from .pulling import Pull, truth
from .standings import Standings
from .stopping import run_until_sigterm
from .whom import Whom
from .windows import Times

__all__ = ["show_table"]

_EVERY = 30.0


def show_table(
    accounts: Sequence[Account],
    whom: Whom,
    times: Times,
    max_failures: int,
    results: Console,
    errors: Console,
) -> int:
    """Fetch it and show the table; return the exit code.

    Raises:
        ConfigError: for more than one workspace or window.
    """
    asked = [(account, sid) for account in accounts for sid in account.workspaces]
    if len(asked) != 1 or len(times.windows) != 1:
        raise ConfigError("a table shows one workspace and window: --output says where rows go")
    ((account, workspace),), (window,) = asked, times.windows
    workers = whom.plan(workspace, [window])
    listing, session = workers.listing(), account.session
    stream = session.stream_worker_statistics(
        workspace,
        window,
        task_channel=whom.task_channel,
        workers=workers.workers if listing is None else session.iterate(listing),
    )
    pull = Pull(Standings(table_size(results)))
    try:
        run_until_sigterm(pull.run(session, stream, errors, _EVERY))
    except BaseException as error:
        if answered := pull.progress.done - pull.failed:
            error.add_note(f"Not complete: {answered:,} workers were answered.")
        raise
    results.print(board(results, pull.standings, window, f"Workers of {workspace}"))
    results.print(f" {truth(pull)}")
    code = pull.code(max_failures)
    if code != COMPLETE:
        count = f"{pull.failed:,} worker{'' if pull.failed == 1 else 's'} failed"
        why = ", none was answered" if code == UNREACHABLE else ", more than --max-failures allows"
        errors.out(f"Not complete: {count}{why}.", highlight=False)
    return code
