"""The law of completeness: a complete report has a result for each key of the plan.

Hypothesis plays a server, a disk and a user: replies of every kind for each query and try, a list
that changes, repeats itself or breaks, errors in any operation of the output, a kill at any of
them, stops and cancellations at any moment, several runs over one output.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats import RetryPolicy, Window, errors, etl, queries
from taskrouter_stats.etl.output import writer as writer_module
from taskrouter_stats.etl.state.checkpoint import split_key
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    number_of,
    reply,
    session_over,
    trouble,
    worker_sid,
)

from .memory import Disk, MemorySink, durable_rows, unavailable

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
WORKERS = 4
AGES = (40, 35, 5, 3)
"""Days since each window of a plan began: half of them can be too old."""


def window(ago):
    """Return an hour of that day."""
    return Window.between(NOW - timedelta(days=ago), NOW - timedelta(days=ago, hours=-1))


def number_of_sid(sid):
    """Return the Worker's number in its SID."""
    return int(sid.removeprefix("WK"), 16)


def key(number, ago):
    """Return the key of that Worker's statistics in that window."""
    return queries.worker_statistics(WORKSPACE, worker_sid(number), window(ago)).key


def true_answer(number, start, end, **changes):
    """Return the true statistics of a Worker: reservations by its number."""
    counts = {"reservations_created": number, "start_time": start, "end_time": end}
    named = {"worker_sid": worker_sid(number), "workspace_sid": WORKSPACE}
    return {**named, "cumulative": {**counts, "activity_durations": []}, **changes}


KINDS = {
    "true": lambda n, s, e: reply(200, true_answer(n, s, e)),
    "poison": lambda n, s, e: reply(
        200, orjson.dumps(true_answer(n, s, e))[:-1] + b',"x":' + b"[" * 300 + b"]" * 300 + b"}"
    ),
    "html": lambda *_: reply(404, b"<html>"),
    "missing": lambda *_: trouble(404, 20404),
    "too old": lambda *_: trouble(400, 14241),
    "failing": lambda *_: trouble(500, 20500),
    "no JSON": lambda *_: reply(200, b"{"),
    "cut off": lambda *_: errors.ConnectionFailed("cut off"),
    "surprise": lambda *_: RuntimeError("an unexpected error"),
    "denied": lambda *_: trouble(401, 20003),
}
COMMON = ["true"] * 6 + [kind for kind in KINDS if kind not in ("surprise", "denied")]
FAULTS = st.sampled_from(
    [errors.StorageError, OSError, RuntimeError, TypeError, ValueError, KeyError]
)
LISTS = st.lists(st.integers(0, WORKERS - 1), max_size=WORKERS + 2)


@st.composite
def runs(draw):
    """Draw one run: the reply of each query, the content of each list, and the faults."""
    return {
        "replies": {
            (number, ago): draw(st.sampled_from(COMMON))
            for number in range(WORKERS)
            for ago in AGES
        },
        "odd": draw(
            st.none() | st.tuples(st.sampled_from(("surprise", "denied")), st.integers(0, 9))
        ),
        "lists": draw(st.lists(LISTS, min_size=1, max_size=2)),
        "broken_list": draw(st.sampled_from([None, None, None, 0, 1])),
        "given": draw(st.none() | st.none() | LISTS),
        "faults": draw(st.dictionaries(st.integers(1, 14), FAULTS, max_size=1)),
        "dies_at": draw(st.none() | st.none() | st.integers(0, 14)),
        "most": draw(st.sampled_from([1, 3, 1000])),
        "order": draw(st.builds(Random, st.integers(0, 2**32))),  # drawn once: runs use it freely
        "end": draw(st.sampled_from([None, None, None, "stop", "cancel"])),
        "moment": draw(st.integers(0, 25)),
    }


class Server:
    """A server that replies as a drawn run says, and acts for the user at a moment of it."""

    def __init__(self, run, act):
        self.run, self.act, self.requests, self.lists = run, act, 0, 0

    def latency(self, _request):
        """Let later replies overtake earlier ones."""
        return 0 if self.run["order"].random() < 0.5 else 0.0005

    def __call__(self, request):
        """Answer one request."""
        self.requests += 1
        if self.requests == self.run["moment"]:
            self.act()
        path, number = urlsplit(request.target).path, number_of(request)
        if path.endswith("/Workers"):
            return self._list()
        if not path.endswith("/Statistics"):
            there = number in self.run["lists"][-1]
            return reply(200, {"sid": worker_sid(number)}) if there else trouble(404, 20404)
        params = parse_qs(urlsplit(request.target).query)
        start, end = params["StartDate"][0], params["EndDate"][0]
        ago = round((NOW - datetime.fromisoformat(start)) / timedelta(days=1))
        odd = self.run["odd"]
        kind = odd[0] if odd and odd[1] == self.requests else self.run["replies"][number, ago]
        return KINDS[kind](number, start, end)

    def _list(self):
        self.lists += 1
        if self.run["broken_list"] == self.lists - 1:
            return trouble(403, 20003)
        sids = self.run["lists"][min(self.lists, len(self.run["lists"])) - 1]
        page = {"workers": [{"sid": worker_sid(number)} for number in sids]}
        return reply(200, {**page, "meta": {"key": "workers", "next_page_url": None}})


async def play(run, disk):
    """Do one run; return its export, the Workers of its plan, and its error."""
    disk.next_run(
        {number: kind("spoilt") for number, kind in run["faults"].items()}, run["dies_at"]
    )
    stop, exports = asyncio.Event(), []

    def act():
        if run["end"] == "stop":
            stop.set()
        elif run["end"] == "cancel":
            doing.cancel()

    async def export():
        given = None if run["given"] is None else [worker_sid(number) for number in run["given"]]
        plan = etl.worker_plan(WORKSPACE, [window(ago) for ago in AGES], workers=given)
        server = FakeTransport(served := Server(run, act), latency=0)
        server.latency = served.latency
        async with (
            session_over(server, retry=RetryPolicy(attempts=1), max_in_flight=3) as session,
            etl.Writer(MemorySink(disk)) as writer,
        ):
            exports.append(etl.Export(session, plan, writer, stop))
            await exports[0].run()

    doing = asyncio.ensure_future(export())
    (raised,) = await asyncio.gather(doing, return_exceptions=True)
    workers = run["lists"][0] if run["given"] is None else run["given"]
    return (exports[0] if exports else None), set(workers), raised


def check(export, workers, raised, disk):
    """Check the law for one run."""
    rows, (expired, gone) = durable_rows(disk), unavailable(disk)
    found = Counter((row["worker_sid"], row["window_start"]) for row in rows)
    assert set(found.values()) <= {1}
    assert all(number_of_sid(row["worker_sid"]) == row["reservations_created"] for row in rows)
    if export is None:
        assert raised is not None
        return
    report = export.report
    assert report.not_asked >= 0
    assert min(report.written, report.failed, report.gone, report.expired) >= 0
    assert len({failed.key for failed in report.failures}) == len(report.failures) == report.failed
    assert not (report.complete and (raised is not None or disk.dead))
    assert report.complete == report.to_dict()["complete"]
    if report.complete:
        assert report.planned == len(workers) * len(AGES)
        for number in workers:
            for ago in AGES:
                question, sid = split_key(key(number, ago))
                start = window(ago).start.isoformat().replace("+00:00", "Z")
                kept = (worker_sid(number), start) in found
                assert kept or question in expired or (question, sid) in gone


@given(st.lists(runs(), min_size=1, max_size=3))
@settings(max_examples=100)
def test_complete_means_that_nothing_is_missing(several):
    """No run is complete while a key has neither a durable true row nor a recorded reason."""
    disk, most = Disk(), writer_module.BATCH_SIZE
    for run in several:
        writer_module.BATCH_SIZE = run["most"]
        try:
            check(*asyncio.run(play(run, disk)), disk)
        finally:
            writer_module.BATCH_SIZE = most


@given(st.lists(runs(), min_size=1, max_size=2))
@settings(max_examples=40)
def test_after_any_runs_a_truthful_one_completes(several):
    """After any runs, a run without lies and faults is complete, with the rows of all workers."""
    disk = Disk()
    everybody = list(range(WORKERS))
    calm = {"replies": dict.fromkeys(((n, a) for n in everybody for a in AGES), "true")}
    calm |= {"odd": None, "lists": [everybody], "broken_list": None, "given": None, "faults": {}}
    calm |= {"dies_at": None, "most": 1000, "end": None, "moment": 0}
    for run in several:
        asyncio.run(play(run, disk))
    export, workers, raised = asyncio.run(play({**several[0], **calm}, disk))
    check(export, workers, raised, disk)
    assert raised is None
    assert export.report.complete
