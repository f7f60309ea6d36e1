"""``plan``: what a fetch would cost."""

import pytest

from tests.cli.odd_servers import ACCOUNT, WS
from tests.cli.processes import account

OFFLINE = ("plan", "--offline", "--workers-count", "15000")


def test_offline_it_needs_nothing(here):
    """A month of 15,000 workers is 450,000 requests, for three paces, without credentials."""
    code, out, err = here((*OFFLINE, "--from=2026-10-01", "--to=2026-10-31", "--tz=UTC",
                           "--every=1d", "--headroom=0.5"), {})  # fmt: skip
    assert (code, err) == (0, "")
    assert "Offline: 15,000 workers x 30 windows" in out
    assert "450,000 requests for statistics, and 15 to list the workers" in out
    assert "at 5 requests a second: 1 day 1 h" in out
    assert "at 50 requests a second: 2 h 30 min" in out


def test_a_plan_that_outlasts_the_servers_memory_is_pointed_out(here):
    """At 5 requests a second half hours take longer than they last; days need no warning."""
    code, out, _ = here((*OFFLINE, "--last=28d", "--every=30m"), {})
    assert code == 0
    assert out.count("Warning: at 5 requests a second, the ") == out.count("Warning") == 1
    assert "oldest windows will be older than the 30 days" in out
    _, out, _ = here((*OFFLINE, "--last=2d", "--every=1d"), {})
    assert "Warning" not in out


async def test_the_servers_limit_gives_a_range(simulator, run):
    """One page, one statistics request, and the time if the limit is for one second or for ten."""
    ran = await run(
        "plan", simulator.workspace_sid, "--last=8h", "--every=1h", **account(simulator)
    )
    assert ran.code == 0
    assert simulator.counters.requests == 2
    assert "12 workers x 8 windows" in ran.out
    assert "the server tells a limit of 200, of which 80% are taken; it takes" in ran.out
    assert "if that is for a second: 1 s" in ran.out
    assert "if that is for ten seconds: 6 s" in ran.out


async def test_a_pace_limit_bounds_the_range(simulator, run):
    """Nothing is faster than the user permits."""
    command = ("plan", simulator.workspace_sid, "--last=8h", "--every=1h", "--pace-limit=1")
    ran = await run(*command, **account(simulator))
    assert "if that is for a second: 1 min 37 s" in ran.out


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        ((), ACCOUNT, "Missing argument"),
        (("--offline",), {}, "go together"),
        ((*OFFLINE[1:], "--pace-limit", "0"), {}, "--pace-limit=0.0: requests per second"),
        ((*OFFLINE[1:], "--headroom", "1"), {}, "headroom=1.0"),
        ((*OFFLINE[1:], "--last=3000d", "--every=1h", "--pace-limit=0.001"), {}, "thousands of"),
        ((WS, "--workers-count", "3"), ACCOUNT, "go together"),
        (("WS1",), ACCOUNT, "WS and 32 hexadecimal digits"),
        ((WS,), {}, "no credentials are set"),
    ],
)
def test_a_mistake_is_2(here, arguments, env, says):
    """One line, and nothing sent."""
    code, out, err = here(("plan", *arguments), env)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
