"""What README promises in tables is what the package has, and its snippets run."""

import ast
import asyncio
import inspect
import re
import shlex
import sys
import types
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dlt
import duckdb
import polars as pl
import pytest

from taskrouter_stats import TaskRouterSession, Window, etl, queries
from taskrouter_stats.cli.options.accounts import read_accounts
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.etl.dlt_source import taskrouter_source
from taskrouter_stats.simulator import Simulator

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SHORT = {"workspace_sid": "WS", "worker_sid": "WK", "task_queue_sid": "WQ", "workflow_sid": "WW"}


def test_every_operation_is_listed():
    """The table has a line for each operation, with its query and its model, and no other."""
    lines = re.findall(
        r"^\| `((?:GET|POST) /\S+)` \| `queries\.(\w+)`.* \| `(\w+)` \|$", README, re.MULTILINE
    )
    expected = []
    for row in ENDPOINTS.values():
        path = re.sub(r"\{(\w+)\}", lambda place: f"{{{SHORT[place[1]]}}}", row.path)
        line = (f"{row.method} {path.removeprefix('/v1')}", row.name, row.model.__name__)
        expected.append(line)
    assert sorted(lines) == sorted(expected)
    assert len(lines) == 24


KNOWN = (
    *(TaskRouterSession, Window, etl, queries, taskrouter_source, ZoneInfo),
    *(date, datetime, timedelta, dlt, duckdb, pl),
)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [
    line.partition(" #")[0].strip()
    for language, text in BLOCKS
    if language in {"sh", ""}
    for line in text.splitlines()
    if re.search(r"(^|  )taskrouter-stats ", line)
]
(ACCOUNTS,) = (text for language, text in BLOCKS if language == "toml")
NEEDS_AN_ACCOUNT = 'destination="bigquery"'
SERVES = "taskrouter-stats simulate"


@pytest.fixture
async def place(tmp_path, monkeypatch):
    """A folder to run in, beside a simulator that the environment names."""
    async with Simulator(workers=3, limit=500, latency=0.0) as simulator:
        user, password = simulator.auth
        monkeypatch.chdir(tmp_path)
        for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
        for name, value in {
            "TWILIO_ACCOUNT_SID": user,
            "TWILIO_AUTH_TOKEN": password,
            "TASKROUTER_STATS_BASE_URL": simulator.base_url,
            "EMEA_KEY": user,
            "EMEA_SECRET": password,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }.items():
            monkeypatch.setenv(name, value)
        toml = ACCOUNTS.replace("WS…", simulator.workspace_sid)
        toml = toml.replace("api_key_env", "account_sid_env")
        toml = toml.replace("api_secret_env", "auth_token_env")
        toml = toml.replace('region = "ie1"', f'base_url = "{simulator.base_url}"')
        (tmp_path / "accounts.toml").write_text(toml)
        yield simulator


async def run_python(text, names):
    """Run a snippet as it stands; what it awaits at its top is awaited."""
    code = compile(text, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    made = types.FunctionType(code, names)()
    if inspect.isawaitable(made):
        await made


async def test_every_python_snippet_runs(place):
    """Each runs in the order of the page, with the names that the text before it tells."""
    workspace = place.workspace_sid
    session = TaskRouterSession.from_env()
    query = queries.worker_statistics(workspace, place.world.workers[0].sid)
    names = {
        **{one.__name__.rpartition(".")[2]: one for one in KNOWN},
        "WS": workspace,
        "session": session,
        "query": query,
        "many_queries": [query],
        "few_queries": [query],
    }
    ran = 0
    async with session:
        for text in (one.replace("WS…", workspace) for one in PYTHON):
            if NEEDS_AN_ACCOUNT in text:
                continue
            if "asyncio.run(" in text or "pipeline.run(" in text:  # needs a loop of its own
                await asyncio.to_thread(exec, text, names)
            else:
                await run_python(text, names)
            ran += 1
    assert ran == len(PYTHON) - 1
    assert pl.scan_parquet("lake/worker_statistics").collect().height == 3 * 7


async def test_every_command_runs(place):
    """Each command of the page ends with 0, in its order, where the page's files are."""
    assert len(COMMANDS) > 8
    far = f"{datetime.now(ZoneInfo('America/New_York')) + timedelta(hours=12):%H:%M}"
    for command in COMMANDS:
        if command.startswith(SERVES):
            continue  # tests/cli/test_simulate.py serves, and ends it
        words = shlex.split(command[command.index("taskrouter-stats") :].partition("|")[0])[1:]
        words = [place.workspace_sid if word == "WS…" else word for word in words]
        words = [far if word == "07:00" else word for word in words]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "taskrouter_stats", *words, stdout=-1, stderr=-1
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, (command, out, err)


def test_the_accounts_file_is_one(monkeypatch, tmp_path):
    """The page's accounts file is taken as it stands, but for the SID that it leaves out."""
    path = tmp_path / "accounts.toml"
    path.write_text(ACCOUNTS.replace("WS…", "WS" + "0" * 32))
    monkeypatch.setenv("EMEA_KEY", "SK" + "a" * 32)
    monkeypatch.setenv("EMEA_SECRET", "made-up")
    (account,) = read_accounts(str(path), [], {})
    assert account.name == "emea"
