"""Bodies and headers larger than any of TaskRouter's, over real sockets."""

import gzip

import pytest
from aiohttp import web

from taskrouter_stats import errors
from taskrouter_stats.core.reply import MAX_BODY_BYTES, decode_reply
from taskrouter_stats.core.request import build_request
from taskrouter_stats.session.transport import Transport
from tests.support.fakes import ACCOUNT, CREDENTIALS, worker_query
from tests.support.servers import RawServer, http_bytes, serving


async def send(base_url):
    """Send one request with a new transport."""
    transport = Transport(base_url, CREDENTIALS, timeout=60, proxy=None, http=None)
    try:
        return await transport.send(build_request(worker_query(1), ACCOUNT), lambda: None)
    finally:
        await transport.aclose()


@pytest.mark.parametrize("more", [0, 1])
async def test_the_limit_is_16_mebibytes(more):
    """A body of 16 MiB is read; one byte more is a PayloadError that names the limit."""
    body = b'"' + b"x" * (MAX_BODY_BYTES - 2 + more) + b'"'
    async with RawServer(http_bytes(body)).running() as base_url:
        reply = await send(base_url)
    if not more:
        assert len(decode_reply(reply)) == 16 * 2**20 - 2
        return
    with pytest.raises(errors.PayloadError, match="at most 16,777,216 bytes"):
        decode_reply(reply)


async def test_a_gzip_bomb():
    """Of a body that decompresses a thousandfold, at most the limit is kept."""
    bomb = gzip.compress(bytes(2**28), 9)  # a quarter of a megabyte
    reply_bytes = http_bytes(bomb, "200 OK", "Content-Encoding: gzip", "Twilio-Request-Id: RQ1")
    async with RawServer(reply_bytes).running() as base_url:
        reply = await send(base_url)
    assert len(reply.body) == MAX_BODY_BYTES + 1
    with pytest.raises(errors.PayloadError, match="RQ1"):
        decode_reply(reply)


async def test_an_endless_body_is_cut_off():
    """The connection closes while the server still sends, long before the timeout."""
    written = 0

    async def pour(request):
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(2**20))
            written += 2**20

    async with serving(pour) as base_url:
        reply = await send(base_url)
    assert len(reply.body) == MAX_BODY_BYTES + 1
    assert written < 4 * MAX_BODY_BYTES


async def test_a_large_error_keeps_its_status():
    """An error with a body that is too large keeps its status."""
    reply_bytes = http_bytes(bytes(MAX_BODY_BYTES + 1), "503 Service Unavailable")
    async with RawServer(reply_bytes).running() as base_url:
        with pytest.raises(errors.ServerError) as caught:
            decode_reply(await send(base_url))
    assert (caught.value.status, caught.value.message) == (503, None)


@pytest.mark.parametrize("line", ["X-{}: 1", "X: 1"], ids=["different", "the same"])
async def test_a_flood_of_headers(line):
    """A reply with 200,000 headers raises ConnectionFailed."""
    flood = [line.format(number) for number in range(200_000)]
    async with RawServer(http_bytes(b"{}", "200 OK", *flood)).running() as base_url:
        with pytest.raises(errors.ConnectionFailed) as caught:
            await send(base_url)
    assert len(str(caught.value)) < 500
