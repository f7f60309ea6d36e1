"""Rows of wrong calls, and a server that nobody may ask."""

import inspect
import socket
from contextlib import contextmanager

import pytest

SID = "{}" + "0" * 32
ACCOUNT, KEY, WORKSPACE, WORKER, QUEUE = map(SID.format, ("AC", "SK", "WS", "WK", "WQ"))
SECRET = "hush" * 8


@contextmanager
def unasked():
    """The URL of a server on this machine, to which nobody may have connected in the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield "http://127.0.0.1:{1}".format(*server.getsockname())
        with pytest.raises(BlockingIOError):
            server.accept()[0].close()


def rows(*table):
    """Parametrize a test by rows that begin with their names."""
    return pytest.mark.parametrize(
        ("call", "error", "says"), [pytest.param(*row, id=name) for name, *row in table]
    )


async def refused(call, *arguments):
    """The error that a call ends with; what it returns is awaited where it can be."""
    try:
        found = call(*arguments)
        if inspect.isawaitable(found):
            await found
    except Exception as error:  # noqa: BLE001 (the caller compares type and text)
        return error
    return None


def same(caught, error, says):
    """Whether it is this error with this text, and without a secret."""
    assert SECRET not in f"{caught!r} {vars(caught)}"
    return (type(caught), str(caught)) == (error, says)
