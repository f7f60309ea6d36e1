"""Rows of wrong calls, and a server that no test may call."""

import inspect
import socket
from contextlib import contextmanager

import pytest

SID = "{}" + "0" * 32
ACCOUNT, KEY, WORKSPACE, WORKER, QUEUE = map(SID.format, ("AC", "SK", "WS", "WK", "WQ"))
SECRET = "hush" * 8


@contextmanager
def unasked():
    """Return the URL of a local server, and fail if a client connected to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield "http://127.0.0.1:{1}".format(*server.getsockname())
        with pytest.raises(BlockingIOError):
            server.accept()[0].close()


def rows(*table):
    """Parametrize a test with rows that begin with their names."""
    return pytest.mark.parametrize(
        ("call", "error", "says"), [pytest.param(*row, id=name) for name, *row in table]
    )


async def refused(call, *arguments):
    """Return the error of a call, after awaiting its result if possible; None without an error."""
    try:
        found = call(*arguments)
        if inspect.isawaitable(found):
            await found
    except Exception as error:  # noqa: BLE001 (the caller compares type and text)
        return error
    return None


def same(caught, error, says):
    """Return whether the error has this type and text, and fail if it shows a secret."""
    assert SECRET not in f"{caught!r} {vars(caught)}"
    return (type(caught), str(caught)) == (error, says)
