"""Kind 1, names: an output whose name or folder is odd works, or is refused in one line."""

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
    """A server that tells the truth."""
    with RawServer(counting({})).running() as running:
        yield running


def fetch(server, folder, *arguments, gone=False, **variables):
    """Run the command in a folder; its exit code and what it said."""
    command = (sys.executable, "-W", "error", "-m", "taskrouter_stats", "fetch", WORKSPACE)
    if gone:
        command = (sys.executable, "-c", DELETE_AND_RUN, *command)
    variables = {**os.environ, **ENVIRONMENT, "TASKROUTER_STATS_BASE_URL": server.url, **variables}
    ran = subprocess.run(
        (*command, "--day", "2026-11-01", "--tz=UTC", *arguments),
        cwd=folder,
        env=variables,
        capture_output=True,
        check=False,
    )
    return ran.returncode, ran.stderr.decode(errors="replace")


@pytest.mark.parametrize("name", [b"o\xff.jsonl", b"lake\xff"])
def test_a_name_that_is_no_utf8_is_refused_in_one_line(server, tmp_path, name):
    """The line shows the bytes, nothing is asked and nothing is written."""
    code, told = fetch(server, tmp_path, b"--output", name)
    assert code == 2
    assert told.count("\n") == 1
    assert "\\xff" in told
    assert "a name in UTF-8 is expected" in told
    assert (server.questions, list(tmp_path.iterdir())) == ([], [])


def test_the_posix_locale_writes_names_of_any_language(server, tmp_path):
    """Where the locale is POSIX a name beyond ASCII is a file's name like any other."""
    code, told = fetch(server, tmp_path, "--output", "ü.jsonl", LC_ALL="POSIX")
    assert (code, told.count("Traceback")) == (0, 0)
    assert len(rows(tmp_path / "ü.jsonl")) == 4


def test_without_utf8_mode_the_way_out_is_named(server, tmp_path):
    """A locale that can't say the name is told with what to set."""
    code, told = fetch(
        server,
        tmp_path,
        "--output",
        "ü.jsonl",
        LC_ALL="POSIX",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert (code, told.count("\n")) == (2, 1)
    assert "PYTHONUTF8=1" in told


@pytest.mark.parametrize("option", ["--output", "--summary"])
def test_a_deleted_current_folder_is_told_in_one_line(server, tmp_path, option):
    """A run in a folder that was deleted says so, and asks nothing."""
    place = tmp_path / "gone"
    place.mkdir()
    code, told = fetch(server, place, option, "o.jsonl", gone=True)
    assert (code, told.count("\n")) == (4, 1)
    assert "the current directory was deleted" in told
    assert server.questions == []


@pytest.mark.parametrize("table", SIX_TABLES)
def test_a_table_that_no_fetch_fills_is_refused(server, tmp_path, table):
    """The option takes the two tables that a fetch can fill, and nothing is marked as done."""
    code, told = fetch(server, tmp_path, "--table", table, "--output", "lake/")
    assert code == 2
    assert "worker_activity_durations" in told
    assert (server.questions, list(tmp_path.iterdir())) == ([], [])
