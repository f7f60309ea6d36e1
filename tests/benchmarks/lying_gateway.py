"""A gateway of plain sockets before a simulator, which relays replies and tells some lies.

The simulator's faults are visible to a client. The gateway's lies look like good replies: another
worker's reply, an extra reply on an idle connection, a proxy's 404, an error that cannot be true,
an empty object, half a character, a list without an end, connections that died unnoticed.
"""

import http.client
import json
import re
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from random import Random
from urllib.parse import urlencode, urlsplit

from tests.truth.raw_server import Close, RawServer, Reset, error
from tests.truth.raw_server import http as reply

ENDLESS = "endless"
"""The beginning of the page tokens of a list without an end."""
NOTE = "note"
"""The key that the lie ``half a character`` adds to a reply."""
HTML = {"Content-Type": "text/html"}
ORIGIN = "https://taskrouter.twilio.com"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_RESET_ON_CLOSE = b"\x01\x00\x00\x00\x00\x00\x00\x00"


class Gateway:
    """The answer function of a ``RawServer``.

    Args:
        faulty: The URL of the server whose replies it relays, faults included.
        calm: The URL of a server of the same world without faults, from which it makes lies.
        share: The share of requests that get a lie, 0 to 1.
        seed: The seed of the draws.

    Attributes:
        connections: The number of connections.
        told: How often it told each lie.
    """

    def __init__(self, faulty, calm, share, seed=11):
        self._faulty, self._calm = urlsplit(faulty), urlsplit(calm)
        self._share = share
        self._random = Random(seed)
        self._lock = threading.Lock()
        self._dead_up_to = 0
        self._sids = []
        self.connections = 0
        self.told = Counter()

    @contextmanager
    def running(self):
        """Listen until the block ends; yield the raw server."""
        with RawServer(self).running() as server:
            yield server

    def __call__(self, question):
        """Return the parts of a reply to the question."""
        kind = "workers" if question.lists_workers else question.path.rsplit("/", 1)[-1]
        with self._lock:
            self.connections = max(self.connections, question.connection)
            dead = question.connection <= self._dead_up_to
            drawn = self._random.random() < self._share
            lie = self._random.choice(LIES[kind]) if drawn and kind in LIES else None
            if kind == "Statistics" and question.sid not in self._sids:
                self._sids.append(question.sid)
            if lie and not dead:
                self.told[name_of(lie)] += 1
        if dead:
            return (Reset,)
        if _is_endless(question):
            return _endless_list(self, question)
        return lie(self, question) if lie else self.relay(question)

    def relay(self, question):
        """Yield the bytes of the server behind as they arrive, and close as it does."""
        try:
            with socket.create_connection(self._faulty.netloc.split(":")) as upstream:
                # a reset keeps no port in TIME_WAIT, of which there would be thousands
                upstream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                upstream.sendall(_request(question))
                received = b""
                while not _is_complete(received):
                    part = upstream.recv(65_536)
                    received += part
                    yield part or Close
        except ConnectionError:
            yield Reset

    def truth(self, question, path=None):
        """Return the calm server's body for the question, or for another path."""
        params = dict(question.params)
        if _is_endless(question):
            del params["PageToken"]
        connection = http.client.HTTPConnection(self._calm.netloc)
        target = f"{path or question.path}?{urlencode(params)}"
        headers = {"Authorization": question.headers["authorization"], "Connection": "close"}
        connection.request("GET", target, headers=headers)
        try:
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def of_another_worker(self, question):
        """Return the true answer to the same question about another worker."""
        with self._lock:
            others = [sid for sid in self._sids if sid != question.sid]
            other = self._random.choice(others or ["WK" + "7" * 32])
        return self.truth(question, question.path.replace(question.sid, other))

    def kill_connections(self):
        """Reset each connection that is open now at its next request."""
        with self._lock:
            self._dead_up_to = self.connections


def name_of(lie):
    """Return the name of a lie in words."""
    return lie.__name__.strip("_").replace("_", " ")


def _token(question):
    return question.params.get("PageToken", "")


def _is_endless(question):
    """Return whether the question is about a page that only a list without an end has."""
    return _token(question).startswith(ENDLESS)


def _request(question):
    """Return the bytes of a request for the server behind."""
    target = question.path + (f"?{urlencode(question.params)}" if question.params else "")
    lines = [f"{question.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in question.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _is_complete(received):
    """Return whether these bytes are a whole reply."""
    head, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        return False
    length = _LENGTH.search(head + b"\r\n")
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def _another_worker(gateway, question):
    return reply(gateway.of_another_worker(question))


def _unsolicited_reply(gateway, question):
    return reply(gateway.truth(question)), reply(gateway.of_another_worker(question))


def _gateway_404(_, __):
    return reply(b"<h1>no backend</h1>", 404, HTML)


def _too_old(_, __):
    return error(400, 14241, "StartDate is older than 30 days")


def _empty_object(_, __):
    return reply({})


def _half_a_character(gateway, question):
    return reply(gateway.truth(question) | {NOTE: "\ud83d"})


def _dead_connections(gateway, _):
    gateway.kill_connections()
    return (Reset,)


def _endless_list(gateway, question):
    page = gateway.truth(question)
    number = int(_token(question)[len(ENDLESS) :]) if _is_endless(question) else 0
    where = {"PageSize": page["meta"]["page_size"], "PageToken": f"{ENDLESS}{number + 1}"}
    page["meta"]["next_page_url"] = f"{ORIGIN}{question.path}?{urlencode(where)}"
    return reply(page)


LIES = {
    "Statistics": (
        _another_worker,
        _unsolicited_reply,
        _gateway_404,
        _too_old,
        _empty_object,
        _half_a_character,
        _dead_connections,
    ),
    "workers": (_endless_list, _gateway_404, _empty_object, _dead_connections),
}
"""The lies by the last part of the path, drawn with equal probability."""
