"""Every example runs as its first lines say, against the simulator, without a warning."""

import asyncio
import importlib
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from taskrouter_stats import errors
from taskrouter_stats.simulator import Simulator
from tests.cli.processes import hearing_ctrl_c
from tests.support import preloaded
from tests.support.asgi import call
from tests.support.events import complete, watching

EXAMPLES = Path(__file__).parent.parent / "examples"
STRICT = [sys.executable, "-X", "dev", "-W", "error"]
ENV = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
ENV["PYTHONMALLOC"] = "pymalloc"  # -X dev would check each allocation: C code is not the subject
DEBUG = {"PYTHONASYNCIODEBUG": "1"}
"""What ``-X dev`` means for an example whose process is a copy of one that is running."""


def run(
    name: str, *arguments: str, python: list[str] | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a script with every warning an error, in a new interpreter if one is given."""
    script = str(EXAMPLES / name)
    return subprocess.run(
        [*(preloaded.command(script) if python is None else (*python, script)), *arguments],
        env=ENV | ({} if python else DEBUG) | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaints(ran):
    """Return what stands on standard error, but for what a busy machine causes.

    Those are asyncio's remarks that a step was slow, and the shared pacer's that a store was.
    """
    busy = ("Executing <", "the store is not usable: ")
    return [line for line in ran.stderr.splitlines() if not line.startswith(busy)]


def test_one_worker():
    """The first example prints a worker's activities and nothing on standard error."""
    ran = run("01_one_worker.py", python=STRICT)
    assert (complaints(ran), ran.returncode) == ([], 0)
    assert re.search(r"\d+ of \d+ reservations accepted\n +Offline: +[\d.]+ min\n", ran.stdout)


def test_whole_workspace():
    """The second example adds up all 120 workers and nothing fails."""
    ran = run("02_whole_workspace.py")
    assert (complaints(ran), ran.returncode) == ([], 0)
    assert "of 120 workers\n" in ran.stdout
    refused = int(re.search(r"(\d+) requests refused", ran.stdout)[1])
    sent = f"WorkerStatistics-Fetch: {120 + refused} sent, the server's limit is 50.0\n"
    assert sent in ran.stdout


def test_backfill_a_month(tmp_path):
    """The fourth example fetches 28 days, agrees with the server, and has nothing left to ask."""
    ran = run("04_backfill_a_month.py", str(tmp_path / "lake"))
    assert (complaints(ran), ran.returncode) == ([], 0)
    assert "10 workers, 28 days: 280 rows" in ran.stdout
    assert "sums agree with the server's on 28 of 28 days" in ran.stdout
    assert "280 were done already, 0 were fetched" in ran.stdout
    assert (tmp_path / "lake" / "worker_statistics").is_dir()


def test_parquet_and_polars():
    """The fifth example prints the hours of three days, a column for each activity."""
    ran = run("05_parquet_and_polars.py")
    assert (complaints(ran), ran.returncode) == ([], 0)
    assert "shape: (3, " in ran.stdout
    assert "Offline" in ran.stdout


def test_dlt_to_duckdb(tmp_path):
    """The sixth example loads up to four days, then merges the last again, with no duplicate."""
    ran = run("06_dlt_to_duckdb.py", TMPDIR=str(tmp_path))
    assert (complaints(ran), ran.returncode) == ([], 0)
    loads = re.findall(r"loaded (\d+) rows.*\n.* has (\d+) rows of (\d+) queries", ran.stdout)
    rows = int(loads[0][0])  # in a day's first hour UTC the fourth has not settled
    assert rows in {75, 100}
    assert [tuple(map(int, load)) for load in loads] == [(rows,) * 3, (rows - 75, rows, rows)]
    assert list(tmp_path.iterdir()) == []


def test_fleet_redis(valkey):
    """The seventh example fetches each Worker once by three processes that share one limit."""
    ran = run("07_fleet_redis.py", valkey.url, python=STRICT)
    assert (complaints(ran), ran.returncode) == ([], 0)
    assert "3 processes: 150 of 150 in " in ran.stdout
    assert re.search(r"^\d+ requests refused\n[1-9]\d* single answers", ran.stdout, re.MULTILINE)


def test_fleet_redis_without_a_server():
    """Without a URL the seventh example says what it needs."""
    ran = run("07_fleet_redis.py", TASKROUTER_STATS_SHARED="")
    assert (ran.returncode, ran.stderr.startswith("Start a Redis")) == (1, True)


def test_service_level():
    """The eleventh example has each queue's service level from polars and from the functions."""
    ran = run("11_service_level.py")
    assert (complaints(ran), ran.returncode) == ([], 0)
    found = {
        name: re.findall(rf"^{name}: (.+): ([\d.]+)$", ran.stdout, re.MULTILINE)
        for name in ("polars", "measures")
    }
    assert found["polars"] == found["measures"]
    assert len(found["measures"]) == 8
    worst = dict(
        re.findall(r"^(.+): [\d.]+ s, from \d\d:00 only (\d+)%$", ran.stdout, re.MULTILINE)
    )
    assert {name for name, _ in found["measures"]} == set(worst)
    for name, level in found["measures"]:
        assert int(worst[name]) / 100 <= float(level) + 0.01


def test_dask_backfill(tmp_path):
    """The eighth example exports six accounts on two worker processes, each query once."""
    plain = [sys.executable, "-W", "error"]  # asyncio's debug mode would double its long start
    ran = run("08_dask_backfill.py", str(tmp_path / "lake"), python=plain)
    late = re.compile(r".* distributed\.nanny - WARNING - Worker process still alive after .*")
    assert [line for line in complaints(ran) if not late.fullmatch(line)] == []  # a busy machine
    assert ran.returncode == 0
    counts = "24 planned, 24 written, 0 done already, 0 failed"
    assert re.sub("AC[0-9a-f]{32}", "AC…", ran.stdout) == f"AC…: {counts}\n" * 6 + "complete\n"
    assert len(list((tmp_path / "lake").glob("AC*-1-of-1/worker_statistics"))) == 6


async def whole(client, url):
    """The whole workspace as a client gets it."""
    async with client.get(f"{url}/workers") as response:
        return await response.read()


class TestWebApp:
    """The third example, served by itself on a free port."""

    @pytest.fixture
    async def base_url(self, tmp_path):
        """Where it listens, with the simulator that it brings."""
        async with self.serving(tmp_path, {}) as url:
            yield url

    @asynccontextmanager
    async def serving(self, tmp_path, env):
        """Serve it; SIGINT ends it, and it must end cleanly."""
        script = tmp_path / "serve.py"
        script.write_text(
            "import importlib, socket, sys\n"
            f"sys.path.insert(0, {str(EXAMPLES)!r})\n"
            "from aiohttp import web\n"
            "sock = socket.create_server(('127.0.0.1', 0))\n"
            "print(sock.getsockname()[1], flush=True)\n"
            "web.run_app(importlib.import_module('03_web_app').make_app(), sock=sock, print=None)\n"
        )
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *preloaded.command(str(script)), env=ENV | DEBUG | env, stdout=pipe, stderr=pipe
        )
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert b"Warning" not in said
        assert b"Traceback" not in said

    async def test_a_workspace_streams_as_json_lines(self, base_url):
        """The bulk route sends one line per worker and a last one that says it is complete."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{base_url}/workers") as response,
        ):
            lines = [json.loads(line) async for line in response.content]
        assert lines[-1] == {"complete": True, "workers": 120}
        assert len({line["worker_sid"] for line in lines[:-1]}) == 120

    async def test_many_clients_cost_one_fetch(self, tmp_path):
        """Five clients at once and one later, of whom one hangs up, are one fetch upstream."""
        async with Simulator(workers=40, limit=200) as simulator:
            user, password = simulator.auth
            env = {
                "TWILIO_ACCOUNT_SID": user,
                "TWILIO_AUTH_TOKEN": password,
                "TWILIO_WORKSPACE_SID": simulator.workspace_sid,
                "TASKROUTER_STATS_BASE_URL": simulator.base_url,
            }
            async with self.serving(tmp_path, env) as url, aiohttp.ClientSession() as client:
                tasks = [asyncio.create_task(whole(client, url)) for _ in range(5)]
                while not simulator.counters.requests:  # noqa: ASYNC110 (the server has no event)
                    await asyncio.sleep(0.001)
                tasks[0].cancel()
                answers = [*await asyncio.gather(*tasks[1:]), await whole(client, url)]
        assert len(set(answers)) == 1
        assert len(answers[0].splitlines()) == 41
        assert simulator.counters.requests == 41

    async def test_one_worker_and_errors(self, base_url):
        """A worker is answered as JSON, a bad SID with 400, an unknown one with 404."""
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{base_url}/workers") as response:
                first = json.loads(await response.content.readline())
            url = f"{base_url}/workers/{first['worker_sid']}"
            async with client.get(url) as response:
                assert first["worker_sid"] == (await response.json())["worker_sid"]
            for sid, status in (("WK1", 400), ("WK" + "0" * 32, 404)):
                async with client.get(f"{base_url}/workers/{sid}") as response:
                    assert status == response.status
                    assert sid in (await response.json())["error"]


async def test_dashboard():
    """The ninth example serves the page, with the data of its simulator, until Ctrl-C."""
    pipe = asyncio.subprocess.PIPE
    with hearing_ctrl_c():
        words = preloaded.command(str(EXAMPLES / "09_dashboard.py"))
        process = await asyncio.create_subprocess_exec(
            *words, "0", env=ENV | DEBUG, stdout=pipe, stderr=pipe
        )
    url = (await process.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as client, watching(client, url) as following:
        message = await complete(following)
    assert (message["workers"]["total"], message["window"]) == (120, "last 8 h")
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out) == (0, b"Stopped.\n")
    assert b"Warning" not in err


class TestFastApi:
    """The tenth example, without a server: requests go straight to the application."""

    @pytest.fixture
    async def app(self, monkeypatch):
        """Run the application with the simulator that it brings."""
        for name in set(os.environ) - set(ENV):
            monkeypatch.delenv(name)
        monkeypatch.syspath_prepend(EXAMPLES)
        app = importlib.import_module("10_fastapi").app
        async with app.router.lifespan_context(app):
            yield app

    async def test_equal_requests_share_an_answer(self, app):
        """Twenty clients at once and one later cost one request to the server."""
        replies = await asyncio.gather(*(call(app, "/workspace") for _ in range(20)))
        replies.append(await call(app, "/workspace"))
        assert {status for status, _, _ in replies} == {200}
        assert len({body for _, _, body in replies}) == 1
        assert json.loads(replies[0][2])["workspace_sid"] == app.state.workspace_sid
        assert [budget.sent for budget in app.state.session.budgets()] == [1]

    async def test_errors_have_statuses(self, app, monkeypatch):
        """A bad SID is 400, an unknown one 404, and a full rate limit 503 with a time."""
        for sid, expected in (("WK1", 400), ("WK" + "0" * 32, 404)):
            status, _, body = await call(app, f"/workers/{sid}")
            assert status == expected
            assert sid in json.loads(body)["error"]

        async def fetch(*_, max_wait):
            raise errors.PaceError(max_wait, 3.2)

        monkeypatch.setattr(app.state.session, "fetch", fetch)
        status, headers, body = await call(app, "/workspace")
        assert (status, headers["retry-after"]) == (503, "4")
        assert "max_wait=2 s" in json.loads(body)["error"]
