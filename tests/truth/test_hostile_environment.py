"""Unusual environments: each command works or ends with one error line."""

import asyncio
import json
import os
import re
import shlex
import signal
import sys

import pytest

from tests.cli.processes import COMMAND, command, environment, hearing_ctrl_c
from tests.truth.raw_server import ENVIRONMENT, WORKSPACE, RawServer, truthful, worker_sid

ASCII = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}
NO_ZONES = {"PYTHONTZPATH": "", "WITHOUT": "tzdata"}


@pytest.fixture
def served():
    """Run a server with a workspace of three workers."""
    with RawServer(truthful(3)).running() as server:
        yield server


async def ran(words, place, server, env, redirected=""):
    """Run the command in a folder through a shell; return exit code, stdout and stderr."""
    program = (sys.executable, "-W", "error", "-c", RUN)
    line = f"exec {shlex.join([*program, *words])} {redirected}"
    variables = environment({**ENVIRONMENT, "TASKROUTER_STATS_BASE_URL": server.url, **env})
    with hearing_ctrl_c():
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", line, cwd=place, stdin=-3, stdout=-1, stderr=-1, env=variables
        )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert b"Traceback" not in err
    return process.returncode, out, err.decode("utf-8", "replace")


RUN = """\
import json, os, sys
if os.environ.get("GONE"): os.rmdir(os.getcwd())
if os.environ.get("WITHOUT"): sys.modules[os.environ["WITHOUT"]] = None
from taskrouter_stats.__main__ import main
from taskrouter_stats.cli.app import run
for words in json.loads(os.environ.get("BEFORE", "[]")):
    code = run(words)
    for stream in (sys.stdout, sys.stderr): print("ended:", code, file=stream, flush=True)
main()
"""
"""The command in one process, after those of the variable ``BEFORE``."""


async def each_ran(commands, place, server, env):
    """Run commands in one process; return exit code, stdout and stderr of each."""
    *before, last = map(str.split, commands)
    env = {**env, "BEFORE": json.dumps(before)}
    code, out, err = await ran(last, place, server, env)
    outs = re.split(r"ended: (\d+)\n", out.decode("utf-8", "replace"))
    errs = re.split(r"ended: (\d+)\n", err)
    codes = [*map(int, outs[1::2]), code]
    return list(zip(codes, outs[::2], errs[::2], strict=True))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("fetch WS --accounts deep.toml", "--accounts deep.toml: not TOML: correct its syntax"),
        (
            "fetch --accounts dotted.toml",
            "--accounts dotted.toml: too large or too deep for a list of accounts",
        ),
        (
            "fetch --accounts latin.toml",
            "--accounts latin.toml: not TOML: expected UTF-8 text",
        ),
        (
            "fetch --accounts /dev/zero",
            "--accounts /dev/zero: too large or too deep for a list of accounts",
        ),
        (
            "fetch WS --workers /dev/zero",
            (
                "--workers /dev/zero: line 1 has 1,000 characters or more: write one SID (WK…) "
                "per line"
            ),
        ),
        ("fetch WS --workers bytes.txt", "--workers bytes.txt: not UTF-8 text"),
    ],
)
def test_an_input_that_cannot_be_read_is_2(here, tmp_path, monkeypatch, served, command, says):
    """An unusable file ends with one error line, and nothing is sent."""
    (tmp_path / "deep.toml").write_text("account = " + "[" * 100_000)
    (tmp_path / "dotted.toml").write_text(".".join("a" * 100_000) + " = 1")
    (tmp_path / "latin.toml").write_bytes(b'[[account]]\nname = "\xfc"\n')
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    monkeypatch.chdir(tmp_path)
    words = command.replace("WS", WORKSPACE).split()
    env = {**ENVIRONMENT, "TASKROUTER_STATS_BASE_URL": served.url}
    assert here(words, env) == (2, "", f"Error: {says}\n")
    assert served.questions == []


@pytest.mark.parametrize(
    ("command", "redirected", "says"),
    [
        ("fetch WS --workers -", "<&-", "--workers -: standard input is closed: name a file"),
        ("fetch WS", ">&-", "standard output is closed: name a file with --output"),
    ],
)
async def test_a_closed_stream_is_2(tmp_path, served, command, redirected, says):
    """A closed stream ends with one error line, and nothing is sent."""
    words = command.replace("WS", WORKSPACE).split()
    code, out, err = await ran(words, tmp_path, served, {}, redirected)
    assert (code, out, err) == (2, b"", f"Error: {says}\n")
    assert served.questions == []


@pytest.mark.parametrize(
    "env",
    [
        ASCII,
        {"PYTHONIOENCODING": "latin-1", "PYTHONOPTIMIZE": "2"},
        {"PYTHONIOENCODING": "ascii:strict", "TERM": "dumb", "COLUMNS": "1"},
        {"HOME": "/nowhere", "TZ": "Nowhere", "LANG": "xx_YY", **NO_ZONES},
    ],
    ids=str,
)
async def test_unusual_settings_change_nothing(tmp_path, served, env):
    """Locale, encoding, optimisation, home and time zone database do not matter."""
    commands = ["fetch --help", f"fetch {WORKSPACE} --last 1h"]
    usage, fetched = await each_ran(commands, tmp_path, served, env)
    assert (usage[0], fetched[0]) == (0, 0), fetched
    assert usage[1].startswith("Usage: taskrouter-stats fetch ")
    rows = [json.loads(line) for line in fetched[1].splitlines()]
    assert {row["worker_sid"] for row in rows} == {worker_sid(n) for n in range(3)}


async def test_a_name_outside_the_locale_is_complete(tmp_path):
    """With LC_ALL=POSIX, rows contain the complete name of a worker."""

    def answer(question):
        reply = truthful(1)(question)
        return reply.replace(b'"worker 0"', '"Zoë"'.encode().ljust(10))

    with RawServer(answer).running() as server:
        words = ["fetch", WORKSPACE, "--last", "1h"]
        code, out, err = await ran(words, tmp_path, server, ASCII)
    assert code == 0, err
    assert json.loads(out)["worker_name"] == "Zoë"


async def test_a_deleted_current_directory_matters_for_files_only(tmp_path, served):
    """A command without a file works; a command with a file ends with one error line."""
    place = tmp_path / "gone"
    place.mkdir()
    commands = [f"fetch {WORKSPACE} --summary run.json", f"fetch {WORKSPACE}"]
    commands += [f"plan {WORKSPACE}", "demo --workers 2"]
    refused, *others = await each_ran(commands, place, served, {"GONE": "1"})
    assert (refused[:2], refused[2].count("\n")) == ((4, ""), 1)
    assert refused[2].startswith("Error: run.json: the current directory was deleted")
    assert [code for code, _, _ in others] == [0, 0, 0], others
    assert all(out for _, out, _ in others)


async def test_without_a_time_zone_database_utc_works(tmp_path, served):
    """For another zone, the error line says what to install."""
    zones = ("UTC", "Europe/Dublin")
    commands = [f"plan {WORKSPACE} --last 1h --tz {zone}" for zone in zones]
    utc, dublin = await each_ran(commands, tmp_path, served, NO_ZONES)
    assert (utc[0], utc[2]) == (0, "")
    assert (dublin[0], dublin[2].count("\n")) == (2, 1)
    assert dublin[2].startswith("Error: --tz Europe/Dublin: ")
    assert "pip install tzdata" in dublin[2]


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "<&- 2>&-"])
async def test_a_closed_stderr_does_not_change_the_exit_code(tmp_path, served, redirected):
    """The exit code is the same if stderr is closed or its disk is full."""
    code, out, _ = await ran(["fetch", "x"], tmp_path, served, {}, redirected)
    assert (code, out) == (2, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
@pytest.mark.parametrize("ignoring", [False, True], ids=["", "SIGINT is ignored"])
@pytest.mark.parametrize(
    ("arguments", "first", "code", "says"),
    [
        (["simulate", "--port", "0", "--workers", "2"], "Simulated", 0, b"Stopped."),
        (["demo", "--workers", "1000", "--limit", "50"], "", 75, b"Not complete: stopped"),
    ],
    ids=["simulate", "demo"],
)
async def test_sigterm_ends_a_command(arguments, first, code, says, ignoring):
    """SIGTERM has a handler, which the first process of a container requires."""
    words = (*(COMMAND if ignoring else command()), *arguments)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignoring else signal.SIG_DFL)
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=-1, stderr=-1, env=environment({})
        )
    finally:
        signal.signal(signal.SIGINT, before)
    if first:
        assert (await process.stdout.readline()).decode().startswith(first)
    else:
        await process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, b"Traceback" in err) == (code, False)
    assert says in err
