"""The summary replaces no pipe, no device, and no file of the run itself."""

import json
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskrouter_stats.cli.fetch.summary import write_summary
from taskrouter_stats.cli.fetch.summary_file import check_summary, put_summary
from taskrouter_stats.errors import ConfigError, StorageError

WORDS = b'{"complete": true}\n'


def write(file, output=None):
    """Check and write a summary, as a run does."""
    check_summary(str(file), None if output is None else str(output))
    put_summary(str(file), WORDS)


def test_a_regular_file_is_replaced(tmp_path):
    """The file of an earlier run is replaced, and no temporary file remains."""
    path = tmp_path / "run.json"
    for _ in range(2):
        write(path)
    write_summary(str(path), [], 0, datetime.now(UTC), None)
    assert json.loads(path.read_text())["exit_code"] == 0
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path, there):
    """The target of a symbolic link is written, whether it exists or not."""
    target, link = tmp_path / "target.json", tmp_path / "run.json"
    if there:
        target.write_text("old")
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == WORDS


def test_a_named_pipe_is_written_through(tmp_path):
    """The reader of a named pipe gets the summary, and the pipe stays a pipe."""
    path, received = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    check_summary(str(path))
    while True:
        try:
            put_summary(str(path), WORDS)
            break
        except StorageError:  # the reader has not opened it yet
            continue
    reader.join(20)
    assert received == [WORDS]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_named_pipe_without_a_reader_is_an_error(tmp_path):
    """The run does not wait for a reader of the pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(StorageError, match="--summary "):
        write(path)
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("linked", [True, False])
def test_a_device_is_written_through(tmp_path, linked):
    """A device stays a device, under its own name and under that of a link."""
    path = tmp_path / "null"
    path.symlink_to("/dev/null")
    write(path if linked else "/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert path.is_symlink()


@pytest.mark.parametrize(
    ("output", "file"),
    [
        ("o.jsonl", "o.jsonl"),
        ("o.jsonl", "./sub/../o.jsonl"),
        ("o.jsonl", "link.json"),
        ("o.jsonl", "hard.json"),
        ("file://HERE/o.jsonl", "o.jsonl"),
        ("o.jsonl", "o.jsonl._state/run.json"),
        ("o.jsonl", "o.jsonl._state"),
        ("lake", "lake/run.json"),
        ("lake", "lake/_state/run.json"),
        ("lake/", "lake/worker_statistics/run.parquet"),
        ("./sub/../lake", "lake/run.json"),
        ("new/lake", "new/lake/run.json"),
    ],
)
def test_a_file_of_the_output_is_refused(tmp_path, monkeypatch, output, file):
    """The rows, their state and the folder are refused under each of their names."""
    monkeypatch.chdir(tmp_path)
    for folder in ("sub", "lake/_state"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "o.jsonl").write_text("rows\n")
    (tmp_path / "link.json").symlink_to("o.jsonl")
    (tmp_path / "hard.json").hardlink_to("o.jsonl")
    with pytest.raises(ConfigError, match="--summary "):
        write(file, output.replace("HERE", str(tmp_path)))
    assert (tmp_path / "o.jsonl").read_text() == "rows\n"


def test_a_file_beside_the_output_is_accepted(tmp_path):
    """A name beside the output, or a name that begins like it, is accepted."""
    for file in ("run.json", "lake.json", "o.jsonl.json"):
        write(tmp_path / file, tmp_path / "lake")
        write(tmp_path / file, tmp_path / "o.jsonl")


def test_the_file_of_standard_output_is_refused(tmp_path, monkeypatch):
    """A file that standard output is redirected to is not replaced."""
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        real = os.fstat
        monkeypatch.setattr(os, "fstat", lambda number: real(file.fileno() if number == 1 else 2))
        with pytest.raises(ConfigError, match="standard output is redirected to this file"):
            check_summary(str(path))


def test_the_file_of_accounts_is_refused(tmp_path):
    """The file of --accounts is not replaced."""
    path = tmp_path / "accounts.toml"
    path.write_text("")
    with pytest.raises(ConfigError, match="is the file of --accounts"):
        check_summary(str(path), None, str(path))


def test_a_name_that_is_not_utf8_is_written(tmp_path):
    """The summary takes a file name of any bytes."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")
    write(path)
    assert [os.fsencode(one.name) for one in tmp_path.iterdir()] == [b"\xff.json"]
