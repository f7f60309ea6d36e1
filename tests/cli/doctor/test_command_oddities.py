"""``doctor`` and servers that are odd, each in its own way."""

import re

import pytest

from taskrouter_stats.simulator import Simulator
from tests.cli.doctor_reports import answer, verdict
from tests.cli.odd_servers import ACCOUNT, WS, odd_server
from tests.cli.processes import account


async def test_closed_statistics_of_a_large_workspace(doctor):
    """A 403 above 100 Workers is 3, points at the documented default, and is noted."""
    closed = {"/Statistics": (403, {"code": 20403, "message": "Forbidden"})}
    async with odd_server(workers=101, refuse=closed) as (url, asked):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 3
    state, told = verdict(out, "worker statistics")
    assert state == "not ok"
    assert "closes these statistics by default in Workspaces of more than 100 Workers" in told
    assert answer(out, "over 100 Workers") == "refused with HTTP 403, code 20403"
    assert verdict(out, "workers")[1] == "101 Workers"
    assert sum(path.endswith("/Statistics") for path in asked) == 1


async def test_more_than_one_page_of_workers_is_enough(doctor):
    """Of many Workers one page is read, which tells that there are more than 100."""
    async with Simulator(workers=250, limit=200, latency=0.0) as simulator:
        code, out, _ = await doctor(simulator.workspace_sid, **account(simulator))
        counts = simulator.counters.requests
    assert (code, counts) == (0, 7)
    assert verdict(out, "workers")[1] == "101 Workers or more"
    assert answer(out, "over 100 Workers") == "worker statistics are open"


async def test_a_server_without_headers(doctor):
    """Nothing is wrong, yet the throttle sees no limit, and the advice is to bound the pace."""
    async with odd_server() as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 0
    state, told = verdict(out, "rate-limit headers")
    assert state == "not known"
    assert "0 of 7 successes have them" in told
    assert "--pace-limit" in told
    assert answer(out, "worker statistics limit") == "not told"
    assert "is answered, though 30 days are documented" in answer(out, "retention")


async def test_headers_that_are_the_word_string(doctor):
    """They are shown as they came, and counted as no numbers."""

    def odd(request, response):
        for name in ("Limit", "Remaining", "Config"):
            response.headers[f"X-Rate-Limit-{name}"] = "string"

    async with odd_server(odd) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 0
    assert "7 of 7 successes have them, 0 as numbers" in verdict(out, "rate-limit headers")[1]
    raw, made = re.findall(r"^ /Workers/WK…/Statistics  +(.*)", out, re.MULTILINE)[::2]
    assert raw.split() == ["200", "string", "string", "string", "-"]
    assert made.split()[:2] == ["-", "-"]


@pytest.mark.parametrize(("ahead", "side"), [(3600, "behind"), (-3600, "ahead of")])
@pytest.mark.parametrize("dated", [True, False])
async def test_a_clock_that_is_an_hour_off(doctor, ahead, side, dated):
    """It is told by the Date header, or without one by the statistics' end_time, and is 3."""

    def odd(request, response):
        if not dated:
            del response.headers["Date"]

    async with odd_server(odd, ahead=ahead) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 3
    state, told = verdict(out, "clock")
    assert state == "not ok"
    assert f"1.0 h {side} the server's" in told
    assert ("the Date header" if dated else "the statistics' end_time") in told
    assert "NTP" in told


async def test_a_429_is_told_with_its_headers(doctor):
    """A budget that is spent by others is not ok, and Retry-After is shown as it came."""

    def odd(request, response):
        if response.status == 429:
            response.headers["Retry-After"] = "0"

    refusal = {"/TaskQueues": (429, {"code": 20429})}
    async with odd_server(odd, refuse=refusal) as (url, asked):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert (code, len(asked)) == (3, 8)
    assert verdict(out, "task queues")[0] == "not ok"
    assert "2 of 8 replies were 429s" in verdict(out, "throttling")[1]
    assert answer(out, "Retry-After on a 429") == "'0', '0'"
    assert re.findall(r"^ {3}Retry-After: (.*)", out, re.MULTILINE) == ["0", "0"]
    assert answer(out, "headers on a 429") == "on 0 of 2 refusals"


async def test_a_page_that_is_no_api_is_5(doctor):
    """A server that says HTML with a 200 is none that answers."""
    page = "<html>Welcome to this hotel's network</html>"
    async with odd_server(refuse={"": (200, page)}) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 5
    assert "is that address Twilio's?" in verdict(out, "workspace")[1]


async def test_a_key_that_may_not_see_the_workspace_itself(doctor):
    """The rest is asked all the same, and the failed check is 3."""
    denied = {WS: (403, {"code": 70051, "message": "Authorization error"})}
    async with odd_server(refuse=denied) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 3
    assert verdict(out, "workspace")[0] == "not ok"
    assert "the API key's permissions" in verdict(out, "workspace")[1]
    assert verdict(out, "aggregate")[0] == "ok"


async def test_pages_of_one_item_are_not_read_to_the_end(doctor):
    """A server that ignores PageSize gets no more than eight requests all the same."""
    target = f"https://taskrouter.twilio.com/v1/Workspaces/{WS}/Workers?PageToken="
    pages = 0

    def page():
        nonlocal pages
        pages += 1
        return {
            "workers": [{"sid": f"WK{pages:032x}"}],
            "meta": {"next_page_url": f"{target}{pages}"},
        }

    async with odd_server(refuse={"/Workers": (200, page)}) as (url, asked):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 0
    assert len(asked) <= 9
    assert "Workers or more" in verdict(out, "workers")[1]
    assert verdict(out, "worker statistics")[1].startswith("open; for")
    assert "could not be counted" in answer(out, "over 100 Workers")


async def test_other_headers_about_limits_are_shown(doctor):
    """What nobody has heard of may be what settles it."""

    def odd(request, response):
        response.headers["RateLimit-Policy"] = "50;w=10"

    async with odd_server(odd) as (url, _):
        _, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert answer(out, "other headers") == "ratelimit-policy: '50;w=10'"


async def test_a_workspace_without_workers(doctor):
    """Worker statistics can't be tried, which is not a failure."""
    async with Simulator(workers=0, latency=0.0) as simulator:
        code, out, _ = await doctor(simulator.workspace_sid, **account(simulator))
    assert code == 0
    assert verdict(out, "worker statistics") == ("not known", "no Worker to ask about")


async def test_names_move_no_cursor(doctor):
    """What a server writes is shown without control characters."""
    said = {"sid": WS, "friendly_name": "a\x1b[2Jb"}
    async with odd_server(refuse={WS: (200, said)}) as (url, _):
        _, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert "\x1b" not in out
