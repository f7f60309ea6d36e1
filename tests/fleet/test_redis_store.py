"""The store on real servers: the contract, the script, connections and cancelled calls."""

import asyncio
import logging
import sys

import pytest

from taskrouter_stats.errors import MissingExtra
from taskrouter_stats.fleet import redis_store
from taskrouter_stats.fleet.redis_store import RedisStore
from taskrouter_stats.fleet.store import StoreUnavailable
from tests.fleet.store_contract import KEY, TTL, StoreContract
from tests.support.redis_servers import redis_server
from tests.support.secret_leaks import texts_of
from tests.support.tcp_proxy import TcpProxy

SECRET = "pa55word-of-redis"


class TestRedisStore(StoreContract):
    """The contract, on every generation of servers."""

    async def test_an_entry_expires_after_its_last_write(self, store, server):
        """Each write sets the time to live anew, in the same command."""
        with server.client() as client:
            first = await store.compare_and_set(KEY, "0", b"a", ttl=30.0)
            assert 0 < client.pttl(KEY) <= 30_000
            await store.compare_and_set(KEY, first.version, b"b", ttl=600.0)
            assert 30_000 < client.pttl(KEY) <= 600_000

    async def test_the_clock_is_the_servers(self, store, server):
        """The time of an answer lies between two answers of TIME."""
        with server.client() as client:
            before, found, after = client.time(), await store.read(KEY), client.time()
        assert before[0] + before[1] / 1e6 <= found.now <= after[0] + after[1] / 1e6

    async def test_a_restarted_server_gets_the_script_again(self, store, server):
        """A server that has lost the script runs the same call, by EVAL and never SCRIPT."""
        with server.client() as client:
            first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
            client.script_flush()
            client.config_resetstat()
            written = await store.compare_and_set(KEY, first.version, b"b", ttl=TTL)
            await store.read(KEY)
            calls = client.info("commandstats")
        assert (written.committed, (await store.read(KEY)).blob) == (True, b"b")
        assert {f"cmdstat_{name}" for name in ("eval", "evalsha")} <= calls.keys()
        assert [name for name in calls if "script" in name] == []

    async def test_a_read_writes_nothing(self, store, server):
        """A read leaves no key."""
        await store.read(KEY)
        with server.client() as client:
            assert client.dbsize() == 0

    async def test_no_version_comes_twice(self, store, server):
        """After the loss of all writes, and if the clock stands, a version is a new one."""
        first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
        with server.client() as client:
            client.flushall()
            again = await store.compare_and_set(KEY, "0", b"b", ttl=TTL)
            assert int(again.version) > int(first.version)
            ahead = str(2**52)  # a clock that ran far ahead wrote it
            client.hset(KEY, mapping={"v": ahead, "s": b"a"})
        written = await store.compare_and_set(KEY, ahead, b"b", ttl=TTL)
        assert written.version == str(2**52 + 1)


class TestConnections:
    """Connections are kept, bounded, replaced and closed."""

    async def test_one_connection_serves_call_after_call(self, store, server):
        """Calls that follow each other use one connection."""
        with server.client() as client:
            for _ in range(3):
                await store.read(KEY)
            assert len(client.client_list()) == 2

    async def test_calls_at_once_have_connections_of_their_own(self, store, server):
        """Forty calls at once all get their answer, and the next forty use the same connections."""
        with server.client() as client:
            await asyncio.gather(*(store.read(f"{{{n}}}") for n in range(40)))
            received = client.info("stats")["total_connections_received"]
            await asyncio.gather(*(store.read(f"{{{n}}}") for n in range(40)))
            assert client.info("stats")["total_connections_received"] == received
            assert len(client.client_list()) <= 65
            await store.aclose()
            while len(client.client_list()) > 1:  # noqa: ASYNC110 (the server has no event)
                await asyncio.sleep(0.01)

    async def test_connections_that_nobody_needs_any_more_are_closed(
        self, store, server, monkeypatch
    ):
        """After a time of many calls at once, one call after another lets the others go."""
        await asyncio.gather(*(store.read(f"{{{n}}}") for n in range(10)))
        monkeypatch.setattr(redis_store, "_IDLE_SECONDS", 0.1)
        for _ in range(20):
            await store.read(KEY)
            await asyncio.sleep(0.015)
        with server.client() as client:
            assert len(client.client_list()) == 2

    async def test_a_closed_store_opens_again(self, store):
        """A call after a close connects anew."""
        await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
        await store.aclose()
        assert (await store.read(KEY)).blob == b"a"

    async def test_a_call_under_way_at_the_close_leaves_no_connection(self, server):
        """A call that ends after the close closes its connection."""
        async with TcpProxy(server.port).running() as proxy:
            proxy.delay = 0.05
            store = RedisStore(f"redis://127.0.0.1:{proxy.port}", timeout=5.0)
            call = asyncio.create_task(store.read(KEY))
            while proxy.answers < 2:  # noqa: ASYNC110 (the proxy has no event)
                await asyncio.sleep(0.001)
            await store.aclose()
            assert (await call).version == "0"
            assert store._idle == []

    async def test_a_silent_connection_is_replaced(self, server, monkeypatch):
        """A connection that was not used for ten seconds is closed before a proxy drops it."""
        async with TcpProxy(server.port).running() as proxy:
            store = RedisStore(f"redis://127.0.0.1:{proxy.port}", timeout=5.0)
            for age, expected in ((9.9, 1), (10.0, 2)):
                await store.read(KEY)
                store._idle = [(used_at - age, known) for used_at, known in store._idle]
                await store.read(KEY)
                assert proxy.connections == expected
            await store.aclose()

    async def test_a_connection_outlives_the_call_that_cannot_wait(self, server):
        """A call that ends before its connection is made leaves it to the next call."""
        async with TcpProxy(server.port).running() as proxy:
            proxy.delay = 0.05
            store = RedisStore(f"redis://127.0.0.1:{proxy.port}")
            call = asyncio.create_task(store.read(KEY))
            while not proxy.connections:  # noqa: ASYNC110 (the proxy has no event)
                await asyncio.sleep(0.001)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.gather(*store._opening)
            assert ((await store.read(KEY)).version, proxy.connections) == ("0", 1)
            await store.aclose()

    async def test_a_close_ends_a_connection_that_is_being_made(self, server):
        """A call that waits for its connection at the close fails as one whose connection broke."""
        async with TcpProxy(server.port).running() as proxy:
            proxy.delay = 5.0
            store = RedisStore(f"redis://127.0.0.1:{proxy.port}")
            call = asyncio.create_task(store.read(KEY))
            while not proxy.connections:  # noqa: ASYNC110 (the proxy has no event)
                await asyncio.sleep(0.001)
            await store.aclose()
            with pytest.raises(StoreUnavailable, match="the connection to the server broke"):
                await call
            assert not store._opening

    async def test_a_cancelled_call_never_answers_the_next_one(self, server):
        """The connection of a cancelled call is closed, so that its late answer reaches nobody."""
        async with TcpProxy(server.port).running() as proxy:
            store = RedisStore(f"redis://127.0.0.1:{proxy.port}", timeout=5.0)
            first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
            proxy.delay, seen = 0.05, proxy.answers
            call = asyncio.create_task(
                store.compare_and_set(KEY, first.version, b"b" * 2000, ttl=TTL)
            )
            while proxy.answers == seen:  # noqa: ASYNC110 (the proxy has no event)
                await asyncio.sleep(0.001)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            found = await store.read(KEY)
            assert (found.committed, found.blob) == (False, b"b" * 2000)
            assert proxy.connections == 2
            await store.aclose()

    async def test_a_unix_socket(self, generation, tmp_path):
        """A store reaches a server by its Unix socket."""
        path = tmp_path / "s"
        with redis_server(generation, tmp_path, "--unixsocket", str(path)):
            store = RedisStore(f"unix://{path}?db=3", timeout=5.0)
            assert (await store.compare_and_set(KEY, "0", b"a", ttl=TTL)).committed
            await store.aclose()


class TestSecrets:
    """The password is shown nowhere."""

    async def test_a_failure_shows_no_password(self, caplog):
        """Repr, error, traceback and log of a failed call show no password."""
        caplog.set_level(logging.DEBUG)
        store = RedisStore(f"redis://user:{SECRET}@127.0.0.1:1/0")
        with pytest.raises(Exception, match="no connection to the server") as caught:
            await store.read(KEY)
        shown = [repr(store), repr(vars(store)), caplog.text, *texts_of(caught.value)]
        assert [text for text in shown if SECRET in str(text)] == []
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_without_redis_py(monkeypatch):
    """Without the extra, the error is the line that installs it."""
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(MissingExtra, match=r"pip install \"taskrouter-stats\[redis\]\""):
        RedisStore("redis://127.0.0.1")
