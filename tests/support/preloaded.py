"""Python programs that start as copies of a process which has imported the package.

A start costs a twelfth of a second's CPU instead of a second's half. ``preloaded_client.py`` is
started in the program's place: it hands its arguments, environment, folder and standard streams to
the server here, passes signals on, and ends as the program does. Tests of Python's own start, such
as its locale, flags and closed streams, start a new interpreter instead.

The server handles one connection in a process of its own, so that it has no state.
"""

import atexit
import functools
import gc
import io
import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

__all__ = ["command", "share"]

SHARED = "TESTS_PRELOADED"
"""The variable of the environment that names the socket of a shared server."""
CLIENT = Path(__file__).with_name("preloaded_client.py")
IMPORTED = (
    *("aiohttp.web", "zoneinfo", "rich.live", "rich.table", "pyarrow.parquet"),
    *("taskrouter_stats.simulator", "taskrouter_stats.web", "taskrouter_stats.cli.app"),
)
COMMANDS = (
    *("dashboard", "demo", "doctor.command", "exporter", "fetch.command", "plan", "poll"),
    *("simulate",),
)


def command(*program):
    """Return the command line that runs ``-m MODULE`` or a script, warnings being errors."""
    if not hasattr(os, "fork"):
        return (sys.executable, "-W", "error", *program)
    return (sys.executable, "-I", "-S", str(CLIENT), os.environ.get(SHARED) or _address(), *program)


def share():
    """Start the server for this process and for those that it will start, such as xdist's."""
    if hasattr(os, "fork"):
        os.environ[SHARED] = _address()


@functools.cache
def _address():
    """Start the server of this process, which ends with it; return the path of its socket."""
    server = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.support.preloaded"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.wait)
    atexit.register(server.stdin.close)
    with server.stdout:
        return server.stdout.readline().strip()


def serve():
    """Print the path of a socket, and serve its connections until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, reap)
    folder = tempfile.mkdtemp(prefix="preloaded-")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/socket")
        listener.listen()
        print(listener.getsockname(), flush=True)  # noqa: T201 (the test's process reads it)
        for name in (*IMPORTED, *(f"taskrouter_stats.cli.{name}" for name in COMMANDS)):
            import_module(name)
        gc.freeze()
        while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                handle(connection)
            connection.close()
    shutil.rmtree(folder)


def reap(*_):
    """Wait for the processes that have ended, so that their CPU time counts."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def handle(connection):
    """Start the program of a connection, tell its number, and how it ended; then exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, *_ = socket.recv_fds(connection, 8, 3)
    request = json.loads(connection.recv(int(length), socket.MSG_WAITALL))
    ended, held = os.pipe()
    program = os.fork()
    if program == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        run(*request)
    for descriptor in (held, 0, 1, *streams):
        os.close(descriptor)
    connection.sendall(b"%8d" % program)
    hung_up = select.poll()
    hung_up.register(connection, 0)
    hung_up.register(ended, 0)
    if any(descriptor == connection.fileno() for descriptor, _ in hung_up.poll()):
        os.kill(program, signal.SIGKILL)
    _, status = os.waitpid(program, 0)
    try:
        connection.sendall(b"%8d" % status)
    finally:
        os._exit(0)


def run(arguments, environment, folder):
    """Become the program, as a new interpreter would, and exit."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    random.seed()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        file = open(number, "rb" if number == 0 else "wb", closefd=False)  # noqa: SIM115 (kept)
        stream = io.TextIOWrapper(
            file,
            encoding="utf-8",
            errors="backslashreplace" if number == 2 else "strict",
            line_buffering=number == 2 or os.isatty(number),
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os._exit(exit_code(arguments))


def exit_code(arguments):
    """Run the program; return its exit code once all is flushed."""
    code = 0
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            sys.path.insert(0, str(Path(arguments[0]).parent))
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as error:
        code = error.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException:  # noqa: BLE001 (as the interpreter does)
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    gc.collect()  # what is left unclosed says so
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return 120
    return code or 0


if __name__ == "__main__":
    serve()
