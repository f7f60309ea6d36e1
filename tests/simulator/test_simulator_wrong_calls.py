"""Invalid arguments of the simulator, and the exact error messages."""

import math

from taskrouter_stats.errors import InvalidParameter, SessionMisuse
from taskrouter_stats.simulator import Simulator
from tests.support.wrong_calls import SECRET, refused, rows, same


@rows(
    (
        "fewer than no workers",
        lambda: Simulator(workers=-1),
        InvalidParameter,
        "workers=-1: an integer from 0 to 100000",
    ),
    (
        "workers as text",
        lambda: Simulator(workers="5"),
        InvalidParameter,
        "workers='5': an integer from 0 to 100000",
    ),
    (
        "no workspace",
        lambda: Simulator(workspaces=0),
        InvalidParameter,
        "workspaces=0: an integer from 1 to 1000",
    ),
    (
        "no limit by number",
        lambda: Simulator(limit=0),
        InvalidParameter,
        "limit=0: an integer from 1 to 1000000",
    ),
    (
        "half a request",
        lambda: Simulator(limit=2.5),
        InvalidParameter,
        "limit=2.5: an integer from 1 to 1000000",
    ),
    (
        "an unknown window",
        lambda: Simulator(window="fixed"),
        InvalidParameter,
        (
            "window='fixed': one of none, fixed1s, sliding1s, fixed10s_rate, "
            "fixed10s_total, sliding10s, bucket, bucket10"
        ),
    ),
    (
        "a negative latency",
        lambda: Simulator(latency=-1),
        InvalidParameter,
        "latency=-1: seconds, 0 or more",
    ),
    (
        "a latency that is no number",
        lambda: Simulator(latency=math.nan),
        InvalidParameter,
        "latency=nan: seconds, 0 or more",
    ),
    (
        "a host by name",
        lambda: Simulator(host="localhost"),
        InvalidParameter,
        "host='localhost': an IP address of this machine, for example 127.0.0.1",
    ),
    (
        "a port that is none",
        lambda: Simulator(port=70_000),
        InvalidParameter,
        "port=70000: an integer from 0 to 65535",
    ),
    (
        "a rival in percent",
        lambda: Simulator(rival=60),
        InvalidParameter,
        "rival=60: a share from 0 to 1",
    ),
    (
        "one step for several",
        lambda: Simulator(steps=(5, 10)),
        InvalidParameter,
        "steps=(5, 10): pairs of seconds and a limit",
    ),
    (
        "a step to nothing",
        lambda: Simulator(steps=[(5, 0)]),
        InvalidParameter,
        "steps=0: an integer from 1 to 1000000",
    ),
    (
        "none at once",
        lambda: Simulator(concurrency=0),
        InvalidParameter,
        "concurrency=0: an integer from 1 to 1000000",
    ),
    (
        "more faults than answers",
        lambda: Simulator(faults=2),
        InvalidParameter,
        "faults=2: a share from 0 to 1",
    ),
    (
        "one word for two",
        lambda: Simulator(auth=SECRET),
        InvalidParameter,
        "auth='…': a user name without a colon, and a password",
    ),
    (
        "not running",
        lambda: Simulator().base_url,
        SessionMisuse,
        "this Simulator is not running: use async with Simulator(...) as simulator",
    ),
)
async def test_an_invalid_simulator_raises_this_error(call, error, says):
    """Invalid arguments raise these errors before the server starts."""
    assert same(await refused(call), error, says)
