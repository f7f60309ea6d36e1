"""``demo``, and tables on a terminal."""

import asyncio
import fcntl
import json
import os
import pty
import struct
import termios

from tests.cli.processes import account, command, environment

ARGUMENTS = ("demo", "--workers", "40", "--limit", "80", "--latency", "0.01")


async def test_the_demo_ends_with_the_table_and_the_cost(run):
    """A pipe gets the busiest workers, their sum and the cost, without escape sequences."""
    ran = await run(*ARGUMENTS)
    assert ran.code == 0
    assert "Busiest workers" in ran.out
    assert "40 workers" in ran.out
    assert "41 requests, 0 retries, 0 refused" in ran.out.splitlines()[-1]
    assert "of the limit of 80/s" in ran.out.splitlines()[-1]
    assert not {"\x1b", "\r"} & set(ran.out + ran.err)


def test_a_wrong_number_of_workers_is_2(here):
    """An error of the simulator's checks is one line."""
    code, out, err = here(("demo", "--workers", "-1"), {})
    assert (code, out) == (2, "")
    assert err.startswith("Error: workers=-1")


async def on_a_terminal(*arguments, **env):
    """Run on a pseudo terminal of 100 columns; return the exit code and the output."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    env = environment({"TERM": "xterm-256color", **env})
    env.pop("COLUMNS")
    process = await asyncio.create_subprocess_exec(
        *command(), *arguments, stdin=slave, stdout=slave, stderr=slave, env=env
    )
    os.close(slave)
    drawn = await asyncio.get_running_loop().run_in_executor(None, read_all, master)
    os.close(master)
    return await process.wait(), drawn.decode()


def read_all(descriptor):
    """Return the bytes that are sent to a terminal until all processes closed it."""
    parts = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # Linux raises it when the other end is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


async def test_on_a_terminal_the_progress_line_is_live():
    """The same line is drawn again and again, then erased, and a coloured table follows."""
    slow = ("--limit", "20")  # the run takes two seconds
    code, drawn = await on_a_terminal(*ARGUMENTS, *slow)
    live, _, table = drawn.partition("Busiest workers")
    assert code == 0
    assert live.count("x 429") > 3
    assert live.count("\r\x1b[2K") > 3
    assert "ETA" in live
    assert live.rstrip("\x1b[1m \r\n").endswith("\x1b[2K")
    assert "\x1b[38;5;" in table
    assert "▇" in table
    assert "40 workers" in table
    assert "\x1b[?25h" in drawn


async def test_no_color_removes_colours():
    """With NO_COLOR, the bars are letters, and nothing has a colour."""
    code, drawn = await on_a_terminal(*ARGUMENTS, NO_COLOR="1")
    assert code == 0
    assert "\x1b[38;5;" not in drawn
    assert "A Available" in drawn
    assert "▇" not in drawn


async def test_rows_on_a_terminal_have_no_live_line(simulator):
    """With --output -, a terminal gets rows and plain lines, without a cursor movement."""
    arguments = ("fetch", simulator.workspace_sid, "--output", "-")
    code, drawn = await on_a_terminal(*arguments, **account(simulator))
    rows = [json.loads(line) for line in drawn.splitlines() if line.startswith("{")]
    assert (code, len(rows)) == (0, 12)
    assert "\x1b" not in drawn


async def test_fetch_shows_the_table_on_a_terminal(simulator):
    """Without --output, a terminal gets a table instead of JSON lines."""
    arguments = ("fetch", simulator.workspace_sid)
    code, drawn = await on_a_terminal(*arguments, **account(simulator))
    assert code == 0
    assert f"Workers of {simulator.workspace_sid}" in drawn
    assert "12 workers" in drawn
    assert '"worker_sid"' not in drawn
