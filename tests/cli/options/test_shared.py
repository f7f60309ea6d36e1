"""``--shared``: a wrong server ends a command before any request, and an absent one does not."""

import pytest

from tests.cli.processes import account

SECRET = "pa55word-of-redis"
VARIABLE = "TASKROUTER_STATS_SHARED"


@pytest.mark.parametrize("command", ["fetch", "poll", "exporter", "dashboard"])
async def test_a_wrong_password_ends_every_command(run, simulator, valkey, command):
    """A password that the server refuses is a wrong argument: exit code 2, and nothing is sent."""
    url = f"redis://:{SECRET}@127.0.0.1:{valkey.port}"
    output = ["--output", "lake"] if command == "poll" else []
    arguments = (command, simulator.workspace_sid, *output, "--shared", url)
    ran = await run(*arguments, **account(simulator))
    assert ran.code == 2
    assert ran.err == "Error: --shared: the server requires another user and password\n"
    assert simulator.counters.requests == 0


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"redis://:{SECRET}#@host", "the Redis URL is not usable: expected redis://"),
        (f"redis+sentinel://:{SECRET}@a,b/main", "the Redis URL names Sentinels"),
        (SECRET, "the Redis URL is not usable: expected redis://"),
    ],
)
async def test_a_wrong_url_is_told_without_it(run, simulator, url, problem):
    """The line names the variable and never shows its value."""
    env = {**account(simulator), VARIABLE: url}
    ran = await run("fetch", simulator.workspace_sid, **env)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith(f"Error: {VARIABLE}: {problem}")
    assert SECRET not in ran.err


async def test_the_password_is_redacted(run, simulator):
    """A line that repeats the password of the variable, such as one about arguments, hides it."""
    env = {**account(simulator), VARIABLE: f"redis://:{SECRET}@host"}
    ran = await run("fetch", simulator.workspace_sid, f"--{SECRET}", **env)
    assert ran.code == 2
    assert SECRET not in ran.err
    assert "(secret)" in ran.err


@pytest.mark.parametrize("place", ["flag", "variable"])
async def test_fetch_over_a_server(run, simulator, valkey, place):
    """A run over a server ends as one without, and its budgets are stored there."""
    with valkey.client() as client:
        client.flushall()
    flag = ["--shared", valkey.url] if place == "flag" else []
    env = account(simulator) | ({} if flag else {VARIABLE: valkey.url})
    ran = await run("fetch", simulator.workspace_sid, *flag, **env)
    assert (ran.code, len(ran.out.splitlines())) == (0, 12)
    with valkey.client() as client:
        keys = [key.decode() for key in client.scan_iter()]
    assert any("WorkerStatistics" in key for key in keys), keys
    assert all(key.startswith("trs:") and "{" in key for key in keys)


async def test_fetch_without_a_server(run, simulator):
    """A server that does not answer costs one line, and the run goes on."""
    ran = await run(
        "fetch", simulator.workspace_sid, "--shared", "redis://127.0.0.1:1", **account(simulator)
    )
    assert (ran.code, len(ran.out.splitlines())) == (0, 12)
    assert ran.err.count("Connection refused") == 1


async def test_an_empty_variable_is_none(run, simulator):
    """An empty variable means no server."""
    ran = await run("fetch", simulator.workspace_sid, **account(simulator), **{VARIABLE: ""})
    assert ran.code == 0


class TestDoctor:
    """What doctor says about the server."""

    async def test_a_server(self, doctor, simulator, valkey):
        """A server that takes writes is ok."""
        code, out, _ = await doctor(
            simulator.workspace_sid, **account(simulator), **{VARIABLE: valkey.url}
        )
        assert code == 0
        assert "shared limits" in out
        assert "takes writes" in out

    @pytest.mark.parametrize(
        ("user", "port", "problem"), [("", 1, "Connection refused"), (f":{SECRET}@", 0, "password")]
    )
    async def test_no_server(self, doctor, simulator, valkey, user, port, problem):
        """A server that does not answer, or refuses, is not ok, and the password is not shown."""
        env = account(simulator) | {VARIABLE: f"redis://{user}127.0.0.1:{port or valkey.port}"}
        code, out, err = await doctor(simulator.workspace_sid, **env)
        assert code == 3
        assert problem in out
        assert SECRET not in out + err
