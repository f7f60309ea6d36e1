"""``doctor`` and servers that misbehave, each in one respect."""

import re

import pytest

from taskrouter_stats.simulator import Simulator
from tests.cli.doctor_reports import answer, verdict
from tests.cli.misbehaving_servers import ACCOUNT, WS, misbehaving_server
from tests.cli.processes import account


async def test_disabled_statistics_of_a_large_workspace_are_3(doctor):
    """A 403 above 100 workers is exit code 3, with the documented default as the advice."""
    closed = {"/Statistics": (403, {"code": 20403, "message": "Forbidden"})}
    async with misbehaving_server(workers=101, refuse=closed) as (url, requested):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 3
    state, detail = verdict(out, "worker statistics")
    assert state == "not ok"
    assert "next: " in detail
    assert answer(out, "over 100 workers") == "refused with HTTP 403, code 20403"
    assert verdict(out, "workers")[1] == "101 workers"
    assert sum(path.endswith("/Statistics") for path in requested) == 1


async def test_one_page_of_workers_is_read(doctor):
    """One page shows that there are more than 100 workers."""
    async with Simulator(workers=250, limit=200, latency=0.0) as simulator:
        code, out, _ = await doctor(simulator.workspace_sid, **account(simulator))
        requests = simulator.counters.requests
    assert (code, requests) == (0, 7)
    assert verdict(out, "workers")[1] == "101 workers or more"
    assert answer(out, "over 100 workers") == "worker statistics are enabled"


async def test_a_server_without_headers_is_not_known(doctor):
    """Without rate-limit headers, the exit code is 0 and the advice is --pace-limit."""
    async with misbehaving_server() as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 0
    state, detail = verdict(out, "rate-limit headers")
    assert state == "not known"
    assert "0 of 7 successes have them" in detail
    assert "--pace-limit" in detail
    assert answer(out, "worker statistics limit") == "absent"
    assert "is answered, although Twilio documents 30 days" in answer(out, "retention")


async def test_headers_that_are_not_numbers_are_shown(doctor):
    """The report shows headers as received, and counts them as not numbers."""

    def change(request, response):
        for name in ("Limit", "Remaining", "Config"):
            response.headers[f"X-Rate-Limit-{name}"] = "string"

    async with misbehaving_server(change) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 0
    assert "7 of 7 successes have them, 0 as numbers" in verdict(out, "rate-limit headers")[1]
    raw, budget = re.findall(r"^ /Workers/WK…/Statistics  +(.*)", out, re.MULTILINE)[::2]
    assert raw.split() == ["200", "string", "string", "string", "-"]
    assert budget.split()[:2] == ["-", "-"]


@pytest.mark.parametrize(("ahead", "side"), [(3600, "behind"), (-3600, "ahead of")])
@pytest.mark.parametrize("dated", [True, False])
async def test_a_clock_that_is_an_hour_off_is_3(doctor, ahead, side, dated):
    """The skew comes from the Date header, or without one from ``end_time``."""

    def change(request, response):
        if not dated:
            del response.headers["Date"]

    async with misbehaving_server(change, ahead=ahead) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 3
    state, detail = verdict(out, "clock")
    assert state == "not ok"
    assert re.match(rf"(1h|59m \d+s|1h \d+m) {side} the server's", detail)
    assert ("the Date header" if dated else "the statistics' end_time") in detail
    assert "NTP" in detail


async def test_a_429_is_shown_with_its_headers(doctor):
    """A 429 is not ok, and the report shows Retry-After as received."""

    def change(request, response):
        if response.status == 429:
            response.headers["Retry-After"] = "0"

    refusal = {"/TaskQueues": (429, {"code": 20429})}
    async with misbehaving_server(change, refuse=refusal) as (url, requested):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert (code, len(requested)) == (3, 8)
    assert verdict(out, "task queues")[0] == "not ok"
    assert "2 of 8 replies were 429s" in verdict(out, "throttling")[1]
    assert answer(out, "Retry-After on a 429") == "'0', '0'"
    assert re.findall(r"^ {3}Retry-After: (.*)", out, re.MULTILINE) == ["0", "0"]
    assert answer(out, "headers on a 429") == "on 0 of 2 refusals"


async def test_an_html_page_is_5(doctor):
    """HTML with status 200 is not an answer."""
    page = "<html>Welcome to this hotel's network</html>"
    async with misbehaving_server(refuse={"": (200, page)}) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 5
    assert "check that the address is Twilio's" in verdict(out, "workspace")[1]


async def test_a_403_for_the_workspace_is_3(doctor):
    """If the key has no permission for the workspace itself, the other checks still run."""
    denied = {WS: (403, {"code": 70051, "message": "Authorization error"})}
    async with misbehaving_server(refuse=denied) as (url, _):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 3
    assert verdict(out, "workspace")[0] == "not ok"
    assert "HTTP 403, code 70051" in verdict(out, "workspace")[1]
    assert verdict(out, "aggregate")[0] == "ok"


async def test_pages_of_one_item_are_not_read_to_the_end(doctor):
    """A server that ignores PageSize receives nine requests at most."""
    target = f"https://taskrouter.twilio.com/v1/Workspaces/{WS}/Workers?PageToken="
    pages = 0

    def page():
        nonlocal pages
        pages += 1
        return {
            "workers": [{"sid": f"WK{pages:032x}"}],
            "meta": {"next_page_url": f"{target}{pages}"},
        }

    async with misbehaving_server(refuse={"/Workers": (200, page)}) as (url, requested):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 0
    assert len(requested) <= 9
    assert "workers or more" in verdict(out, "workers")[1]
    assert verdict(out, "worker statistics")[1].startswith("enabled; for")
    assert "could not be counted" in answer(out, "over 100 workers")


async def test_other_headers_about_limits_are_shown(doctor):
    """The report shows unknown headers whose names suggest a limit."""

    def change(request, response):
        response.headers["RateLimit-Policy"] = "50;w=10"

    async with misbehaving_server(change) as (url, _):
        _, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert answer(out, "other headers") == "ratelimit-policy: '50;w=10'"


async def test_a_workspace_without_workers_is_not_known(doctor):
    """Without workers, worker statistics are not known, and the exit code is 0."""
    async with Simulator(workers=0, latency=0.0) as simulator:
        code, out, _ = await doctor(simulator.workspace_sid, **account(simulator))
    assert code == 0
    assert verdict(out, "worker statistics") == ("not known", "the workspace has no workers")


async def test_the_report_has_no_control_characters(doctor):
    """Control characters in a server's text become spaces."""
    workspace = {"sid": WS, "friendly_name": "a\x1b[2Jb"}
    async with misbehaving_server(refuse={WS: (200, workspace)}) as (url, _):
        _, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert "\x1b" not in out
