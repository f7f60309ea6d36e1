"""``doctor``: its requests, findings, report and exit codes, with real HTTP."""

import base64
import re
import socket
import time

import pytest

from taskrouter_stats.simulator import Simulator
from tests.cli.doctor_reports import answer, verdict
from tests.cli.misbehaving_servers import ACCOUNT, TOKEN, WS, misbehaving_server
from tests.cli.processes import account


@pytest.fixture
async def without_refill():
    """Run a simulator with a constant clock: no budget is refilled between two requests."""
    now = time.time()
    async with Simulator(workers=12, limit=200, latency=0.0, clock=lambda: now) as running:
        running._server.time = lambda: now
        yield running


async def test_a_correct_setup_is_ok(simulator, doctor):
    """Each check is ok, the exit code is 0, and doctor sends seven requests."""
    code, out, err = await doctor(simulator.workspace_sid, **account(simulator))
    assert (code, err) == (0, "")
    assert not re.search(r"^ not (ok|known) ", out, re.MULTILINE)
    assert simulator.counters.requests == 7
    assert verdict(out, "workers") == ("ok", "12 workers")
    assert "as documented for up to 100 workers" in verdict(out, "worker statistics")[1]


async def test_the_report_shows_headers_and_budgets(without_refill, doctor):
    """The report has the headers as received, and the numbers of the throttle's budgets."""
    _, out, _ = await doctor(without_refill.workspace_sid, **account(without_refill))
    raw, budget = re.findall(r"^ /Workers/WK…/Statistics  +(.*)", out, re.MULTILINE)[::2]
    assert raw.split() == ["200", "200", "199", "is_default=true", "1"]
    limit, remaining, pace, sent, refused, _ = budget.split()
    assert (limit, remaining, sent, refused) == ("200", "198", "2", "0")
    assert pace.endswith("/s")


async def test_the_report_answers_open_questions(without_refill, doctor):
    """Each open question has an answer in the report."""
    _, out, _ = await doctor(without_refill.workspace_sid, **account(without_refill))
    assert answer(out, "rate-limit headers") == "on 6 of 6 successes"
    assert answer(out, "changes of Remaining").startswith("'199', then '198' after 0.")
    assert "HTTP 400, code 14241, as documented" in answer(out, "retention")
    assert answer(out, "headers on other errors") == "HTTP 400 without"
    assert answer(out, "over 100 workers") == "not known: the workspace has 12 workers"
    assert "(not Twilio's)" in answer(out, "server")


async def test_a_piped_report_is_plain_text_of_80_columns(simulator, run_process):
    """A pipe gets no colour, no trailing spaces and no line of more than 80 columns."""
    env = {**account(simulator), "FORCE_COLOR": "1", "COLUMNS": "80"}
    ran = await run_process("doctor", simulator.workspace_sid, **env)
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    lines = ran.out.splitlines()
    assert lines[0] == "Checks"
    assert "doctor sends 4/s at most" in ran.out
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []


async def test_sids_are_shortened_without_full_sids(simulator, doctor):
    """A SID has two letters and eight digits; --full-sids shows all digits."""
    sid = simulator.workspace_sid
    _, out, _ = await doctor(sid, **account(simulator))
    assert f"{sid[:6]}…{sid[-4:]}" in out
    assert not re.search(r"[A-Z]{2}[0-9a-f]{32}", out)
    _, out, _ = await doctor(sid, "--full-sids", **account(simulator))
    assert sid in out
    assert simulator.account_sid in out


@pytest.mark.parametrize("flag", [[], ["--full-sids"]])
async def test_no_secret_is_shown(doctor, flag):
    """A secret that the server repeats in a body or header, plain or encoded, is removed."""
    pair = base64.b64encode(f"{ACCOUNT['TWILIO_ACCOUNT_SID']}:{TOKEN}".encode()).decode()

    def echo(request, response):
        response.headers["X-Rate-Limit-Config"] = f"key {TOKEN}"
        response.headers["X-Limit-Debug"] = request.headers["Authorization"]

    refusal = {"code": 20001, "message": f"no {TOKEN} and no {pair} here"}
    proxy_password = "hunter2hunter2"
    async with misbehaving_server(echo, refuse={"/Workers": (400, refusal)}) as (url, _):
        arguments = (WS, *flag, "--base-url", url)
        code, out, err = await doctor(*arguments, **ACCOUNT, TWILIO_API_SECRET="")
        proxied = await doctor(WS, "--proxy", f"http://me:{proxy_password}@127.0.0.1:9", **ACCOUNT)
    everything = f"{out}{err}{proxied}"
    assert code == 3
    assert "no (secret) and no (secret) here" in " ".join(out.split())
    assert "Basic (secret)" in out
    assert proxied[0] == 5
    for secret in (TOKEN, pair, proxy_password):
        assert secret not in everything


async def test_without_credentials_nothing_is_sent(doctor):
    """The exit code is 2, and the finding names the missing variable."""
    async with misbehaving_server() as (url, requested):
        code, out, _ = await doctor(WS, "--base-url", url, TWILIO_ACCOUNT_SID="AC" + "3" * 32)
    assert (code, requested) == (2, [])
    state, detail = verdict(out, "credentials")
    assert state == "not ok"
    assert detail.startswith("TWILIO_AUTH_TOKEN is missing; set: TWILIO_ACCOUNT_SID next: export")


async def test_wrong_credentials_end_the_checks(simulator, doctor):
    """A 401 is exit code 2 with the hint for 20003, after one request."""
    code, out, _ = await doctor(simulator.workspace_sid, **{**account(simulator), **ACCOUNT})
    assert code == 2
    state, detail = verdict(out, "workspace")
    assert state == "not ok"
    assert "HTTP 401, code 20003: Authenticate" in detail
    assert "next: " in detail
    assert verdict(out, "task queues")[1] == "skipped: the server refused the credentials"
    assert simulator.counters.requests == 1


async def test_a_workspace_that_does_not_exist_is_2(simulator, doctor):
    """A 404 for the workspace ends the checks after one request."""
    code, out, _ = await doctor(WS, **account(simulator))
    assert code == 2
    assert verdict(out, "workspace")[0] == "not ok"
    assert "the workspace does not exist" in verdict(out, "aggregate")[1]
    assert simulator.counters.requests == 1


async def test_an_unreachable_server_is_5(doctor):
    """The finding says what to check, and the other checks are skipped."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 5
    assert "check the address above, DNS" in verdict(out, "workspace")[1]
    assert "the server is unreachable" in verdict(out, "workers")[1]
    assert "open questions" not in out


async def test_a_server_that_refuses_everything_is_5(doctor):
    """A server that refuses all requests receives eight at most."""
    async with misbehaving_server(refuse={"": (503, {})}) as (url, requested):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 5
    assert len(requested) <= 8
    assert "HTTP 503" in verdict(out, "workspace")[1]


async def test_the_report_names_the_api_key_and_the_region(doctor):
    """The findings name the kind of credentials, the region and the missing edge."""
    env = {"TWILIO_API_KEY": "SK" + "4" * 32, "TWILIO_API_SECRET": TOKEN, "TWILIO_REGION": "ie1"}
    code, out, _ = await doctor(WS, "--proxy", "http://127.0.0.1:9", **env)
    assert code == 5
    assert "API key SK4444…4444" in verdict(out, "credentials")[1]
    detail = verdict(out, "address")[1]
    assert "https://taskrouter.ie1.twilio.com; region ie1, edge not set; through a proxy" in detail
    assert "TWILIO_EDGE=dublin" in detail


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("WS1",), "WORKSPACE='WS1'"),
        ((WS, "--timeout", "0"), "timeout=0"),
        ((WS, "--base-url", "http://example.com"), "base_url="),
        ((), "Missing argument"),
    ],
)
def test_a_wrong_option_is_2(here, arguments, says):
    """A wrong option ends with exit code 2 before a request is sent."""
    code, out, err = here(("doctor", *arguments), ACCOUNT)
    assert (code, out) == (2, "")
    assert says in err
    assert TOKEN not in err
