"""The durable side of an export."""

import asyncio

import pytest

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl import JsonLinesSink, Store
from taskrouter_stats.etl import store as module
from taskrouter_stats.etl.store import Item

from .lake import json_lines
from .test_checkpoint import worker_key
from .test_sinks import tables


def item(number):
    """One worker's rows and key."""
    return Item(lambda: tables(number), worker_key(number))


async def test_rows_are_written_before_their_keys_are_done(tmp_path, monkeypatch):
    """A key is done once its rows are in the file, and not while they only wait."""
    monkeypatch.setattr(module, "MOST", 2)
    path = tmp_path / "o.jsonl"
    async with Store(JsonLinesSink(path)) as store:
        await store.add(item(1))
        assert not store.is_done(worker_key(1))
        await store.add(item(2))
        assert store.is_done(worker_key(1))
        assert len(json_lines(path)) == 2
        await store.add(item(3))
    assert len(json_lines(path)) == 3


async def test_a_few_rows_do_not_wait_for_more(tmp_path, monkeypatch):
    """However slowly rows come, they are written after a while."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    path = tmp_path / "o.jsonl"
    async with Store(JsonLinesSink(path)) as store:
        await store.add(item(1))
        async with asyncio.timeout(20):
            while not store.is_done(worker_key(1)):  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0.001)
        assert len(json_lines(path)) == 1


class Full(JsonLinesSink):
    """A sink on a full disk."""

    def write(self, batch):
        """Fail, as it would there."""
        raise StorageError("disk full")


async def test_what_can_not_be_written_is_not_done(tmp_path):
    """A sink that fails at the end raises, and nothing of it is done for the next run."""
    with pytest.raises(StorageError, match="disk full"):
        async with Store(Full(tmp_path / "o.jsonl")) as store:
            await store.add(item(1))
    async with Store(JsonLinesSink(tmp_path / "o.jsonl")) as store:
        assert not store.is_done(worker_key(1))


async def test_a_failure_in_the_background_is_told(tmp_path, monkeypatch):
    """When writing now and then fails, the next add or the end raises it."""
    monkeypatch.setattr(module, "PATIENCE", 0.001)

    async def add_for_ever():
        async with Store(Full(tmp_path / "o.jsonl")) as store, asyncio.timeout(20):
            while True:
                await store.add(item(1))
                await asyncio.sleep(0.001)

    with pytest.raises(StorageError, match="disk full"):
        await add_for_ever()


async def test_a_cancelled_writer_is_waited_for(tmp_path, monkeypatch):
    """A caller who is cancelled while rows are written leaves them whole, and the key done."""
    async with Store(JsonLinesSink(tmp_path / "o.jsonl")) as store:
        await store.add(item(1))
        writing = asyncio.ensure_future(store.commit())
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert store.is_done(worker_key(1))
