"""What README's table says of twilio-python is true of the release that is installed."""

import json
import warnings
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from tests.support.servers import serving

pytest.importorskip("twilio", reason="twilio-python is not installed: it is in the extra bench")

from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

HOST = "https://taskrouter.twilio.com"


@asynccontextmanager
async def twilio_statistics(handler, **options):
    """Give one worker's statistics resource whose requests go to a local server, and the client."""

    class LocalClient(AsyncTwilioHttpClient):
        async def request(self, method, url, *args, **kwargs):
            return await super().request(method, url.replace(HOST, base_url), *args, **kwargs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it uses an old form of aiohttp's
        async with serving(handler) as base_url, LocalClient(**options) as http:
            workspaces = Client("AC" + "0" * 32, "token", http_client=http).taskrouter.v1.workspaces
            yield workspaces("WS" + "0" * 32).workers("WK" + "0" * 32).statistics(), http


async def answer(request):
    """Answer as the server does, and repeat the start of the window."""
    cumulative = {"start_time": request.query.get("StartDate"), "reservations_created": 1}
    return web.json_response({"cumulative": cumulative})


async def test_a_429_is_never_retried():
    """Its asynchronous client raises after the first 429, even with ``max_retries``."""
    requests = []

    async def refuse(request):
        requests.append(request.path)
        body = {"code": 20429, "message": "Too Many Requests", "status": 429}
        return web.Response(status=429, text=json.dumps(body))

    async with twilio_statistics(refuse, max_retries=5) as (statistics, _):
        with pytest.raises(TwilioRestException) as caught:
            await statistics.fetch_async(minutes=15)
    assert (caught.value.status, len(requests)) == (429, 1)


async def test_timeout_and_proxy_are_ignored(monkeypatch):
    """Its asynchronous client accepts a timeout and a proxy, and gives neither to aiohttp."""
    sent = []
    async with twilio_statistics(answer, timeout=1.0, proxy_url="http://127.0.0.1:9") as (
        statistics,
        http,
    ):
        request = http.session.request

        async def record(**options):
            sent.append(options)
            return await request(**options)

        monkeypatch.setattr(http.session, "request", record)
        await statistics.fetch_async(minutes=15)
    assert [("proxy" in options, options["timeout"]) for options in sent] == [(False, None)]


async def test_aware_datetimes_are_sent_with_the_wrong_zone():
    """Its start of midnight in New York reaches the server as midnight UTC."""
    midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo("America/New_York"))
    async with twilio_statistics(answer) as (statistics, _):
        answered = await statistics.fetch_async(start_date=midnight)
    assert answered.cumulative["start_time"] == "2026-11-01T00:00:00Z"


async def test_results_are_dictionaries():
    """Its result holds the statistics as a ``dict``, and times as text."""
    async with twilio_statistics(answer) as (statistics, _):
        answered = await statistics.fetch_async(minutes=15)
    assert type(answered.cumulative) is dict
