"""The pages tell what the package has; their snippets and commands run."""

import ast
import asyncio
import inspect
import re
import shlex
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import fastapi
import polars as pl
import pytest

import taskrouter_stats
from taskrouter_stats import TaskRouterSession, etl
from taskrouter_stats.cli.app import run as run_command
from taskrouter_stats.cli.options.accounts import read_accounts
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.etl.dlt_source import taskrouter_source
from taskrouter_stats.simulator import Simulator

ROOT = Path(__file__).parent.parent
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *sorted(ROOT.glob("taskrouter_stats/**/README.md")),
        *sorted(ROOT.glob("tests/**/README.md")),
        *sorted(ROOT.glob("examples/**/README.md")),
    )
}
README = TEXTS["README.md"]
SHORT = {"workspace_sid": "WS", "worker_sid": "WK", "task_queue_sid": "WQ", "workflow_sid": "WW"}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = ('destination="bigquery"', "# not run", "from airflow.", "from dagster ")
"""What a snippet contains that needs an account elsewhere, or that test_other_tools.py runs."""
KNOWN = (
    *(AsyncIterator, Path, ZoneInfo, asynccontextmanager, date, datetime, timedelta),
    *(Simulator, etl, fastapi.FastAPI, taskrouter_source),
)
"""What the snippets use beside the package's public names."""
TOOLS = ("dlt", "duckdb", "pandas")
"""Libraries that are imported for the pages that use them; pandas is not in the extra ``test``."""
SERVES = (
    "taskrouter-stats simulate",
    "taskrouter-stats demo",
    "taskrouter-stats poll",
    "taskrouter-stats exporter",
    "taskrouter-stats dashboard",
)


def blocks(page, *languages):
    """Return the code blocks of a page, in order."""
    return [text for language, text in BLOCK.findall(TEXTS[page]) if language in languages]


PYTHON = [name for name in TEXTS if blocks(name, "python")]
SHELL = [name for name in TEXTS if "taskrouter-stats " in "".join(blocks(name, "sh"))]
((ACCOUNTS_PAGE, ACCOUNTS),) = (
    (name, text) for name in TEXTS for text in blocks(name, "toml") if "[[account]]" in text
)


def test_readme_is_short():
    """README has at most 220 lines and 2,000 words."""
    assert len(README.splitlines()) <= 220
    assert len(README.split()) <= 2000


def test_the_second_command_runs_the_tests():
    """The first block of README shows the demo and the second runs the tests, a line each."""
    first, second, *_ = blocks("README.md", "sh")
    assert re.fullmatch(r"python3 -m venv \.venv && .+ demo\n", first)
    assert re.fullmatch(r"python3 -m venv \.venv && .+ -m pytest\n", second)


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_to_files(page):
    """Each link and picture of a page that is not a URL names a file of the repository."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXTS[page])
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).is_file()] == []


def test_every_operation_is_listed():
    """One page has a line for each operation, with its query and its model, and no other."""
    lines = re.findall(
        r"^\| `((?:GET|POST) /\S+)` \| `queries\.(\w+)`.* \| `(\w+)` \|$",
        "\n".join(TEXTS.values()),
        re.MULTILINE,
    )
    expected = []
    for row in ENDPOINTS.values():
        path = re.sub(r"\{(\w+)\}", lambda place: f"{{{SHORT[place[1]]}}}", row.path)
        line = (f"{row.method} {path.removeprefix('/v1')}", row.name, row.model.__name__)
        expected.append(line)
    assert sorted(lines) == sorted(expected)
    assert f"{len(lines)} typed operations" in README


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
    if "asyncio.run(" in text or ".run(source)" in text:  # needs a loop of its own
        await asyncio.to_thread(exec, text, names)
        return
    code = compile(text, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    made = types.FunctionType(code, names)()
    if inspect.isawaitable(made):
        await made


@pytest.mark.parametrize("page", PYTHON)
async def test_every_python_snippet_runs(place, page):
    """Each runs in the order of its page, with the names that the text before it gives."""
    names = {name: getattr(taskrouter_stats, name) for name in taskrouter_stats.__all__}
    names |= {known.__name__.rpartition(".")[2]: known for known in KNOWN}
    names |= {"polars": pl, "WS": place.workspace_sid, "WK": place.world.workers[0].sid}
    used = [name for name in TOOLS if f"{name}." in TEXTS[page] and find_spec(name)]
    names |= {name: import_module(name) for name in used}
    async with TaskRouterSession.from_env() as names["session"]:
        for text in blocks(page, "python"):
            missing = "pandas." in text and "pandas" not in names
            if not missing and not any(mark in text for mark in NOT_RUN):
                await run_python(text.replace("WS…", place.workspace_sid), names)
        if "lifespan" in names:
            async with names["lifespan"](fastapi.FastAPI()):
                pass
    if "ParquetSink" in TEXTS[page]:
        assert pl.scan_parquet("lake/worker_statistics").collect().height == 3 * 7


@pytest.mark.parametrize("page", SHELL)
async def test_every_command_runs(place, capfd, page):
    """Each command of a page ends with 0, in its order, where the page's files are."""
    far = f"{datetime.now(ZoneInfo('America/New_York')) + timedelta(hours=12):%H:%M}"
    text = "\n".join(blocks(page, "sh"))
    commands = re.findall(r"^(?:[*\d ]+  )?(taskrouter-stats [^#|\n]+)", text, re.MULTILINE)
    assert commands
    for command in commands:
        if command.startswith(SERVES):
            continue  # tests/cli/test_simulate.py serves, and ends it
        words = shlex.split(command)[1:]
        words = [place.workspace_sid if word == "WS…" else word for word in words]
        words = [far if word == "07:00" else word for word in words]
        code = await asyncio.to_thread(run_command, words)
        assert code == 0, (command, capfd.readouterr())


def test_the_accounts_file_is_one(monkeypatch, tmp_path):
    """The page's accounts file is taken as it stands, but for the SID that it leaves out."""
    path = tmp_path / "accounts.toml"
    path.write_text(ACCOUNTS.replace("WS…", "WS" + "0" * 32))
    monkeypatch.setenv("EMEA_KEY", "SK" + "a" * 32)
    monkeypatch.setenv("EMEA_SECRET", "made-up")
    (account,) = read_accounts(str(path), [], {})
    assert account.name == "emea"
