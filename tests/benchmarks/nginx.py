"""A server that is independent of all contenders: nginx, with the same numbers for each worker.

A reply repeats the requested SID, because this package compares it with the query.

Debian's package is sufficient (``apt-get install nginx-light``). nginx runs from a temporary folder
on a free port of 127.0.0.1. Its headers allow 100,000 requests per second.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ACCOUNT", "BODY", "END", "START", "TOKEN", "WORKSPACE", "nginx", "worker_sid"]

ACCOUNT, TOKEN, WORKSPACE = "AC" + "a" * 32, "b" * 32, "WS" + "c" * 32
START, END = "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; tcp_nodelay on;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port} backlog=1024; root {folder}; default_type application/json;
        add_header X-Rate-Limit-Limit 100000; add_header X-Rate-Limit-Remaining 99999;
        add_header Twilio-Request-Id RQ00000000000000000000000000000000;
        add_header Twilio-Concurrent-Requests 1;
        location ~ "/(WK[0-9a-f]+)/Statistics$" {{ return 200 '{body}'; }}
    }}
}}
"""

SECONDS_TO_START = 10.0


def worker_sid(number: int) -> str:
    """Return the SID of the worker with this number."""
    return f"WK{number:032x}"


def _body() -> bytes:
    """Return a body like Twilio's documented example: five activities, 1.4 kB."""
    window = {"start_time": START, "end_time": END}
    counts = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
    names = ("Offline", "Idle", "Busy", "Reserved", "Break")
    durations = [
        {
            "avg": 300.5 * number,
            "min": 12 * number,
            "max": 900 * number,
            "friendly_name": name,
            "sid": f"WA{number:032x}",
            "total": 5400 * number,
        }
        for number, name in enumerate(names)
    ]
    path = f"/v1/Workspaces/{WORKSPACE}/Workers/{worker_sid(0)}/Statistics"
    body = {
        "cumulative": {
            **{f"reservations_{name}": number for number, name in enumerate(counts)},
            "activity_durations": durations,
            **window,
        },
        "worker_sid": worker_sid(0),
        "workspace_sid": WORKSPACE,
        "account_sid": ACCOUNT,
        "url": f"https://taskrouter.twilio.com{path}",
    }
    return json.dumps(body).encode()


BODY = _body()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nginx did not start within {SECONDS_TO_START:g} s: see its message above")


@contextmanager
def nginx() -> Iterator[str]:
    """Run nginx until the block ends; yield its base URL."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin:/usr/bin")
    if program is None:
        sys.exit("the benchmarks require nginx: apt-get install nginx-light")
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder, port = Path(name), _free_port()
        folder.chmod(0o755)  # nginx's worker may run as another user
        body = BODY.decode().replace(worker_sid(0), "$1")
        text = CONFIGURATION.format(folder=folder, port=port, body=body)
        (folder / "nginx.conf").write_text(text, "utf-8")
        command = [program, "-e", f"{folder}/error.log", "-p", name, "-c", f"{folder}/nginx.conf"]
        process = subprocess.Popen(command)
        try:
            _await_port(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(SECONDS_TO_START)
