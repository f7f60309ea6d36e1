"""Kind 1: any error where rows are stored is reported, and affects no more than it must."""

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from taskrouter_stats import Window
from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink, Writer

from .exports import (
    TODAY,
    asks_statistics,
    day,
    everybody,
    export,
    failures,
    lying,
    statistics_asked,
    stored,
)
from .raw_server import (
    ENVIRONMENT,
    WORKSPACE,
    RawServer,
    error,
    http,
    statistics,
    truthful,
    worker_sid,
)

DEPTH = 300
NESTED = json.loads("[" * DEPTH + "]" * DEPTH)
LARGEST = 2**63 - 1


def nested_for(number):
    """Return a lie for one Worker: an unknown key, nested deeper than any format can hold."""

    def lie(question):
        if asks_statistics(question, number):
            return http(statistics(question, surprise=NESTED))
        return None

    return lie


def sids_in(path):
    """Return the SIDs of the Workers with a row in an output of any format."""
    if path.is_dir():
        return sorted(pq.read_table(path / "worker_statistics")["worker_sid"].to_pylist())
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return sorted(row["worker_sid"] for row in csv.DictReader(file))
    return [sid for sid, _ in stored(path)]


SINKS = {
    "rows.jsonl": JsonLinesSink,
    "rows.csv": lambda path: CsvSink(path, table="worker_statistics"),
    "lake": ParquetSink,
}


@pytest.mark.parametrize("name", SINKS)
async def test_an_answer_that_no_format_holds_costs_one_query(tmp_path, name):
    """A key nested 300 deep is one failure, and the others of its batch are stored."""
    path = tmp_path / name
    with RawServer(lying(6, nested_for(3))).running() as server:
        report = await export(server, SINKS[name](path))
        again = await export(server, SINKS[name](path))
    (failed,) = report.failures
    assert (report.written, report.failed, report.complete) == (5, 1, False)
    assert failed.key.split(":")[1] == f"{WORKSPACE}/{worker_sid(3)}"
    assert sids_in(path) == [worker_sid(number) for number in (0, 1, 2, 4, 5)]
    assert (again.already_done, again.failed, again.complete) == (5, 1, False)


async def test_counts_whose_sum_is_over_64_bits_are_stored(tmp_path):
    """Five answers with the largest integer are five rows, and the next run finds them done."""
    path = tmp_path / "rows.jsonl"

    def lie(question):
        if not asks_statistics(question):
            return None
        answer = statistics(question)
        return http(
            {
                **answer,
                "cumulative": {**answer["cumulative"], "reservations_created": LARGEST},
            }
        )

    with RawServer(lying(5, lie)).running() as server:
        report = await export(server, JsonLinesSink(path))
        again = await export(server, JsonLinesSink(path))
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert (report.written, report.complete) == (5, True)
    assert (again.already_done, again.complete) == (5, True)
    assert [row["reservations_created"] for row in rows] == [LARGEST] * 5


async def test_a_nul_in_a_name_of_a_folder_costs_one_query(tmp_path):
    """An account SID that can't be part of a path is one failure of a Parquet export."""

    def lie(question):
        if asks_statistics(question, 2):
            return http(statistics(question, account_sid="AC\0"))
        return None

    with RawServer(lying(4, lie)).running() as server:
        report = await export(server, ParquetSink(tmp_path / "lake"))
    assert (report.written, report.failed, report.complete) == (3, 1, False)
    assert sids_in(tmp_path / "lake") == [worker_sid(number) for number in (0, 1, 3)]


class Own(datetime):
    """A datetime of another library."""


async def test_a_time_of_a_subclass_is_stored_as_a_time(tmp_path):
    """A window of another library's datetimes is stored like any other."""
    path, hour = tmp_path / "rows.jsonl", timedelta(hours=1)
    start = TODAY - timedelta(days=3)
    times = [Own(*(start + step).timetuple()[:6], tzinfo=UTC) for step in (0 * hour, hour)]
    with RawServer(truthful(3)).running() as server:
        report = await export(server, JsonLinesSink(path), Window(start=times[0], end=times[1]))
    assert (report.written, report.complete) == (3, True)
    assert stored(path) == everybody(3, day(3))


@pytest.mark.parametrize("header", ["Twilio-Request-Id", "Content-Type"])
async def test_headers_that_are_not_utf_8_are_listed(tmp_path, header):
    """The file of failures holds a failing reply with bytes of another encoding."""
    path = tmp_path / "rows.jsonl"

    def lie(question):
        if asks_statistics(question, 1):
            return http(b"no JSON", 400, {header: "RQ\xff"})
        if asks_statistics(question, 2):
            return http(b"no JSON", 200, {header: "RQ\xff"})
        return None

    with RawServer(lying(4, lie)).running() as server:
        report = await export(server, JsonLinesSink(path))
    assert (report.written, report.failed, report.complete) == (2, 2, False)
    assert sorted(line["sid"] for line in failures(path)) == [
        worker_sid(1),
        worker_sid(2),
    ]
    assert json.dumps(report.to_dict(), default=str).encode()


def raising(error_, when):
    """Return a JSON Lines sink that raises an error in the method or state file of that name."""

    class Broken(JsonLinesSink):
        def begin(self, run, checkpoint):
            super().begin(run, checkpoint)
            real = checkpoint.storage.put

            def put(name, data):
                if when in name:
                    raise error_
                real(name, data)

            self.storage = _WithPut(self.storage, put)
            checkpoint.storage = self.storage

        def write(self, batch):
            if when == "write":
                raise error_
            return super().write(batch)

    return Broken


class _WithPut:
    """A storage with another ``put``."""

    def __init__(self, real, put):
        self._real, self.put = real, put

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.mark.parametrize("when", ["write", "commit-", "failures"])
@pytest.mark.parametrize("kind", [RuntimeError, OSError, MemoryError, ZeroDivisionError])
async def test_any_exception_of_sink_or_state_ends_the_run(tmp_path, when, kind):
    """No run is complete if a sink, the checkpoint or the file of failures raises an error."""
    lie = lambda question: error(400, 20001) if asks_statistics(question, 1) else None  # noqa: E731
    sink = raising(kind("it broke"), when)(tmp_path / "rows.jsonl")
    with RawServer(lying(3, lie)).running() as server:
        if (when, kind) == ("write", ZeroDivisionError):  # as a value's own error looks
            report = await export(server, sink)
            assert (report.written, report.failed, report.complete) == (0, 3, False)
        else:
            with pytest.raises(StorageError, match="it broke"):
                await export(server, sink)
    with RawServer(truthful(3)).running() as server:
        report = await export(server, JsonLinesSink(tmp_path / "rows.jsonl"))
    assert (report.already_done + report.written, report.complete) == (3, True)
    assert stored(tmp_path / "rows.jsonl") == everybody(3)


async def test_cancelling_every_task_leaves_no_thread_behind(tmp_path):
    """If a program cancels all tasks during a write, the rows are complete and committed."""
    with RawServer(truthful(4)).running() as server:
        running = asyncio.ensure_future(export(server, JsonLinesSink(tmp_path / "rows.jsonl")))
        while statistics_asked(server) < 4:  # noqa: ASYNC110 (the server is in another thread)
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        report = await export(server, JsonLinesSink(tmp_path / "rows.jsonl"))
    assert report.complete
    assert stored(tmp_path / "rows.jsonl") == everybody(4)


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancelled_opening_holds_no_lock(tmp_path, steps):
    """However early an export is cancelled, the next one may write to the output."""
    with RawServer(truthful(2)).running() as server:
        running = asyncio.ensure_future(export(server, JsonLinesSink(tmp_path / "rows.jsonl")))
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with Writer(JsonLinesSink(tmp_path / "rows.jsonl")):
            pass


def test_the_command_reports_an_answer_that_can_not_be_stored(here, tmp_path):
    """The command ends with exit code 3, a failure with its key, and an incomplete summary."""
    path, summary = tmp_path / "rows.jsonl", tmp_path / "run.json"
    options = ("--output", str(path), "--summary", str(summary))
    with RawServer(lying(4, nested_for(2))).running() as server:
        command = ("fetch", WORKSPACE, "--tz=UTC", f"--day={day(3).start.date()}")
        environment = {**ENVIRONMENT, "TASKROUTER_STATS_BASE_URL": server.url}
        code, _, err = here((*command, *options), environment)
        allowed, *_ = here((*command, *options, "--max-failures=1"), environment)
        to_stdout, out, _ = here(command, environment)
    reported = json.loads(summary.read_text("utf-8"))
    assert (code, allowed, to_stdout) == (3, 0, 3)
    assert f"failed: {worker_sid(2)}" in err
    assert (reported["complete"], reported["exports"][0]["complete"]) == (False, False)
    assert [failed["sid"] for failed in failures(path)] == [worker_sid(2)]
    assert len(out.splitlines()) == 3
