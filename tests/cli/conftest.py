"""Fixtures that run the command line with real HTTP: in this process, or as one of its own."""

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from aiohttp import web

from taskrouter_stats.simulator import Simulator
from tests.cli.processes import COMMAND, Ran, command, environment, hearing_ctrl_c

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncGenerator[Start]:
    """Start the command line; kill processes that still run at the end of the test.

    With ``fresh=True`` it runs in a new interpreter.
    """
    processes = []

    async def begin(*arguments: str, fresh: bool = False, **env: str) -> asyncio.subprocess.Process:
        pipe, words = asyncio.subprocess.PIPE, (*(COMMAND if fresh else command()), *arguments)
        with hearing_ctrl_c():
            process = await asyncio.create_subprocess_exec(
                *words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(env)
            )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture
def run_process(start: Start) -> Run:
    """Run the command line in a process until it ends; ``fresh`` is for ``start``."""

    async def whole(*arguments: str, stdin: str = "", fresh: bool = False, **env: str) -> Ran:
        process = await start(*arguments, fresh=fresh, **env)
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 20)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    return whole


@pytest.fixture
async def simulator() -> AsyncGenerator[Simulator]:
    """Run a simulator with few workers and no latency."""
    async with Simulator(workers=12, limit=200, latency=0.0, seed=3) as running:
        yield running


@pytest.fixture
async def refusing() -> AsyncGenerator[Callable[[int], str]]:
    """Run a server that answers with the status at the beginning of the path."""

    async def answer(request: web.Request) -> web.Response:
        status = int(request.match_info["status"])
        return web.json_response({"code": 20000 + status % 100, "status": status}, status=status)

    app = web.Application()
    app.router.add_route("*", "/{status}/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    yield lambda status: f"http://127.0.0.1:{port}/{status}"
    await runner.cleanup()


@pytest.fixture
def run(here, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in a thread, while a server runs in this event loop."""

    async def call(*arguments: str, stdin: str = "", **env: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        return Ran(*await asyncio.to_thread(here, arguments, {"COLUMNS": "100", **env}))

    return call


@pytest.fixture
def doctor(run, monkeypatch):
    """Run ``doctor`` like ``run``, at a higher pace, with 80 columns."""
    monkeypatch.setattr("taskrouter_stats.cli.doctor.command._PACE", 100.0)

    async def call(*arguments, **env):
        ran = await run("doctor", *arguments, **{"COLUMNS": "80", **env})
        return ran.code, ran.out, ran.err

    return call
