"""The server over real sockets."""

import asyncio
import io
import re

import aiohttp
import pytest

from taskrouter_stats.simulator import Simulator
from taskrouter_stats.simulator.server.resources import iso
from taskrouter_stats.simulator.server.statistics import worker_cumulative

NOW = 1_795_000_000.25


class Client:
    """A plain client that returns status, headers and JSON."""

    def __init__(self, simulator, http):
        self.simulator = simulator
        self.http = http
        self.root = f"{simulator.base_url}/v1/Workspaces/{simulator.workspace_sid}"
        self.headers = {"Authorization": aiohttp.encode_basic_auth(*simulator.auth)}
        self.worker = f"/Workers/{simulator.world.workers[0].sid}"

    async def get(self, path, method="GET", headers=None, json=None, data=None, **params):
        """Return status, headers and JSON of the reply."""
        headers = self.headers if headers is None else headers
        async with self.http.request(
            method, self.root + path, params=params, headers=headers, json=json, data=data
        ) as reply:
            return reply.status, reply.headers, await reply.json()


@pytest.fixture
async def make():
    """Return a function that starts a simulator with frozen clocks and returns its client."""
    stack = []

    async def _make(**options):
        options = {"workers": 60, "latency": 0, "clock": lambda: NOW, **options}
        simulator = await Simulator(**options).__aenter__()
        simulator._server.time = options["clock"]
        http = await aiohttp.ClientSession().__aenter__()
        stack.append((simulator, http))
        return Client(simulator, http)

    yield _make
    for simulator, http in stack:
        await http.close()
        await simulator.__aexit__(None, None, None)


async def test_statistics_come_from_the_world(make):
    """A worker's statistics are the world's totals of the window."""
    client = await make()
    start, end = int(NOW) - 7_200, int(NOW) - 3_600
    status, headers, body = await client.get(
        client.worker + "/Statistics", StartDate=iso(start), EndDate=iso(end)
    )
    world = client.simulator.world
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert body["cumulative"] == worker_cumulative(
        world, world.totals(world.workers[0], start, end), start, end
    )
    assert body["url"] == (
        f"https://taskrouter.twilio.com/v1/Workspaces/{world.workspace_sid}{client.worker}/Statistics"
    )


async def test_a_worker_is_served(make):
    """The path of a worker returns the worker."""
    client = await make()
    status, _, body = await client.get(client.worker)
    assert (status, body["sid"]) == (200, client.simulator.world.workers[0].sid)


async def test_the_list_is_paged_over_http(make):
    """Following the next page's path and query gives each worker once."""
    client = await make(own_urls=True)
    _, _, body = await client.get("/Workers", PageSize="25")
    seen = body["workers"]
    while url := body["meta"]["next_page_url"]:
        assert url.startswith(client.simulator.base_url + "/")
        async with client.http.get(url, headers=client.headers) as reply:
            body = await reply.json()
        seen += body["workers"]
    assert [item["sid"] for item in seen] == [w.sid for w in client.simulator.world.workers]


async def test_page_urls_name_the_real_host(make):
    """By default URLs in replies have Twilio's host, as the real ones do."""
    client = await make()
    _, _, body = await client.get("/Workers")
    assert body["meta"]["next_page_url"].startswith("https://taskrouter.twilio.com/v1/Workspaces/")


@pytest.mark.parametrize(
    "authorization", [None, "Basic bm90OnRoaXM=", "Bearer x"], ids=["none", "wrong", "scheme"]
)
async def test_wrong_credentials_get_401(make, authorization):
    """Wrong credentials get a 401, which uses no budget."""
    client = await make()
    headers = {"Authorization": authorization} if authorization else {}
    status, reply, body = await client.get(client.worker, headers=headers)
    assert (status, body["code"]) == (401, 20003)
    assert reply["WWW-Authenticate"].startswith("Basic")
    assert "X-Rate-Limit-Limit" not in reply
    assert client.simulator.counters.unauthorized == 1


async def test_given_credentials_are_accepted(make):
    """The server accepts the credentials of ``auth=``, for example a key and its secret."""
    client = await make(auth=("SK" + "1" * 32, "sécret"))
    client.headers = {
        "Authorization": aiohttp.encode_basic_auth("SK" + "1" * 32, "sécret", "utf-8")
    }
    assert (await client.get(client.worker))[0] == 200


async def test_unknown_sids_and_paths_get_404(make):
    """An unknown worker, workspace or path gets a 404 with the path."""
    client = await make()
    status, headers, body = await client.get("/Workers/WK" + "0" * 32)
    assert (status, body["code"], body["status"]) == (404, 20404, 404)
    assert body["message"].endswith(f"/Workers/WK{'0' * 32} was not found")
    assert "X-Rate-Limit-Limit" not in headers
    assert (await client.get("/Nothing"))[0] == 404
    client.root = client.simulator.base_url
    assert (await client.get("/%7B%22"))[0] == 404
    assert client.simulator.counters.not_found == 3
    assert client.simulator.counters.by_key["unknown"].not_found == 2


async def test_another_method_is_refused(make):
    """A POST to a resource that has only GET gets a 405."""
    client = await make()
    status, _, body = await client.get("/Workers", method="POST")
    assert (status, body["code"]) == (405, 20004)


async def test_wrong_parameters_use_budget(make):
    """A wrong parameter gets a 400 without rate-limit headers, and uses budget."""
    client = await make()
    status, headers, body = await client.get(client.worker + "/Statistics", Minutes="x")
    assert (status, body["code"]) == (400, 20001)
    assert "X-Rate-Limit-Limit" not in headers
    _, headers, _ = await client.get(client.worker + "/Statistics")
    assert headers["X-Rate-Limit-Remaining"] == "48"
    assert client.simulator.counters.rejected == 1


async def test_the_limit_is_kept_per_resource_key(make):
    """Beyond the limit the reply is a 429 with headers; each resource key has its own budget."""
    client = await make(limit=2)
    replies = [await client.get(client.worker) for _ in range(3)]
    assert [status for status, _, _ in replies] == [200, 200, 429]
    assert [h["X-Rate-Limit-Remaining"] for _, h, _ in replies] == ["1", "0", "0"]
    assert {h["X-Rate-Limit-Limit"] for _, h, _ in replies} == {"2"}
    assert replies[2][2]["code"] == 20429
    assert "Retry-After" not in replies[2][1]
    assert (await client.get("/Workers"))[0] == 200
    counters = client.simulator.counters
    assert (counters.requests, counters.succeeded, counters.refused) == (4, 3, 1)
    assert counters.by_key["Worker-Fetch"].refused == 1


async def test_headers_can_be_switched_while_running(make):
    """Successes and 429s each have a switch for their headers; ``Retry-After`` has one too."""
    client = await make(limit=1, headers=False, headers_on_429=False, retry_after=1.5)
    _, success, _ = await client.get(client.worker)
    _, refusal, _ = await client.get(client.worker)
    assert "X-Rate-Limit-Limit" not in success
    assert "X-Rate-Limit-Limit" not in refusal
    assert refusal["Retry-After"] == "1.5"
    client.simulator.options.headers_on_429 = True
    _, refusal, _ = await client.get(client.worker)
    assert refusal["X-Rate-Limit-Limit"] == "1"


async def test_documented_lower_limits_apply(make):
    """Expressions have 3 requests per second and bulk 5, in their own budgets."""
    client = await make(limit=50)
    bulk = "/TaskQueues/RealTimeStatistics"
    queue = client.simulator.world.task_queues[0].sid
    filtered = {"TargetWorkersExpression": 'site == "Dublin"'}
    assert [(await client.get("/Workers", **filtered))[0] for _ in range(4)] == [200] * 3 + [429]
    filtered = {"EvaluateWorkerAttributes": 'site == "Dublin"'}
    assert [(await client.get("/TaskQueues", **filtered))[0] for _ in range(4)] == [200] * 3 + [429]
    replies = [await client.get(bulk, "POST", json={"queueSids": [queue]}) for _ in range(6)]
    assert [status for status, _, _ in replies] == [200] * 5 + [429]
    assert replies[0][2]["task_queue_data"][0]["task_queue_sid"] == queue
    assert replies[0][1]["X-Rate-Limit-Limit"] == "5"
    assert (await client.get("/Workers"))[1]["X-Rate-Limit-Remaining"] == "49"
    assert client.simulator.counters.by_key["Worker-List-TargetWorkersExpression"].refused == 1


async def test_a_lower_limit_is_never_raised(make):
    """A limit below the documented lower limits applies to their keys too."""
    client = await make(limit=2)
    _, headers, _ = await client.get("/Workers", TargetWorkersExpression='site == "x"')
    assert headers["X-Rate-Limit-Limit"] == "2"


async def test_posted_bodies_are_bounded(make):
    """A body that is too large gets a 413, and an invalid one a 400."""
    client = await make()
    path = "/TaskQueues/RealTimeStatistics"
    status, _, body = await client.get(path, "POST", data=io.BytesIO(b" " * 2**21))
    assert (status, body["code"]) == (413, 20413)
    status, _, body = await client.get(path, "POST", data=b"\xff{")
    assert (status, body["code"]) == (400, 20001)


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/Workspaces/\xff\xfe/Workers",
        b"/v1/Workspaces?FriendlyName=%ED%A0%80&PageSize=1",
        b"/v1/Workspaces?FriendlyName=\xff&PageToken=%00",
        b"/v1/Workspaces?PageSize=%D9%A1",
        b"/v1/Workspaces/%2e%2e/%00",
        b"/v1/Workspaces/{/Workers/}",
    ],
)
async def test_any_bytes_get_a_reply(make, target):
    """No bytes in path or query cause a server error."""
    client = await make()
    host, port = client.simulator.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = [b"GET " + target + b" HTTP/1.1", b"Host: x", b"Connection: close"]
    request.append(b"Authorization: " + client.headers["Authorization"].encode())
    writer.write(b"\r\n".join(request) + b"\r\n\r\n")
    status = int((await reader.read()).split()[1])
    assert status in {200, 400, 404}
    writer.close()
    await writer.wait_closed()


async def test_concurrency_is_limited_without_using_budget(make):
    """Beyond the concurrency limit the reply is a 429 that uses no budget and has Remaining."""
    client = await make(latency=0.05, limit=50, concurrency=2)
    paths = [client.worker, client.worker, client.worker, client.worker, "/Activities"]
    replies = await asyncio.gather(*(client.get(path) for path in paths))
    assert sorted(status for status, _, _ in replies) == [200, 200, 429, 429, 429]
    assert all(int(headers["X-Rate-Limit-Remaining"]) >= 48 for _, headers, _ in replies)
    assert max(int(headers["Twilio-Concurrent-Requests"]) for _, headers, _ in replies) == 5
    client.simulator.options.concurrency = None
    replies = await asyncio.gather(*(client.get("/Workers") for _ in range(9)))
    assert {status for status, _, _ in replies} == {200}
    counters = client.simulator.counters.by_key
    assert counters["Worker-Fetch"].succeeded + counters["Activity-List"].succeeded == 2


async def test_garbage_comes_through_http(make):
    """Invalid header values reach the client and do not change the body."""
    client = await make(garbage=True, limit=20)
    replies = [await client.get(client.worker) for _ in range(21)]
    assert [status for status, _, _ in replies] == [200] * 20 + [429]
    assert len({headers["X-Rate-Limit-Remaining"] for _, headers, _ in replies}) > 4


async def test_a_rival_and_steps_change_the_headers(make):
    """A rival's requests reduce Remaining, and a step changes Limit."""
    now = [NOW]
    client = await make(limit=10, rival=0.5, steps=[(60, 40)], clock=lambda: now[0])
    await client.get(client.worker)
    now[0] += 10.7
    _, headers, _ = await client.get(client.worker)
    assert headers["X-Rate-Limit-Limit"] == "10"
    assert int(headers["X-Rate-Limit-Remaining"]) <= 5
    now[0] += 60
    _, headers, _ = await client.get(client.worker)
    assert headers["X-Rate-Limit-Limit"] == "40"
    _, headers, _ = await client.get("/Workers", TargetWorkersExpression='site == "x"')
    assert headers["X-Rate-Limit-Limit"] == "3"


async def test_no_limit_means_no_headers(make):
    """A server without a limit sends no rate-limit headers."""
    client = await make(window="none")
    _, headers, _ = await client.get(client.worker)
    assert not [name for name in headers if name.startswith("X-Rate-Limit")]


async def test_every_reply_has_a_request_sid(make):
    """Each reply, 429s included, has a request SID, its duration and the concurrency."""
    client = await make(limit=1)
    replies = [await client.get(client.worker) for _ in range(2)]
    sids = {headers["Twilio-Request-Id"] for _, headers, _ in replies}
    assert len(sids) == 2
    assert all(re.fullmatch(r"RQ[0-9a-f]{32}", sid) for sid in sids)
    assert all(h["Twilio-Request-Duration"] == "0.000" for _, h, _ in replies)
    assert all(h["Twilio-Concurrent-Requests"] == "1" for _, h, _ in replies)


async def test_requests_wait_beside_each_other(make):
    """Concurrent requests wait for the latency at the same time, half of it before admission."""
    client = await make(latency=0.05, limit=3)
    replies = await asyncio.gather(*(client.get(client.worker) for _ in range(5)))
    assert sorted(status for status, _, _ in replies) == [200, 200, 200, 429, 429]
    assert client.simulator.counters.max_in_flight == 5
    assert client.simulator.counters.in_flight == 0
    assert max(int(h["Twilio-Concurrent-Requests"]) for _, h, _ in replies) == 5


async def test_stopping_ends_requests_in_flight():
    """Stopping ends slow replies, and no request stays counted as in flight."""
    async with aiohttp.ClientSession() as http:
        async with Simulator(workers=1, latency=60) as simulator:
            client = Client(simulator, http)
            asked = asyncio.create_task(client.get(client.worker))
            while not simulator.counters.in_flight:  # noqa: ASYNC110 - the server has no event
                await asyncio.sleep(0.001)
        with pytest.raises(aiohttp.ClientError):
            await asked
    assert (simulator.counters.in_flight, simulator.counters.requests) == (0, 1)
    assert simulator.counters.succeeded == 0
