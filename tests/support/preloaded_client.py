"""Stands for a program that ``preloaded`` runs: arguments, signals and exit code pass through."""

import json
import os
import signal
import socket
import sys


def main(path, *arguments):
    """Have the program run, and end as it does."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        request = json.dumps([arguments, dict(os.environ), os.getcwd()]).encode()  # noqa: PTH109 (an import)
        socket.send_fds(server, [b"%8d" % len(request)], [0, 1, 2])
        server.sendall(request)
        program = int(server.recv(8, socket.MSG_WAITALL))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(program, number))
        for stream in (0, 1, 2):
            os.close(stream)
        status = int(server.recv(8, socket.MSG_WAITALL))
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


main(*sys.argv[1:])
