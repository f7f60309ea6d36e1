"""Unusual names of outputs: each works or is refused in one line."""

import os
import subprocess
import sys

import pytest

from .exported import counting, rows
from .raw_server import ENVIRONMENT, WORKSPACE, RawServer

DELETE_AND_RUN = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.argv[1], sys.argv[1:])"
SIX_TABLES = (
    "workers",
    "activities",
    "workers_statistics",
    "workspace_statistics",
    "workflow_statistics",
    "task_queue_statistics",
)


@pytest.fixture
def server():
    """Run a server with correct answers."""
    with RawServer(counting({})).running() as running:
        yield running


DAY = ("fetch", WORKSPACE, "--day=2026-11-01", "--tz=UTC")


def variables(server, **changed):
    """Return the environment of a command for this server."""
    return {**ENVIRONMENT, "TASKROUTER_STATS_BASE_URL": server.url, **changed}


@pytest.fixture
def fetch(here, server, tmp_path, monkeypatch):
    """Run the command in an empty folder; return its exit code and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code, _, err = here((*DAY, *arguments), variables(server))
        return code, err

    return call


def fetch_in_process(server, folder, *arguments, gone=False, **changed):
    """Run the command in another process, in a folder; return its exit code and stderr."""
    command = (sys.executable, "-W", "error", "-m", "taskrouter_stats", *DAY, *arguments)
    if gone:
        command = (sys.executable, "-c", DELETE_AND_RUN, *command)
    env = {**os.environ, **variables(server, **changed)}
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    return ran.returncode, ran.stderr.decode(errors="replace")


@pytest.mark.parametrize("name", [b"o\xff.jsonl", b"lake\xff"])
def test_a_name_that_is_not_utf8_is_refused_in_one_line(server, fetch, tmp_path, name):
    """The line shows the bytes; nothing is sent and nothing is written."""
    code, err = fetch("--output", os.fsdecode(name))
    assert code == 2
    assert err.count("\n") == 1
    assert "\\xff" in err
    assert "UTF-8" in err
    assert (server.questions, list(tmp_path.iterdir())) == ([], [])


def test_the_posix_locale_writes_names_of_any_language(server, tmp_path):
    """With the POSIX locale, a name with other letters than ASCII works."""
    code, err = fetch_in_process(server, tmp_path, "--output", "ü.jsonl", LC_ALL="POSIX")
    assert (code, err.count("Traceback")) == (0, 0)
    assert len(rows(tmp_path / "ü.jsonl")) == 4


def test_without_utf8_mode_the_error_names_the_variable(server, tmp_path):
    """If the locale cannot encode the name, the error says which variable to set."""
    code, err = fetch_in_process(
        server,
        tmp_path,
        "--output",
        "ü.jsonl",
        LC_ALL="POSIX",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert (code, err.count("\n")) == (2, 1)
    assert "PYTHONUTF8=1" in err


@pytest.mark.parametrize("option", ["--output", "--summary"])
def test_a_deleted_current_directory_is_refused_in_one_line(server, tmp_path, option):
    """The error says that the directory was deleted, and nothing is sent."""
    place = tmp_path / "gone"
    place.mkdir()
    code, err = fetch_in_process(server, place, option, "o.jsonl", gone=True)
    assert (code, err.count("\n")) == (4, 1)
    assert "the current directory was deleted" in err
    assert server.questions == []


@pytest.mark.parametrize("table", SIX_TABLES)
def test_a_table_that_no_fetch_fills_is_refused(server, fetch, tmp_path, table):
    """The option --table takes only tables that the fetch fills; nothing is recorded as done."""
    code, err = fetch("--table", table, "--output", "lake/")
    assert code == 2
    assert "worker_activity_durations" in err or f"holds only {table}, and the plan" in err
    assert (server.questions, list(tmp_path.iterdir())) == ([], [])
