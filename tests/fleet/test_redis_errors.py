"""What a server's answers mean, of which some are hard to bring about on a real one."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from taskrouter_stats.fleet.redis_store import RedisStore
from taskrouter_stats.fleet.store import StoreUnavailable

PASSWORD = "pa55word-of-redis"


@asynccontextmanager
async def answering(reply):
    """Serve a password's ``OK`` and then these bytes to each command; yield the URL."""
    tasks = []

    def accept(reader, writer):
        tasks.append(asyncio.create_task(answer(reader, writer)))

    async def answer(reader, writer):
        while data := await reader.read(65536):
            name = data.split(b"\r\n")[2]
            known = {b"AUTH": b"+OK\r\n", b"CLIENT": b"+OK\r\n" * data.count(b"SETINFO")}
            writer.write(known.get(name, reply))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield "redis://:{2}@{0}:{1}".format(*server.sockets[0].getsockname(), PASSWORD)
        await asyncio.gather(*tasks)  # each ends with its connection


@pytest.mark.parametrize(
    ("reply", "reason", "is_misconfigured"),
    [
        (b"-LOADING Redis is loading the dataset in memory", "the server loads its data", False),
        (b"-MASTERDOWN Link with MASTER is down", "the server is a replica without", False),
        (b"-NOREPLICAS Not enough good replicas to write.", "the server has too few", False),
        (b"-MISCONF Redis is configured to save RDB snapshots", "the server cannot save", False),
        (b"-BUSY Redis is busy running a script.", "the server is busy", False),
        (b"-CLUSTERDOWN Hash slot not served", "the Cluster is down", False),
        (b"-TRYAGAIN Multiple keys request", "the Cluster moves the key", False),
        (b"-ASK 7 127.0.0.1:7", "the Cluster moves the key", False),
        (b"-MOVED 7 127.0.0.1:7", "the server is one node of a Cluster", True),
        (b"-DENIED Redis is running in protected mode", "the server accepts only", True),
        (b"-ERR max number of clients reached", "the server has too many clients", False),
        (
            b"-ERR Error running script: @user_script:3: WRONGTYPE Operation against a key",
            "the key holds something else",
            True,
        ),
        (
            b"-ERR The user executing the script can't run this command or subcommand",
            "the user may not run",
            True,
        ),
        (b"-ERR unknown command, with args: " + PASSWORD.encode(), "the server refused", False),
        (b":1", "the answer is not one of a Redis server", True),
        (b"*5\r\n:2\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$0\r\n", "the answer is not one of", True),
        (b"*2\r\n:0\r\n:1", "the answer is not one of a Redis server", True),
        (b"HTTP/1.1 400 Bad Request", "the answer is not one of a Redis server", True),
    ],
)
async def test_answers(reply, reason, is_misconfigured):
    """An answer is told in this package's words, and none shows what the server repeated."""
    async with answering(reply + b"\r\n") as url:
        store = RedisStore(url, timeout=5.0)
        with pytest.raises(StoreUnavailable) as caught:
            await store.compare_and_set("{k}", "0", b"", ttl=1.0)
        await store.aclose()
    assert caught.value.reason.startswith(reason)
    assert caught.value.is_misconfigured == is_misconfigured
    assert PASSWORD not in str(caught.value)
