"""Unusable files and folders: each is refused in one line, and nothing is sent."""

import pytest

from tests.cli.bad_inputs import create_files, environment, error_line, words
from tests.support.wrong_calls import SECRET, WORKER, unasked

LONG = "a" * 300
PLACES = (
    (
        "an output with a long name",
        f"fetch WS --output {LONG}",
        4,
        f"--output {LONG}: File name too long",
    ),
    (
        "a summary with a long name",
        f"fetch WS --summary {LONG}",
        2,
        f"--summary {LONG}: File name too long",
    ),
    (
        "workers with a long name",
        f"fetch WS --workers {LONG}",
        2,
        f"--workers {LONG}: File name too long",
    ),
    (
        "workers and a queue",
        "fetch WS --workers workers.txt --task-queue all",
        2,
        "--workers and --task-queue exclude each other: give one of them",
    ),
    (
        "workers in a missing file",
        "fetch WS --workers nowhere.txt",
        2,
        "--workers nowhere.txt: No such file or directory",
    ),
    (
        "a worker's SID as the file",
        "fetch WS --workers WK",
        2,
        f"--workers {WORKER}: No such file or directory",
    ),
    (
        "workers by name",
        "fetch WS --workers names.txt",
        2,
        "--workers='Ada = = Lovelace': line 1 of names.txt is not a Worker SID (WK…)",
    ),
    (
        "workers in an empty file",
        "fetch WS --workers empty.txt",
        2,
        "--workers='empty.txt': the file has no SID: expected one per line",
    ),
    (
        "workers in a binary file",
        "fetch WS --workers bytes.bin",
        2,
        "--workers bytes.bin: not UTF-8 text",
    ),
    ("a folder of workers", "fetch WS --workers folder", 2, "--workers folder: Is a directory"),
    (
        "workers of two workspaces",
        "fetch WS WS1 --workers workers.txt",
        2,
        "--workers names workers of one workspace: give one WORKSPACE",
    ),
    (
        "accounts in a missing file",
        "fetch --accounts nowhere.toml",
        2,
        "--accounts nowhere.toml: No such file or directory",
    ),
    (
        "accounts that are not TOML",
        "fetch --accounts names.txt",
        2,
        "--accounts names.txt: not TOML: correct its syntax",
    ),
    (
        "an account with its secret",
        "fetch --accounts secret.toml",
        2,
        (
            "secret.toml, account 1: auth_token is not a key of an account. Keep secrets in "
            "environment variables, and name the variables with api_key_env, api_secret_env, "
            "account_sid_env, auth_token_env"
        ),
    ),
    (
        "an account without a name",
        "fetch --accounts nameless.toml",
        2,
        "nameless.toml, account 1: name: expected a text that is not empty",
    ),
    (
        "a summary that is a folder",
        "fetch WS --summary folder",
        2,
        "--summary folder: expected the name of a file",
    ),
    (
        "a summary below a file",
        "fetch WS --summary names.txt/run.json",
        2,
        "--summary names.txt/run.json: expected the name of a file",
    ),
    (
        "a file of another kind",
        "fetch WS --output names.txt",
        2,
        "--output names.txt is a file: name a folder, or a file that ends in .jsonl or .csv",
    ),
    (
        "a place below a file",
        "fetch WS --output names.txt/lake",
        4,
        "HERE/names.txt/lake: Not a directory",
    ),
    (
        "a file of another program",
        "fetch WS --output strange.jsonl",
        4,
        "HERE/strange.jsonl",
    ),
    (
        "a torn checkpoint",
        "fetch WS --output torn.jsonl",
        4,
        "HERE/torn.jsonl._state/commit-0000000001.json",
    ),
    (
        "a checkpoint of a list",
        "fetch WS --output list.jsonl",
        4,
        "HERE/list.jsonl._state/commit-0000000001.json",
    ),
    (
        "a checkpoint without position",
        "fetch WS --output hollow.jsonl",
        4,
        "HERE/hollow.jsonl._state/commit-0000000001.json",
    ),
    (
        "a checkpoint of numbers",
        "fetch WS --output numbers.jsonl",
        4,
        "HERE/numbers.jsonl._state/commit-0000000001.json",
    ),
    (
        "a checkpoint of the future",
        "fetch WS --output future.jsonl",
        4,
        "HERE/future.jsonl._state/commit-0000000001.json",
    ),
    (
        "another format's checkpoint",
        "fetch WS --output other.jsonl",
        4,
        "HERE",
    ),
    (
        "torn failures",
        "fetch --output failures.jsonl --retry-failed",
        4,
        "HERE/failures.jsonl._state/failures.jsonl: line 1 is not a failed query",
    ),
)


@pytest.fixture
def bad_files(tmp_path, monkeypatch):
    """Make a folder of these files the current directory."""
    create_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "command", "ends", "says"), PLACES, ids=[row[0] for row in PLACES]
)
def test_an_unusable_file_is_refused_in_one_line(here, bad_files, name, command, ends, says):
    """The error line names the file or folder, shows no secret, and nothing is sent."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url))
    assert (code, out) == (ends, "")
    assert error_line(err).startswith(f"Error: {says}".replace("HERE", str(bad_files)))
    assert SECRET not in err


async def test_a_process_prints_one_line_too(run_process, bad_files):
    """A truncated checkpoint ends a separate process with one line and no traceback."""
    with unasked() as url:
        ran = await run_process(*words("fetch WS --output torn.jsonl"), **environment(url))
    says = f"Error: {bad_files}/torn.jsonl._state/commit-0000000001.json"
    assert (ran.code, ran.out) == (4, "")
    assert error_line(ran.err).startswith(says)


@pytest.mark.usefixtures("bad_files")
def test_retry_failed_without_failures_is_complete(here):
    """Without failures, --retry-failed prints one line and sends nothing."""
    with unasked() as url:
        command = words("fetch --output lake.jsonl --retry-failed")
        code, out, err = here(command, environment(url))
    assert (code, out, err) == (
        0,
        "",
        "Nothing to do: the output has no failed query for these options.\n",
    )
