"""Where rows go, and when a file has its name."""

import os
from datetime import UTC, datetime

import pytest

from taskrouter_stats.cli.output import open_output
from taskrouter_stats.errors import ConfigError

ROW = {"time": datetime(2026, 11, 1, tzinfo=UTC), "name": "Zoë"}
LINE = '{"time":"2026-11-01T00:00:00Z","name":"Zoë"}\n'


async def test_a_file_has_its_name_once_it_is_complete(tmp_path):
    """Before that its rows are beside it, and an older file is untouched."""
    path = tmp_path / "rows"
    path.write_text("older\n")
    output = open_output(str(path))
    await output.write(ROW)
    assert path.read_text() == "older\n"
    output.complete()
    assert path.read_text() == LINE
    assert os.listdir(tmp_path) == ["rows"]  # noqa: PTH208


async def test_the_place_tells_where_rows_are(tmp_path):
    """First the partial file, then the whole one."""
    path = tmp_path / "rows"
    output = open_output(str(path))
    assert output.place == f"{path}.{os.getpid()}.partial"
    output.complete()
    assert output.place == str(path)


async def test_a_link_stays_a_link(tmp_path):
    """What it points at is replaced."""
    (tmp_path / "link").symlink_to(tmp_path / "rows")
    output = open_output(str(tmp_path / "link"))
    await output.write(ROW)
    output.complete()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "rows").read_text() == LINE


async def test_a_file_has_everyones_usual_permissions(tmp_path):
    """Those that the umask leaves, as for any other new file."""
    output = open_output(str(tmp_path / "rows"))
    output.complete()
    (tmp_path / "other").touch()
    assert (tmp_path / "rows").stat().st_mode == (tmp_path / "other").stat().st_mode


async def test_rows_longer_than_a_pipe_takes_at_once_come_whole(tmp_path):
    """They are written in pieces, through a reader that takes its time."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    output = open_output(str(fifo))
    await output.write({"text": "x" * 20_000})
    assert len(os.read(reader, 65_536)) == 20_000 + len('{"text":""}\n')
    output.complete()
    os.close(reader)
    assert fifo.is_fifo()


def test_a_directory_is_refused(tmp_path):
    """Before anything is sent."""
    with pytest.raises(ConfigError, match="a directory"):
        open_output(str(tmp_path))


def test_a_place_that_is_not_there_is_refused(tmp_path):
    """With the system's reason."""
    with pytest.raises(ConfigError, match="No such file or directory"):
        open_output(str(tmp_path / "no" / "rows"))
