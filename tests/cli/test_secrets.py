"""The canary again: what the command prints, logs and writes, whatever a server repeats."""

import asyncio
import json
import sys
from types import SimpleNamespace

import pytest
from aiohttp import web

from tests.support.canaries import PASSWORD, TOKEN, leaked
from tests.support.fakes import ACCOUNT, WORKSPACE, worker_sid
from tests.support.servers import serving

AUTH = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN.secret}
WAY = f"http://{PASSWORD.name}:{PASSWORD.secret}@127.0.0.1:9"


async def echo(request):
    """List three workers; then repeat the request, to the second worker as an error."""
    told = f"{request.headers['Authorization']} {TOKEN.secret}"
    if request.path.endswith("/Workers"):
        found = [{"sid": worker_sid(n), "friendly_name": told} for n in range(3)]
        return web.json_response({"workers": found, "meta": {"key": "workers"}})
    status = 400 if worker_sid(1) in request.path else 200
    sid = request.path.split("/")[5] if "WK" in request.path else None
    said = {"message": told, "code": 1, "worker_sid": sid, "workspace_sid": WORKSPACE}
    return web.json_response(
        said, status=status, headers={"X-Echo": told, "X-Rate-Limit-Echo": told}
    )


def files(folder):
    """The names and contents of all files below."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in found], [path.read_bytes() for path in found]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
async def test_an_export(here, tmp_path, form):
    """Lines, progress, rows, checkpoint and summary hold no secret, even of an echoing server."""
    place, summary = str(tmp_path / "lake"), str(tmp_path / "summary.json")
    options = ("--output", place, "--format", form, "--compression", "none", "--last", "1d")
    async with serving(echo) as base_url:
        arguments = ("fetch", WORKSPACE, *options, "--log-format", "json", "--summary", summary)
        env = {**AUTH, "TASKROUTER_STATS_BASE_URL": base_url}
        ran = await asyncio.to_thread(here, arguments, env)
    names, contents = files(tmp_path)
    assert any("_state" in name for name in names)
    assert any(b"(secret)" in content for content in contents)
    assert leaked(*ran[1:], *names, *contents) == []
    [ended] = [json.loads(line) for line in ran[2].splitlines()][-1:]
    assert ended["level"]


@pytest.mark.parametrize("command", ["fetch", "doctor", "plan"])
async def test_what_is_printed(here, command):
    """Rows, failures, headers and reports on the terminal hold none."""
    async with serving(echo) as base_url:
        ran = await asyncio.to_thread(here, (command, WORKSPACE, "--base-url", base_url), AUTH)
    assert ran[1] + ran[2]
    assert leaked(*ran[1:]) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("fetch", TOKEN.secret),
        ("fetch", WORKSPACE, TOKEN.secret),
        ("doctor", TOKEN.secret),
        ("doctor", WORKSPACE, TOKEN.secret),
        ("plan", WORKSPACE, "--tz", TOKEN.secret),
        ("fetch", WORKSPACE, "--timeout", TOKEN.secret),
        ("fetch", WORKSPACE, f"--{TOKEN.secret}"),
        ("fetch", WORKSPACE, "--region", TOKEN.secret),
        ("fetch", WORKSPACE, "--base-url", f"https://user:{TOKEN.secret}@host"),
        (TOKEN.secret,),
        ("fetch", WORKSPACE, "--proxy", WAY.replace("http", "socks5")),
        ("fetch", WORKSPACE, "--proxy", WAY, "--base-url", "http://127.0.0.1:9"),
        ("doctor", WORKSPACE, "--proxy", WAY, "--base-url", "http://127.0.0.1:9"),
        ("fetch", WORKSPACE, "--proxy", WAY, "--headroom", "7"),
    ],
)
def test_a_secret_in_a_wrong_place(here, arguments):
    """An argument that is refused is not repeated when it is the environment's secret."""
    code, out, err = here(arguments, AUTH)
    assert code == 2
    assert err
    assert leaked(out, err) == []


@pytest.mark.parametrize("blanks", [0, *range(455, 500, 3)])
@pytest.mark.parametrize("in_development", [False, True])
def test_a_bug(here, monkeypatch, blanks, in_development):
    """What nobody foresaw tells no secret, not where its line is cut and not in its traceback."""

    def broken(*_):
        raise RuntimeError("." * blanks + repr(AUTH))

    flags = {name: getattr(sys.flags, name) for name in dir(sys.flags) if name.islower()}
    told = SimpleNamespace(**flags | {"dev_mode": in_development})
    monkeypatch.setattr("taskrouter_stats.cli.exit_codes.sys.flags", told)
    monkeypatch.setattr("taskrouter_stats.cli.doctor.command.check_sid", broken)
    code, out, err = here(("doctor", WORKSPACE), AUTH)
    assert code == 1
    assert "a bug in taskrouter-stats" in err
    assert ("Traceback" in err) is in_development
    assert leaked(out, err) == []
