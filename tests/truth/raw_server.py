"""A server made of plain sockets: it sends whatever bytes a test writes, true or false.

It shares nothing with the package, its simulator or aiohttp, so that it can tell lies which their
authors did not think of. It runs in threads: tests of coroutines and of processes both use it.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

ACCOUNT, WORKSPACE = "AC" + "3" * 32, "WS" + "1" * 32
TOKEN = "f00dcafe" * 4
ENVIRONMENT = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
START, END = "2026-11-01T00:00:00Z", "2026-11-01T01:00:00Z"


class Close:
    """Part of an answer: close the connection here."""


class Reset:
    """Part of an answer: reset the connection here (RST)."""


class Hold:
    """Part of an answer: send nothing more until the client or the test ends."""


@dataclass(frozen=True)
class Question:
    """One request as it arrived.

    Attributes:
        number: counts requests of the server, from 1.
        connection: counts connections, from 1.
        on_connection: counts requests of this connection, from 1.
    """

    number: int
    connection: int
    on_connection: int
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]

    @property
    def sid(self) -> str:
        """The innermost SID of the path."""
        return [part for part in self.path.split("/") if len(part) == 34][-1]

    @property
    def lists_workers(self) -> bool:
        """Whether it asks for a page of the list of Workers."""
        return self.path.endswith("/Workers")

    @property
    def lists_activities(self) -> bool:
        """Whether it asks for a page of the list of Activities."""
        return self.path.endswith("/Activities")


Part = bytes | type[Close] | type[Reset] | type[Hold]
Answer = Callable[[Question], "bytes | Iterable[Part]"]


def http(body: object = b"", status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A whole reply; a body that is not bytes is sent as JSON, header values as Latin-1."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines |= headers or {}
    head = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + data


def error(status: int, code: int | None, message: str = "said") -> bytes:
    """A reply with an error body of Twilio's classic form."""
    told = {"message": message, "status": status}
    return http({"code": code, **told} if code is not None else told, status)


def worker_sid(number: int) -> str:
    """A Worker's SID that tells its number."""
    return f"WK{number:032x}"


def worker(number: int, **changes: object) -> dict[str, object]:
    """A Worker as a list holds it."""
    return {
        "sid": worker_sid(number),
        "account_sid": ACCOUNT,
        "workspace_sid": WORKSPACE,
        "friendly_name": f"worker {number}",
        "activity_name": "Idle",
        "activity_sid": "WA" + "4" * 32,
        "available": True,
        "attributes": "{}",
        "date_created": "2026-01-01T00:00:00Z",
        "date_status_changed": "2026-10-31T00:00:00Z",
        "date_updated": "2026-10-31T00:00:00Z",
        **changes,
    }


def page(key: str, items: list[object], next_page_url: str | None = None) -> bytes:
    """A page of a list; ``key`` names the list in the body, such as ``workers``."""
    return http({key: items, "meta": {"key": key, "next_page_url": next_page_url}})


def statistics(question: Question, **changes: object) -> dict[str, object]:
    """The true answer to a question for one Worker's statistics, with changes to its top level."""
    account, workspace = ACCOUNT, question.path.split("/")[3]
    created = int(question.sid.removeprefix("WK"), 16)
    end = question.params.get("EndDate", END)
    start = question.params.get("StartDate", START)
    if "Minutes" in question.params:
        length = timedelta(minutes=int(question.params["Minutes"]))
        start = (datetime.fromisoformat(end) - length).isoformat().replace("+00:00", "Z")
    return {
        "account_sid": account,
        "workspace_sid": workspace,
        "worker_sid": question.sid,
        "url": f"https://taskrouter.twilio.com{question.path}",
        "cumulative": {
            "start_time": start,
            "end_time": end,
            "reservations_created": created,
            "reservations_accepted": created,
            "reservations_rejected": 0,
            "reservations_timed_out": 0,
            "reservations_canceled": 0,
            "reservations_rescinded": 0,
            "activity_durations": [],
        },
        **changes,
    }


def truthful(workers: int) -> Answer:
    """Answer every question rightly, for a Workspace of so many Workers."""

    def answer(question: Question) -> bytes:
        if question.lists_workers:
            return page("workers", [worker(number) for number in range(workers)])
        if question.lists_activities:
            return page("activities", [])
        return http(statistics(question))

    return answer


@dataclass
class RawServer:
    """Listens on a port of this machine and answers by a function.

    Attributes:
        answer: gives the bytes of each reply, or several parts, each of which a generator may
            delay; Close, Reset and Hold end them.
        questions: every request that arrived, in order.
        connections: how many were accepted.
    """

    answer: Answer
    questions: list[Question] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[socket.socket] = field(default_factory=list)

    @contextmanager
    def running(self) -> "Iterator[RawServer]":
        """Listen until the block ends."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            with self._lock:
                opened, self._open = self._open, []
            for connection in opened:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            accepting.join(timeout=5)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
                number = self.connections
            threading.Thread(target=self._talk, args=(connection, number), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as received, suppress(OSError):
            count = 0
            while question := self._read(received, number, count + 1):
                count += 1
                said = self.answer(question)
                for part in (said,) if isinstance(said, bytes) else said:
                    if part is Reset:
                        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        return
                    if part is Close:
                        return
                    if part is Hold:
                        received.read()
                        return
                    connection.sendall(part)

    def _read(self, received, connection: int, on_connection: int) -> Question | None:
        first = received.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = {}
        while (line := received.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        received.read(int(headers.get("content-length", 0)))
        parts = urlsplit(first[1])
        params = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            question = Question(
                len(self.questions) + 1,
                connection,
                on_connection,
                first[0],
                parts.path,
                params,
                headers,
            )
            self.questions.append(question)
        return question
