"""``doctor``: what it asks, finds, prints and hides, with real HTTP."""

import base64
import re
import socket
import time

import pytest

from taskrouter_stats.simulator import Simulator
from tests.cli.doctor_reports import answer, verdict
from tests.cli.odd_servers import ACCOUNT, TOKEN, WS, odd_server
from tests.cli.processes import account


@pytest.fixture
async def still():
    """A simulator whose limits' clock stands still: no budget is refilled between two requests."""
    now = time.time()
    async with Simulator(workers=12, limit=200, latency=0.0, clock=lambda: now) as running:
        running._server.time = lambda: now
        yield running


async def test_all_is_well(simulator, doctor):
    """Every check is ok, the exit code is 0, and seven requests were enough."""
    code, out, err = await doctor(simulator.workspace_sid, **account(simulator))
    assert (code, err) == (0, "")
    assert not re.search(r"^ not (ok|known) ", out, re.MULTILINE)
    assert simulator.counters.requests == 7
    assert verdict(out, "workers") == ("ok", "12 Workers")
    assert "no more than 100 Workers" in verdict(out, "worker statistics")[1]


async def test_it_shows_headers_and_what_was_made_of_them(still, doctor):
    """The texts as they came stand above the numbers that the throttle holds."""
    _, out, _ = await doctor(still.workspace_sid, **account(still))
    raw, made = re.findall(r"^ /Workers/WK…/Statistics  +(.*)", out, re.MULTILINE)[::2]
    assert raw.split() == ["200", "200", "199", "is_default=true", "1"]
    limit, remaining, pace, sent, refused, _ = made.split()
    assert (limit, remaining, sent, refused) == ("200", "198", "2", "0")
    assert pace.endswith("/s")


async def test_it_settles_open_questions(still, doctor):
    """Retention, what Remaining does and the rest have an answer for a report."""
    _, out, _ = await doctor(still.workspace_sid, **account(still))
    assert answer(out, "rate-limit headers") == "on 6 of 6 successes"
    assert answer(out, "what Remaining does").startswith("'199', then '198' after 0.")
    assert "HTTP 400, code 14241, as documented" in answer(out, "retention")
    assert answer(out, "headers on other errors") == "HTTP 400 without"
    assert answer(out, "over 100 Workers") == "not known: 12 Workers here"
    assert "(not Twilio's)" in answer(out, "asked")


async def test_piped_it_is_plain_text_of_80_columns(simulator, run):
    """No colour, no spaces at line ends, no line wider than a terminal, nothing on stderr."""
    env = {**account(simulator), "FORCE_COLOR": "1", "COLUMNS": "80"}
    ran = await run("doctor", simulator.workspace_sid, **env)
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    lines = ran.out.splitlines()
    assert lines[0] == "Checks"
    assert "doctor keeps to 4/s itself" in ran.out
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []


async def test_sids_are_shortened_unless_asked_for(simulator, doctor):
    """Two letters, four digits, four digits; --full-sids shows them whole."""
    sid = simulator.workspace_sid
    _, out, _ = await doctor(sid, **account(simulator))
    assert f"{sid[:6]}…{sid[-4:]}" in out
    assert not re.search(r"[A-Z]{2}[0-9a-f]{32}", out)
    _, out, _ = await doctor(sid, "--full-sids", **account(simulator))
    assert sid in out
    assert simulator.account_sid in out


@pytest.mark.parametrize("flag", [[], ["--full-sids"]])
async def test_no_secret_is_ever_shown(doctor, flag):
    """Not even when the server says it back, in a body or a header, plain or encoded."""
    pair = base64.b64encode(f"{ACCOUNT['TWILIO_ACCOUNT_SID']}:{TOKEN}".encode()).decode()

    def echo(request, response):
        response.headers["X-Rate-Limit-Config"] = f"key {TOKEN}"
        response.headers["X-Limit-Debug"] = request.headers["Authorization"]

    said = {"code": 20001, "message": f"no {TOKEN} and no {pair} here"}
    proxy_password = "hunter2hunter2"
    async with odd_server(echo, refuse={"/Workers": (400, said)}) as (url, _):
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


async def test_without_credentials_nothing_is_asked(doctor):
    """Exit code 2, and the variables that are wanted are named."""
    async with odd_server() as (url, asked):
        code, out, _ = await doctor(WS, "--base-url", url, TWILIO_ACCOUNT_SID="AC" + "3" * 32)
    assert (code, asked) == (2, [])
    state, told = verdict(out, "credentials")
    assert state == "not ok"
    assert told.startswith("TWILIO_AUTH_TOKEN is missing; set: TWILIO_ACCOUNT_SID next: export")


async def test_wrong_credentials_end_it_at_once(simulator, doctor):
    """A 401 is 2, with the SDK's hint for 20003, and one request is all that was sent."""
    code, out, _ = await doctor(simulator.workspace_sid, **{**account(simulator), **ACCOUNT})
    assert code == 2
    state, told = verdict(out, "workspace")
    assert state == "not ok"
    assert "HTTP 401, code 20003: Authenticate" in told
    assert "next: check that the secret belongs to this SID" in told
    assert verdict(out, "task queues")[1] == "not asked: these credentials are refused"
    assert simulator.counters.requests == 1


async def test_a_workspace_that_is_not_there_is_2(simulator, doctor):
    """A 404 for the argument itself ends it, and the rest is not asked."""
    code, out, _ = await doctor(WS, **account(simulator))
    assert code == 2
    assert verdict(out, "workspace")[0] == "not ok"
    assert "the Workspace is not there" in verdict(out, "aggregate")[1]
    assert simulator.counters.requests == 1


async def test_nobody_at_the_address_is_5(doctor):
    """It says what to check, and does not try everything else in vain."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 5
    assert "check the address above, DNS" in verdict(out, "workspace")[1]
    assert "can't be reached" in verdict(out, "workers")[1]
    assert "settles" not in out


async def test_a_server_that_refuses_everything_is_5(doctor):
    """Also then no more than eight requests are sent."""
    async with odd_server(refuse={"": (503, {})}) as (url, asked):
        code, out, _ = await doctor(WS, "--base-url", url, **ACCOUNT)
    assert code == 5
    assert len(asked) <= 8
    assert "HTTP 503" in verdict(out, "workspace")[1]


async def test_an_api_key_in_the_other_region(doctor):
    """The kind of credentials is told, and what the region asks for as well."""
    env = {"TWILIO_API_KEY": "SK" + "4" * 32, "TWILIO_API_SECRET": TOKEN, "TWILIO_REGION": "ie1"}
    code, out, _ = await doctor(WS, "--proxy", "http://127.0.0.1:9", **env)
    assert code == 5
    assert "API key SK4444…4444" in verdict(out, "credentials")[1]
    told = verdict(out, "address")[1]
    assert "https://taskrouter.ie1.twilio.com; region ie1, edge not set; through a proxy" in told
    assert "TWILIO_EDGE=dublin" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("WS1",), "WS and 32 hexadecimal digits"),
        ((WS, "--timeout", "0"), "timeout=0"),
        ((WS, "--base-url", "http://example.com"), "plain http"),
        ((), "Missing argument"),
    ],
)
def test_a_mistake_ends_with_one_line_and_2(here, arguments, says):
    """As with every command, before anything is sent."""
    code, out, err = here(("doctor", *arguments), ACCOUNT)
    assert (code, out) == (2, "")
    assert says in err
    assert TOKEN not in err
