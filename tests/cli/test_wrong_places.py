"""Files that no command can do with, and the exact words with which each is refused."""

import pytest

from tests.cli.mistakes import environment, strew, told, words
from tests.support.wrong_calls import SECRET, WORKER, unasked

LONG = "a" * 300
PLACES = (
    ("a name without end", f"fetch WS --output {LONG}", 4, f"--output {LONG}: File name too long"),
    (
        "a summary without end",
        f"fetch WS --summary {LONG}",
        2,
        f"--summary {LONG}: File name too long",
    ),
    (
        "workers without end",
        f"fetch WS --workers {LONG}",
        2,
        f"--workers {LONG}: File name too long",
    ),
    (
        "workers and a queue",
        "fetch WS --workers workers.txt --task-queue all",
        2,
        "--workers and --task-queue exclude each other",
    ),
    (
        "workers from nowhere",
        "fetch WS --workers nowhere.txt",
        2,
        "--workers nowhere.txt: No such file or directory",
    ),
    (
        "a worker for a file",
        "fetch WS --workers WK",
        2,
        f"--workers {WORKER}: No such file or directory",
    ),
    (
        "workers by name",
        "fetch WS --workers names.txt",
        2,
        "--workers='Ada = = Lovelace': line 1 of names.txt is no Worker's SID (WK…)",
    ),
    (
        "workers of an empty file",
        "fetch WS --workers empty.txt",
        2,
        "--workers='empty.txt': it names no worker",
    ),
    (
        "workers that are no text",
        "fetch WS --workers bytes.bin",
        2,
        "--workers bytes.bin: no UTF-8 text",
    ),
    ("a folder of workers", "fetch WS --workers folder", 2, "--workers folder: Is a directory"),
    (
        "workers of two workspaces",
        "fetch WS WS1 --workers workers.txt",
        2,
        "--workers names one workspace's workers: give one WORKSPACE",
    ),
    (
        "accounts from nowhere",
        "fetch --accounts nowhere.toml",
        2,
        "--accounts nowhere.toml: No such file or directory",
    ),
    (
        "accounts that are no TOML",
        "fetch --accounts names.txt",
        2,
        "--accounts names.txt: not TOML",
    ),
    (
        "an account with its secret",
        "fetch --accounts secret.toml",
        2,
        (
            "secret.toml, account 1: auth_token is no key; secrets stay in the environment, "
            "whose variables are named by account_sid_env, auth_token_env, api_key_env, "
            "api_secret_env"
        ),
    ),
    (
        "an account without a name",
        "fetch --accounts nameless.toml",
        2,
        "nameless.toml, account 1: name = a text",
    ),
    (
        "a summary into a folder",
        "fetch WS --summary folder",
        2,
        "--summary folder: the name of a file is expected",
    ),
    (
        "a summary below a file",
        "fetch WS --summary names.txt/run.json",
        2,
        "--summary names.txt/run.json: the name of a file is expected",
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
        "a stranger's file",
        "fetch WS --output strange.jsonl",
        4,
        "HERE/strange.jsonl is not this program's: --fresh moves it aside",
    ),
    (
        "a torn checkpoint",
        "fetch WS --output torn.jsonl",
        4,
        "HERE/torn.jsonl._state/commit-0000000001.json is not a checkpoint: --fresh starts over",
    ),
    (
        "a checkpoint of a list",
        "fetch WS --output list.jsonl",
        4,
        "HERE/list.jsonl._state/commit-0000000001.json is not a checkpoint: --fresh starts over",
    ),
    (
        "a checkpoint without position",
        "fetch WS --output hollow.jsonl",
        4,
        "HERE/hollow.jsonl._state/commit-0000000001.json is not a checkpoint: --fresh starts over",
    ),
    (
        "a checkpoint of numbers",
        "fetch WS --output numbers.jsonl",
        4,
        "HERE/numbers.jsonl._state/commit-0000000001.json is not a checkpoint: --fresh starts over",
    ),
    (
        "a checkpoint of the future",
        "fetch WS --output future.jsonl",
        4,
        (
            "HERE/future.jsonl._state/commit-0000000001.json was written by a newer version of "
            "taskrouter-stats: upgrade it here"
        ),
    ),
    (
        "another format's checkpoint",
        "fetch WS --output other.jsonl",
        4,
        "HERE holds CSV of workers, not JSON Lines of worker_statistics: take another output",
    ),
    (
        "torn failures",
        "fetch --output failures.jsonl --retry-failed",
        4,
        "HERE/failures.jsonl._state/failures.jsonl is no list of failures",
    ),
)


@pytest.fixture
def strewn(tmp_path, monkeypatch):
    """A folder full of them, as the current one."""
    strew(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "command", "ends", "says"), PLACES, ids=[row[0] for row in PLACES]
)
def test_a_wrong_place_is_refused_in_these_words(here, strewn, name, command, ends, says):
    """A file that can't be read or written is told in one line, and nobody is asked."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url))
    assert (code, out, told(err)) == (ends, "", f"Error: {says}".replace("HERE", str(strewn)))
    assert SECRET not in err


async def test_a_process_says_the_same(run, strewn):
    """A torn checkpoint ends a process of its own in one line, and no traceback."""
    with unasked() as url:
        ran = await run(*words("fetch WS --output torn.jsonl"), **environment(url))
    says = f"{strewn}/torn.jsonl._state/commit-0000000001.json is not a checkpoint: "
    assert (ran.code, ran.out) == (4, "")
    assert told(ran.err) == f"Error: {says}--fresh starts over"


def test_nothing_to_retry_is_said(here, strewn):
    """Without failures --retry-failed says so, and asks nobody."""
    with unasked() as url:
        command = words("fetch --output lake.jsonl --retry-failed")
        code, out, err = here(command, environment(url))
    assert (code, out, err) == (0, "", "Nothing to do: no failed query is left here.\n")
