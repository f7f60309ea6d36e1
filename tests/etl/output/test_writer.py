"""The writer of an export."""

import asyncio
import threading

import pytest

from taskrouter_stats.errors import OutputLocked, StorageError
from taskrouter_stats.etl import JsonLinesSink, Writer
from taskrouter_stats.etl.output import writer as module
from taskrouter_stats.etl.output.memory_limit import MAX_PENDING_BYTES
from taskrouter_stats.etl.output.writer import PendingRows
from tests.etl.export_runs import json_lines
from tests.etl.state.test_checkpoint import worker_key
from tests.etl.test_sinks import tables


def item(number):
    """Return one worker's rows and key."""
    return PendingRows(lambda: tables(number), worker_key(number))


async def test_rows_are_written_before_their_keys_are_done(tmp_path, monkeypatch):
    """A key is done once its rows are in the file, and not before."""
    monkeypatch.setattr(module, "BATCH_SIZE", 2)
    path = tmp_path / "o.jsonl"
    async with Writer(JsonLinesSink(path)) as writer:
        await writer.add(item(1))
        assert not writer.is_done(worker_key(1))
        await writer.add(item(2))
        assert writer.is_done(worker_key(1))
        assert len(json_lines(path)) == 2
        await writer.add(item(3))
    assert len(json_lines(path)) == 3


async def test_a_few_rows_do_not_wait_for_more(tmp_path, monkeypatch):
    """The writer flushes a few rows after some seconds."""
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.01)
    path = tmp_path / "o.jsonl"
    async with Writer(JsonLinesSink(path)) as writer:
        await writer.add(item(1))
        async with asyncio.timeout(20):
            while not writer.is_done(worker_key(1)):  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0.001)
        assert len(json_lines(path)) == 1


class Full(JsonLinesSink):
    """A sink on a full disk."""

    def write(self, batch):
        """Raise the error of a full disk."""
        raise StorageError("disk full")


async def test_rows_that_can_not_be_written_are_not_done(tmp_path):
    """A sink that fails at the end raises, and the next run finds none of its rows done."""
    with pytest.raises(StorageError, match="disk full"):
        async with Writer(Full(tmp_path / "o.jsonl")) as writer:
            await writer.add(item(1))
    async with Writer(JsonLinesSink(tmp_path / "o.jsonl")) as writer:
        assert not writer.is_done(worker_key(1))


async def test_an_error_of_a_periodic_flush_is_raised(tmp_path, monkeypatch):
    """If a periodic flush fails, the next add or the end raises its error."""
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.001)

    async def add_for_ever():
        async with Writer(Full(tmp_path / "o.jsonl")) as writer, asyncio.timeout(20):
            while True:
                await writer.add(item(1))
                await asyncio.sleep(0.001)

    with pytest.raises(StorageError, match="disk full"):
        await add_for_ever()


async def test_a_cancelled_caller_waits_for_the_write(tmp_path, monkeypatch):
    """If a caller is cancelled during a write, the rows are complete and the key is done."""
    async with Writer(JsonLinesSink(tmp_path / "o.jsonl")) as writer:
        await writer.add(item(1))
        writing = asyncio.ensure_future(writer.commit())
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert writer.is_done(worker_key(1))


class Broken(JsonLinesSink):
    """A sink that raises an unexpected error."""

    def write(self, batch):
        """Raise an unexpected error."""
        raise RuntimeError("an unexpected error")


async def test_any_error_of_a_flush_is_raised(tmp_path, monkeypatch):
    """Any exception of a periodic flush ends the writer, at the next add or at the end."""
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.001)
    writer = Writer(Broken(tmp_path / "o.jsonl"))

    async def wait_for_the_flush():
        async with writer, asyncio.timeout(20):
            await writer.add(item(1))
            while writer.error is None:  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0)

    with pytest.raises(StorageError, match="RuntimeError: an unexpected error"):
        await wait_for_the_flush()
    with pytest.raises(StorageError, match="an unexpected error"):
        await writer.add(item(2))
    async with Writer(JsonLinesSink(tmp_path / "o.jsonl")) as again:
        assert not again.is_done(worker_key(1))


async def test_a_failing_end_does_not_hide_an_earlier_error(tmp_path, caplog):
    """The error of the block is raised, with a note that the last commit failed too."""

    async def fail_first():
        async with Writer(Full(tmp_path / "o.jsonl")) as writer:
            await writer.add(item(1))
            raise ValueError("first")

    with pytest.raises(ValueError, match="first") as raised:
        await fail_first()
    assert "disk full" in "".join(raised.value.__notes__)
    assert "disk full" in caplog.text


async def test_cancelling_all_tasks_waits_for_the_thread(tmp_path):
    """The writer holds the lock until its write has ended, whichever task is cancelled."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(JsonLinesSink):
        def write(self, batch):
            entered.set()
            leave.wait(20)
            return super().write(batch)

    async def use():
        async with Writer(Slow(tmp_path / "o.jsonl")) as writer:
            await writer.add(item(1))
            await writer.commit()

    using = asyncio.ensure_future(use())
    await asyncio.to_thread(entered.wait, 20)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    with pytest.raises(OutputLocked):
        await Writer(JsonLinesSink(tmp_path / "o.jsonl")).__aenter__()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await using
    async with Writer(JsonLinesSink(tmp_path / "o.jsonl")) as writer:
        assert writer.is_done(worker_key(1))
    assert len(json_lines(tmp_path / "o.jsonl")) == 1


async def test_batches_are_bounded_by_their_bytes(tmp_path):
    """The writer flushes few large items as it does many small ones."""
    async with Writer(JsonLinesSink(tmp_path / "o.jsonl")) as writer:
        for number in range(3):
            heavy = PendingRows(
                lambda n=number: tables(n), worker_key(number), MAX_PENDING_BYTES // 2
            )
            await writer.add(heavy)
            assert writer.is_done(worker_key(0)) == (number > 0)
        assert not writer.is_done(worker_key(2))


async def test_a_key_has_one_owner_at_a_time(tmp_path):
    """No export may send a query that another export has claimed and not released."""
    async with Writer(JsonLinesSink(tmp_path / "o.jsonl")) as writer:
        assert [writer.claim(worker_key(1)) for _ in range(2)] == [True, False]
        assert writer.claim(worker_key(2))
        writer.release(worker_key(1))
        assert writer.claim(worker_key(1))
