"""A Postgres server in a folder of its own, from Debian's packages, for the test of the source."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


def programs():
    """Return the folder of ``initdb`` and ``pg_ctl``, or None without a server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    known = shutil.which("initdb")
    return found[-1].parent if found else None if known is None else Path(known).parent


@contextmanager
def postgres():
    """Yield the URL of a server that accepts connections from this machine alone."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    port, binaries = free_port(), programs()
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, USER)
    run([binaries / "initdb", "-D", folder, "-U", USER, "--auth=trust", "--no-sync"])
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -k {folder}"
    start = [binaries / "pg_ctl", "-D", folder, "-w", "-l", folder / "log", "-o", options, "start"]
    try:
        run(start)
        yield f"postgresql://{USER}:any@127.0.0.1:{port}/postgres"
    finally:
        run([binaries / "pg_ctl", "-D", folder, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def free_port():
    """Return a port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def run(command):
    """Run a command as a user that may run a server."""
    user = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        **user,
    )
