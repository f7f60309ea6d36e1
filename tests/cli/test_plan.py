"""``plan``: the estimated cost of a fetch."""

import pytest

from tests.cli.misbehaving_servers import ACCOUNT, WS
from tests.cli.processes import account

OFFLINE = ("plan", "--offline", "--workers-count", "15000")


def test_an_offline_plan_requires_no_credentials(here):
    """A month of 15,000 workers is 450,000 requests; the plan has the time for three paces."""
    code, out, err = here((*OFFLINE, "--from=2026-10-01", "--to=2026-10-31", "--tz=UTC",
                           "--every=1d", "--headroom=0.5"), {})  # fmt: skip
    assert (code, err) == (0, "")
    assert "Offline: 30 windows from 2026-10-01" in out
    assert "worker_statistics: 15,000 workers, 450,000 requests\n" in out
    assert "lists: 16 requests (workers 15, activities 1)" in out
    assert "at 5 requests per second: 1d 1h" in out
    assert "at 50 requests per second: 2h 30m" in out


def test_a_plan_warns_about_windows_that_become_too_old(here):
    """At 5 requests/s, half-hour windows get older than 30 days; day windows do not."""
    code, out, _ = here((*OFFLINE, "--last=28d", "--every=30m"), {})
    assert code == 0
    assert out.count("Warning: at 5 requests per second, the ") == out.count("Warning") == 1
    assert "oldest windows will be older than the documented 30 days" in out
    _, out, _ = here((*OFFLINE, "--last=2d", "--every=1d"), {})
    assert "Warning" not in out


async def test_the_servers_limit_gives_a_range(simulator, run):
    """Two requests give the time for a limit per second and for a limit per 10 seconds."""
    ran = await run(
        "plan", simulator.workspace_sid, "--last=8h", "--every=1h", **account(simulator)
    )
    assert ran.code == 0
    assert simulator.counters.requests == 2
    assert "worker_statistics: 12 workers, 96 requests" in ran.out
    assert "the server sent a limit of 200, of which this run uses 80%; estimated time" in ran.out
    assert "if the limit is per second: 1s" in ran.out
    assert "if the limit is per 10 seconds: 6s" in ran.out


async def test_a_pace_limit_bounds_the_range(simulator, run):
    """No estimate is faster than --pace-limit."""
    command = ("plan", simulator.workspace_sid, "--last=8h", "--every=1h", "--pace-limit=1")
    ran = await run(*command, **account(simulator))
    assert "if the limit is per second: 1m 36s" in ran.out


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        ((), ACCOUNT, "Missing argument"),
        (("--offline",), {}, "--workers-count N require each other"),
        ((*OFFLINE[1:], "--pace-limit", "0"), {}, "--pace-limit=0.0:"),
        ((*OFFLINE[1:], "--headroom", "1"), {}, "headroom=1.0"),
        ((*OFFLINE[1:], "--last=3000d", "--every=1h", "--pace-limit=0.001"), {}, "thousands of"),
        ((WS, "--workers-count", "3"), ACCOUNT, "--workers-count N require each other"),
        (("WS1",), ACCOUNT, "WORKSPACE='WS1'"),
        ((WS,), {}, "no credentials"),
    ],
)
def test_a_wrong_plan_is_2(here, arguments, env, says):
    """A wrong option ends with exit code 2 and an error, before a request is sent."""
    code, out, err = here(("plan", *arguments), env)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
