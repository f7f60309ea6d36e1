"""Standard output, pipes and devices."""

import os

import pytest

from taskrouter_stats.cli.fetch.stdout import open_output
from taskrouter_stats.errors import ConfigError


async def test_a_line_longer_than_a_pipes_buffer_is_complete(tmp_path):
    """A long line is written in pieces."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    output = open_output(str(fifo))
    await output.write(b"x" * 20_000)
    assert len(os.read(reader, 65_536)) == 20_000
    assert output.place == str(fifo)
    os.close(reader)


def test_a_missing_pipe_is_refused(tmp_path):
    """The error has the reason of the system."""
    with pytest.raises(ConfigError, match="No such file or directory"):
        open_output(str(tmp_path / "no" / "fifo"))
