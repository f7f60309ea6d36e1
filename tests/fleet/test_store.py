"""The store in memory, and the error of a store that does not answer."""

import copy
import pickle
import threading

import pytest

from taskrouter_stats.errors import StorageError
from taskrouter_stats.fleet.store import MemoryStore, StoreUnavailable
from tests.fleet.store_contract import KEY, StoreContract


class TestMemoryStore(StoreContract):
    """The contract, in memory."""

    @pytest.fixture
    def store(self):
        """Return an empty store."""
        return MemoryStore()


async def test_a_key_is_forgotten_after_its_time():
    """A key that nobody writes for ``ttl`` seconds holds nothing."""
    now = 100.0
    store = MemoryStore(clock=lambda: now)
    written = await store.compare_and_set(KEY, "0", b"state", ttl=5.0)
    now = 104.9
    assert (await store.read(KEY)).blob == b"state"
    await store.compare_and_set(KEY, written.version, b"newer", ttl=5.0)
    now = 109.8
    assert (await store.read(KEY)).blob == b"newer"
    now = 109.9
    assert (await store.read(KEY)).version == "0"


def test_threads_share_a_store():
    """Writers in threads lose no write: every commit raises the version by one."""
    store, commits = MemoryStore(), []

    def write():
        version = "0"
        for _ in range(200):
            call = store.compare_and_set(KEY, version, b"x", ttl=60.0)
            with pytest.raises(StopIteration) as ended:
                call.send(None)
            answer = ended.value.value
            version = answer.version
            commits.append(answer.committed)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(StopIteration) as ended:
        store.read(KEY).send(None)
    assert int(ended.value.value.version) == sum(commits)


def test_the_error_travels_and_says_what_happens():
    """The error pickles, is a storage error, and says what goes on and what to check."""
    error = StoreUnavailable("NOPERM: no permission to run EVAL", is_misconfigured=True)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert isinstance(again, StorageError)
        assert (again.reason, again.is_misconfigured) == (error.reason, True)
    assert "check the store's URL and permissions" in str(error)
    assert "check the store's" not in str(StoreUnavailable("no answer within 250 ms"))
