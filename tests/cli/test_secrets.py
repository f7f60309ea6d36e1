"""No command prints, logs or stores a secret, even if a server repeats it."""

import asyncio
import json
import sys
from types import SimpleNamespace

import pytest
from aiohttp import web

from tests.support.fakes import ACCOUNT, WORKSPACE, worker_sid
from tests.support.secret_leaks import PASSWORD, TOKEN, leaked
from tests.support.servers import serving

AUTH = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN.secret}
PROXY = f"http://{PASSWORD.name}:{PASSWORD.secret}@127.0.0.1:9"


async def echo(request):
    """List three workers; repeat the credentials, for the second worker as an error."""
    text = f"{request.headers['Authorization']} {TOKEN.secret}"
    if request.path.endswith("/Workers"):
        workers = [{"sid": worker_sid(n), "friendly_name": text} for n in range(3)]
        return web.json_response({"workers": workers, "meta": {"next_page_url": None}})
    status = 400 if worker_sid(1) in request.path else 200
    sid = request.path.split("/")[5] if "WK" in request.path else None
    payload = {"message": text, "code": 1, "worker_sid": sid, "workspace_sid": WORKSPACE}
    return web.json_response(
        payload, status=status, headers={"X-Echo": text, "X-Rate-Limit-Echo": text}
    )


def files(folder):
    """Return the names and contents of all files in a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in paths], [path.read_bytes() for path in paths]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
async def test_an_export_has_no_secret(here, tmp_path, form):
    """Lines, progress, rows, checkpoint and summary contain no secret of an echoing server."""
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
async def test_printed_text_has_no_secret(here, command):
    """Rows, failures, headers and reports contain no secret."""
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
        ("poll", WORKSPACE, "--output", "lake", "--tables", TOKEN.secret),
        ("fetch", WORKSPACE, "--timeout", TOKEN.secret),
        ("fetch", WORKSPACE, f"--{TOKEN.secret}"),
        ("fetch", WORKSPACE, "--region", TOKEN.secret),
        ("fetch", WORKSPACE, "--base-url", f"https://user:{TOKEN.secret}@host"),
        (TOKEN.secret,),
        ("fetch", WORKSPACE, "--proxy", PROXY.replace("http", "socks5")),
        ("fetch", WORKSPACE, "--proxy", PROXY, "--base-url", "http://127.0.0.1:9"),
        ("doctor", WORKSPACE, "--proxy", PROXY, "--base-url", "http://127.0.0.1:9"),
        ("fetch", WORKSPACE, "--proxy", PROXY, "--headroom", "7"),
    ],
)
def test_a_secret_as_a_wrong_argument_is_not_shown(here, arguments):
    """An error does not repeat an argument that is a secret of the environment."""
    code, out, err = here(arguments, AUTH)
    assert code == 2
    assert err
    assert leaked(out, err) == []


@pytest.mark.parametrize("blanks", [0, *range(455, 500, 3)])
@pytest.mark.parametrize("in_development", [False, True])
def test_the_line_of_a_bug_has_no_secret(here, monkeypatch, blanks, in_development):
    """Neither the shortened line of a bug nor its traceback contains a secret."""

    def broken(*_):
        raise RuntimeError("." * blanks + repr(AUTH))

    flags = {name: getattr(sys.flags, name) for name in dir(sys.flags) if name.islower()}
    changed = SimpleNamespace(**flags | {"dev_mode": in_development})
    monkeypatch.setattr("taskrouter_stats.cli.exit_codes.sys.flags", changed)
    monkeypatch.setattr("taskrouter_stats.cli.doctor.command.check_sid", broken)
    code, out, err = here(("doctor", WORKSPACE), AUTH)
    assert code == 1
    assert "a bug in taskrouter-stats" in err
    assert ("Traceback" in err) is in_development
    assert leaked(out, err) == []
