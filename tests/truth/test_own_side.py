"""Kind 7: a condition of this side is not taken as evidence about the server."""

import socket

import pytest

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, Window, errors, queries
from tests.support.certificates import untrusted
from tests.support.servers import serving
from tests.truth.raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    Close,
    Hold,
    RawServer,
    Reset,
    http,
    statistics,
    worker_sid,
)

HOUR = Window.last(hours=1)


def session_at(url, **options):
    """A session that asks at this address."""
    return TaskRouterSession(Credentials.auth_token(ACCOUNT, TOKEN), base_url=url, **options)


def worker_queries(count):
    """One question for each of so many workers."""
    return [queries.worker_statistics(WORKSPACE, worker_sid(n), HOUR) for n in range(count)]


def truth(question):
    """The true answer."""
    return http(statistics(question))


class Network:
    """A server whose connections all die, unnoticed by the client, when a test says so."""

    def __init__(self, death):
        self._death = death
        self._dead_up_to = 0

    def __call__(self, question):
        """Answer, unless the question came on a connection that is dead."""
        return (self._death,) if question.connection <= self._dead_up_to else truth(question)

    def cut(self, server):
        """From now on each connection that stands is dead; new ones are well."""
        self._dead_up_to = server.connections


@pytest.mark.parametrize("death", [Reset, Close, Hold], ids=lambda death: death.__name__)
async def test_all_pooled_connections_die(death):
    """After 300 of 300 every pooled connection dies, and 300 of 300 are answered again."""
    network = Network(death)
    options = {"max_in_flight": 40, "timeout": 5.0 if death is Hold else 30.0}
    with RawServer(network).running() as server:
        async with session_at(server.url, **options) as session:
            for _ in range(2):
                outcomes = await session.collect(worker_queries(300))
                assert [outcome.unwrap().worker_sid for outcome in outcomes] == [
                    worker_sid(number) for number in range(300)
                ]
                network.cut(server)
                before = server.connections
            assert server.connections == before
    attempts = [outcome.meta.attempts for outcome in outcomes]
    assert max(attempts) == 2
    assert 1 <= attempts.count(2) <= 40


async def test_one_dead_connection_drops_the_pool():
    """Among connections that idled, one that is dead costs one more send, and later ones none."""
    network = Network(Reset)
    with RawServer(network).running() as server:
        async with session_at(server.url, max_in_flight=20) as session:
            await session.collect(worker_queries(100))
            network.cut(server)
            metas = [
                (await session.fetch_with_meta(query)).meta.attempts for query in worker_queries(5)
            ]
    assert metas == [2, 1, 1, 1, 1]


async def test_a_server_that_drops_one_connection_keeps_the_others():
    """A reset of a busy connection is one connection's, so the others are used on."""

    def answer(question):
        return (Reset,) if question.number % 25 == 0 else truth(question)

    with RawServer(answer).running() as server:
        async with session_at(server.url, max_in_flight=11) as session:
            outcomes = await session.collect(worker_queries(300))
    assert [type(outcome).__name__ for outcome in outcomes] == ["Success"] * 300
    assert server.connections <= 11 + 13


async def test_dead_connections_cost_no_retries():
    """A network that is cut again and again, though it works in between, fails no query."""
    network = Network(Reset)
    with RawServer(network).running() as server:
        async with session_at(server.url, max_in_flight=40) as session:
            for _ in range(20):
                outcomes = await session.collect(worker_queries(60))
                assert [type(outcome).__name__ for outcome in outcomes] == ["Success"] * 60
                network.cut(server)
    assert server.connections > 400  # more than the 200 that a session may retry at first


async def test_a_server_that_dies_is_still_found_out():
    """A server that drops new connections as well is down, and the error names the cause."""
    with RawServer(truth).running() as server:
        async with session_at(server.url, retry=RetryPolicy(cap=0.1)) as session:
            await session.collect(worker_queries(20))
            server.answer = lambda _: (Reset,)
            outcomes = await session.collect(worker_queries(200))
            asked = len(server.questions)
    kinds = {type(outcome.error) for outcome in outcomes}
    assert errors.ServerDown in kinds
    assert asked < 120
    down = next(one.error for one in outcomes if isinstance(one.error, errors.ServerDown))
    assert "reset by peer" in down.cause.lower()
    assert down.cause in str(down)


async def test_nobody_listens():
    """A refused connection is tried again, and ServerDown tells that it was refused."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with session_at(f"http://127.0.0.1:{port}", retry=RetryPolicy(cap=0.1)) as session:
        outcomes = await session.collect(worker_queries(50))
    refused = [one.error for one in outcomes if isinstance(one.error, errors.ServerDown)]
    assert refused
    assert "cannot connect to host" in refused[-1].cause.lower()


async def _never(_):
    pytest.fail("a request was sent to a server that nobody trusts")


async def test_a_certificate_that_nobody_signed():
    """It ends a stream at once by its own name, and is not tried again."""
    async with serving(_never, ssl=untrusted()) as url, session_at(url) as session:
        with pytest.raises(errors.UntrustedCertificate, match="certificate authorities"):
            await session.collect(worker_queries(50))
        for query in worker_queries(15):  # nor does it make the server "down"
            with pytest.raises(errors.UntrustedCertificate) as caught:
                await session.fetch(query)
    assert caught.value.on_reused_connection is False


async def test_a_proxy_that_requires_credentials():
    """A 407 points at the proxy's credentials, not at the number of workers."""
    with RawServer(lambda _: http(b"", 407)).running() as proxy:
        options = {"proxy": proxy.url, "allow_http": True, "retry": RetryPolicy(attempts=1)}
        async with session_at("http://far.example", **options) as session:
            with pytest.raises(errors.ApiError, match="the proxy requires credentials") as caught:
                await session.fetch(worker_queries(1)[0])
        assert caught.value.status == 407
        assert "100 Workers" not in str(caught.value)
        options["allow_http"] = False
        async with session_at("https://far.example", **options) as session:
            with pytest.raises(errors.ConnectionFailed, match="407: it requires credentials"):
                await session.fetch(worker_queries(1)[0])
