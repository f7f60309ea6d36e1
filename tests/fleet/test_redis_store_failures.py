"""What fails on real servers: each failure says why, and the store works again after it."""

import asyncio
import signal
from contextlib import asynccontextmanager

import pytest

from taskrouter_stats.fleet.redis_store import RedisStore
from taskrouter_stats.fleet.store import StoreUnavailable
from tests.fleet.store_contract import KEY, TTL
from tests.support.certificates import SELF_SIGNED, untrusted
from tests.support.redis_servers import redis_server
from tests.support.tcp_proxy import TcpProxy

PASSWORD = "pa55word-of-redis"


async def failure(call):
    """Return why a call failed, and whether only a person can repair it."""
    with pytest.raises(StoreUnavailable) as caught:
        await call
    return caught.value.reason, caught.value.is_misconfigured


async def eventually(store):
    """Read until an answer comes: a busy machine may be slow more than once."""
    for _ in range(50):
        try:
            return await store.read(KEY)
        except StoreUnavailable:
            await asyncio.sleep(0.05)
    return await store.read(KEY)


@asynccontextmanager
async def opened(url, seconds=5.0):
    """Yield a store, and close it; a busy machine may need more than the default."""
    store = RedisStore(url, timeout=seconds)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def proxy(server):
    """Return a proxy before the server."""
    async with TcpProxy(server.port).running() as proxy:
        yield proxy


@pytest.fixture
def own_server(generation, tmp_path):
    """Return a server of this test alone."""
    with redis_server(generation, tmp_path) as server:
        yield server


class TestConnection:
    """The network and the process of the server."""

    async def test_slow(self, proxy):
        """An answer later than the time limit is a failure, and the late bytes reach nobody."""
        async with opened(f"redis://127.0.0.1:{proxy.port}", seconds=0.25) as store:
            await eventually(store)
            proxy.delay = 0.5
            late = await failure(store.compare_and_set(KEY, "0", b"a", ttl=TTL))
            assert late == ("the server did not answer in time", False)
            proxy.delay = 0.0
            assert (await eventually(store)).blob == b"a"

    @pytest.mark.parametrize("part", [0, 1, 9])
    async def test_cut_after_the_write(self, proxy, store, part):
        """A lost reply to a write is a failure; the store never writes twice by itself."""
        first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
        async with opened(f"redis://127.0.0.1:{proxy.port}") as broken:
            await broken.read(KEY)
            proxy.cut_after = part
            cut = await failure(broken.compare_and_set(KEY, first.version, b"b", ttl=TTL))
            assert cut == ("the connection to the server broke", False)
            replay = await broken.compare_and_set(KEY, first.version, b"c", ttl=TTL)
        assert (replay.committed, replay.blob) == (False, b"b")
        assert int(replay.version) > int(first.version)

    async def test_killed_and_started_empty(self, own_server):
        """A killed server is a failure; started again, it is empty and takes a new first write."""
        async with opened(own_server.url) as store:
            first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
            own_server.stop()
            reason, is_misconfigured = await failure(store.read(KEY))
            assert reason.startswith(
                ("no connection to the server", "the connection to the server")
            )
            reason, is_misconfigured = await failure(store.read(KEY))
            assert reason == "no connection to the server (Connection refused)"
            assert not is_misconfigured
            own_server.start()
            lost = await store.compare_and_set(KEY, first.version, b"b", ttl=TTL)
            assert (lost.committed, lost.version, lost.blob) == (False, "0", b"")
            assert (await store.compare_and_set(KEY, "0", b"b", ttl=TTL)).committed

    async def test_a_suspended_server(self, own_server):
        """A server that accepts connections and does nothing is a failure, and works afterwards."""
        async with opened(own_server.url, seconds=0.1) as store:
            await eventually(store)
            own_server.send(signal.SIGSTOP)
            for _ in range(2):
                late = await failure(store.read(KEY))
                assert late == ("the server did not answer in time", False)
            own_server.send(signal.SIGCONT)
            await eventually(store)

    async def test_no_host(self):
        """A name that leads nowhere is a failure that a person need not repair."""
        async with opened("redis://nowhere.invalid") as store:
            reason, is_misconfigured = await failure(store.read(KEY))
        assert reason.startswith("no connection to the server (")
        assert not is_misconfigured


class TestServer:
    """States of the server, and what lies in it."""

    async def test_flushed(self, store, server):
        """After FLUSHALL nothing is stored, and an old version does not match."""
        first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
        with server.client() as client:
            client.flushall()
        lost = await store.compare_and_set(KEY, first.version, b"b", ttl=TTL)
        assert (lost.committed, lost.version) == (False, "0")

    async def test_full(self, store, server):
        """A full server refuses writes and answers reads."""
        first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
        with server.client() as client:
            client.config_set("maxmemory", 1)
            try:
                full = await failure(store.compare_and_set(KEY, first.version, b"b", ttl=TTL))
                assert (await store.read(KEY)).blob == b"a"
            finally:
                client.config_set("maxmemory", 0)
        assert full == ("the server's memory is full", False)
        assert (await store.compare_and_set(KEY, first.version, b"b", ttl=TTL)).committed

    async def test_a_read_only_replica(self, store, server):
        """A replica refuses writes and answers reads."""
        first = await store.compare_and_set(KEY, "0", b"a", ttl=TTL)
        with server.client() as client:
            client.replicaof("127.0.0.1", 1)
            try:
                refused = await failure(store.compare_and_set(KEY, first.version, b"b", ttl=TTL))
                assert (await store.read(KEY)).blob == b"a"
            finally:
                client.replicaof("NO", "ONE")
        assert refused == ("the server is a read-only replica", False)
        assert (await store.compare_and_set(KEY, first.version, b"b", ttl=TTL)).committed

    @pytest.mark.parametrize("command", [("SET", KEY, "x"), ("HSET", KEY, "v", "x", "s", "y")])
    async def test_a_key_of_another_program(self, store, server, command):
        """A key that another program wrote is told, and stays as it is."""
        with server.client() as client:
            client.execute_command(*command)
            before = client.dump(KEY)
            reason, is_misconfigured = await failure(store.read(KEY))
            assert client.dump(KEY) == before
        assert reason.startswith("the key holds something else")
        assert is_misconfigured

    async def test_a_garbage_blob_comes_back_as_it_is(self, store, server):
        """The store judges no blob."""
        with server.client() as client:
            client.hset(KEY, mapping={"v": "7", "s": b"\x00garbage"})
        assert (await store.read(KEY)).blob == b"\x00garbage"


class TestPermissions:
    """Users, passwords and what they may do."""

    @pytest.mark.parametrize(
        "rights", ["-eval -evalsha ~*", "-hset ~*", "-pexpire ~*", "-@scripting ~*", "~other:*"]
    )
    async def test_a_user_without_the_rights(self, server, rights):
        """A missing right is told as what a person must repair."""
        with server.client() as client:
            client.execute_command(
                "ACL", "SETUSER", "few", "on", "+@all", f">{PASSWORD}", *rights.split()
            )
            try:
                url = f"redis://few:{PASSWORD}@127.0.0.1:{server.port}"
                async with opened(url) as store:
                    found = await failure(store.compare_and_set(KEY, "0", b"a", ttl=TTL))
            finally:
                client.acl_deluser("few")
        assert found[0].startswith("the user may not run EVALSHA, EVAL, TIME, HGET, HSET")
        assert found[1]

    async def test_the_rights_that_suffice(self, server):
        """A user with the six commands on the keys of the prefix needs nothing else."""
        commands = "+evalsha +eval +time +hget +hset +pexpire ~trs:*"
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "few", "on", "nopass", *commands.split())
            try:
                async with opened(f"redis://few:any@127.0.0.1:{server.port}") as store:
                    assert (await store.compare_and_set(KEY, "0", b"a", ttl=TTL)).committed
            finally:
                client.acl_deluser("few")

    @pytest.mark.parametrize("user", ["", ":wrong@", "nobody:wrong@", "nobody@"])
    async def test_wrong_users(self, own_server, user):
        """A missing or wrong password is told as what a person must repair."""
        with own_server.client() as client:
            client.config_set("requirepass", PASSWORD)
        async with opened(f"redis://{user}127.0.0.1:{own_server.port}") as store:
            found = await failure(store.read(KEY))
        assert found == ("the server requires another user and password", True)
        async with opened(f"redis://:{PASSWORD}@127.0.0.1:{own_server.port}") as store:
            assert (await store.read(KEY)).version == "0"

    async def test_a_database_that_is_not_there(self, server):
        """A number beyond the server's databases is told as what a person must repair."""
        async with opened(f"{server.url}/99") as store:
            found = await failure(store.read(KEY))
        assert found == ("the server has no database of this number", True)


class TestTls:
    """Certificates are checked."""

    async def test_certificates(self, server, tmp_path):
        """A trusted certificate of this host works, and any other is what a person must repair."""
        trusted = tmp_path / "ca.pem"
        trusted.write_text(SELF_SIGNED)
        async with TcpProxy(server.port).running(untrusted()) as proxy:
            url = f"rediss://127.0.0.1:{proxy.port}"
            async with opened(url) as store:
                found = await failure(store.read(KEY))
            assert found == ("the server's certificate is not trusted", True)
            other = f"rediss://localhost:{proxy.port}?ssl_ca_certs={trusted}"
            async with opened(other) as store:
                found = await failure(store.read(KEY))
            assert found == ("the server's certificate is not trusted", True)
            async with opened(f"{url}?ssl_ca_certs={trusted}") as store:
                assert (await store.compare_and_set(KEY, "0", b"a", ttl=TTL)).committed

    async def test_a_server_without_tls(self, server):
        """A server that waits for a command gets no handshake done."""
        async with opened(f"rediss://127.0.0.1:{server.port}", seconds=0.1) as store:
            assert await failure(store.read(KEY)) == ("the server did not answer in time", False)
