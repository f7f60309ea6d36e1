"""The table that ``fetch`` shows on a terminal."""

import asyncio
import io
import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, Window
from taskrouter_stats.cli.fetch.report import report_run
from taskrouter_stats.cli.fetch.run import ExportRun
from taskrouter_stats.cli.options.accounts import Account
from taskrouter_stats.cli.options.selection import Selection
from taskrouter_stats.cli.reporter import Reporter
from taskrouter_stats.cli.table.writer import TableWriter
from taskrouter_stats.etl.output.batch import PendingRows
from taskrouter_stats.simulator import Simulator
from tests.cli.misbehaving_servers import ACCOUNT as AUTH
from tests.cli.misbehaving_servers import misbehaving_server
from tests.cli.processes import account
from tests.support.wrong_calls import ACCOUNT, SECRET, WORKSPACE, unasked

WINDOW = Window.last(hours=8).at(datetime.now(UTC))
UNKNOWN = "WK" + "0" * 32


def text_console(**options):
    """Return a console that keeps its text."""
    return Console(file=io.StringIO(), width=100, **options)


def run_for(session, workspace):
    """Return a run into a table, its console, and the console for errors."""
    results, errors = text_console(), text_console()
    accounts = [Account(None, session, (workspace,))]
    table = TableWriter(results, f"Workers of {workspace}")
    run = ExportRun(accounts, Selection(), [WINDOW], table, Reporter(errors))
    return run, results.file, errors.file


@pytest.fixture
def terminal(here, monkeypatch, tmp_path):
    """Run ``fetch`` in a thread, with a terminal for the results."""
    results = text_console(force_terminal=True, color_system=None)
    monkeypatch.setattr("taskrouter_stats.cli.fetch.command.results_console", lambda: results)

    async def call(*arguments, **env):
        code, _, err = await asyncio.to_thread(here, ("fetch", *arguments), env)
        return code, results.file.getvalue(), err

    return call


async def test_a_summary_is_written_beside_the_table(simulator, terminal, tmp_path):
    """The table ends with its cost, and ``--summary`` writes the counts that it shows."""
    file = tmp_path / "run.json"
    arguments = (simulator.workspace_sid, "--summary", str(file))
    code, out, err = await terminal(*arguments, **account(simulator))
    totals = json.loads(file.read_bytes())["totals"]
    assert (code, err, totals["written"], totals["sent"]) == (0, "", 12, 13)
    assert f"Workers of {simulator.workspace_sid}" in out
    assert "12 workers" in out
    assert out.splitlines()[-1].startswith(" 13 requests, 0 retries, 0 refused, ")
    assert out.splitlines()[-1].endswith("; the server sent a limit of 200")


async def test_a_worker_that_no_longer_exists_is_counted_beside_the_table(
    simulator, terminal, tmp_path
):
    """A worker that the server does not know is not a failure, and stderr counts it."""
    file = tmp_path / "workers.txt"
    file.write_text(f"{simulator.world.workers[0].sid}\n{UNKNOWN}\n")
    arguments = (simulator.workspace_sid, "--workers", str(file))
    code, out, err = await terminal(*arguments, **account(simulator))
    assert code == 0
    assert "1 worker " in out
    assert "1 of 2 answers" in err
    assert "1 of workers that no longer exist" in err
    assert "in the table" in err


async def test_failures_are_named_and_allowed_as_max_failures_says(terminal):
    """The table shows the answered workers, and ``--max-failures`` decides the exit code."""
    failing = f"WK{1:032x}"
    refuse = {f"{failing}/Statistics": (400, {"code": 20001, "status": 400})}
    async with misbehaving_server(workers=3, refuse=refuse) as (url, _):
        arguments = (WORKSPACE, "--base-url", url, "--max-failures")
        code, out, err = await terminal(*arguments, "0", **AUTH)
        allowed, _, quiet = await terminal(*arguments, "1", **AUTH)
    assert (code, allowed) == (3, 0)
    assert "2 workers" in out
    assert f"failed: {failing}" in err
    assert err.endswith("Not complete: 1 query failed, more than --max-failures allows.\n")
    assert "2 of 3 answers (1 failed" in quiet.replace("2 not settled yet, ", "")
    assert "Not complete" not in quiet


@pytest.mark.parametrize("more", [("WS" + "2" * 32,), ("--last", "2d", "--every", "1d")])
async def test_a_table_has_one_workspace_and_one_window(simulator, terminal, more):
    """Several workspaces or windows are refused before any request is sent."""
    code, out, err = await terminal(WORKSPACE, *more, **account(simulator))
    assert (code, out, simulator.counters.requests) == (2, "", 0)
    assert "a table shows one workspace and one window: name a file or folder" in err


async def test_a_stopped_run_shows_the_answers_so_far():
    """After a stop, the table has the answered workers, and the code is 75."""
    async with Simulator(workers=40, limit=20, latency=0.01) as simulator:
        session = TaskRouterSession(
            simulator.credentials, base_url=simulator.base_url, max_in_flight=4
        )
        run, out, err = run_for(session, simulator.workspace_sid)
        running = asyncio.create_task(run.run())
        while simulator.counters.succeeded < 8:  # noqa: ASYNC110 (the simulator tells nobody)
            await asyncio.sleep(0.005)
        run._stop.set()
        await running
    code = run.code(0)
    report_run(run, code)
    answered = run.jobs[0].report.written
    assert code == 75
    assert 0 < answered < 40
    assert f"{answered} workers" in out.getvalue()
    assert err.getvalue().endswith("Not complete: stopped; run the command again to start over.\n")


async def test_an_unreachable_server_has_its_error_only():
    """Without answers, an error has no table."""
    with unasked() as url:
        pass  # the server is closed now
    session = TaskRouterSession(
        Credentials.auth_token(ACCOUNT, SECRET), base_url=url, retry=RetryPolicy(attempts=1)
    )
    run, out, err = run_for(session, WORKSPACE)
    await run.run()
    code = run.code(0)
    report_run(run, code)
    assert (code, out.getvalue()) == (5, "")
    assert err.getvalue().startswith("Error: Cannot connect")
    assert err.getvalue().endswith("\nNot complete: 1 of 1 exports ended early.\n")


async def test_an_answer_that_no_table_can_show_is_reported():
    """An error in the rows of one answer goes to the export, and the table stays as it was."""
    table, errors = TableWriter(text_console(), "title"), []
    rows = {"worker_statistics": [], "worker_activity_durations": []}
    await table.add(PendingRows(lambda: rows, on_stored=errors.append))
    assert [type(error) for error in errors] == [ValueError]
    assert table.workers.workers == 0
