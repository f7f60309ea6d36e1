"""Tracebacks with locals of failed calls show no secret."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, errors
from taskrouter_stats.etl.dlt_source import taskrouter_source
from tests.support.fakes import ACCOUNT, WORKSPACE
from tests.support.secret_leaks import CREDENTIALS, PASSWORD, TOKEN, leaked, texts_of

NEAR = "http://127.0.0.1:9"
WAY = f"http://{PASSWORD.name}:{PASSWORD.secret}@127.0.0.1:9"
SITE = WAY.replace("http", "https")


def dlt_source(**options):
    """Create a dlt source of a Workspace."""
    return taskrouter_source(WORKSPACE, tz="UTC", **options)


class TestArguments:
    """Arguments of a call that raises an error."""

    @pytest.mark.parametrize(
        "call",
        [
            lambda: Credentials.auth_token("AC", TOKEN.secret),
            lambda: Credentials.auth_token(TOKEN.secret, ACCOUNT),
            lambda: Credentials.auth_token(ACCOUNT, f" {TOKEN.secret}"),
            lambda: Credentials.auth_token(ACCOUNT, TOKEN.secret.encode()),
            lambda: Credentials.api_key(TOKEN.secret, "SK"),
            lambda: Credentials.api_key("SK" + "1" * 32, TOKEN.secret, "AC"),
            lambda: Credentials.api_key("SK" + "1" * 32, "secret", TOKEN.secret),
            lambda: TaskRouterSession(TOKEN.secret),
            lambda: TaskRouterSession(CREDENTIALS, proxy=f"socks5://u:{PASSWORD.secret}@h"),
            lambda: TaskRouterSession(CREDENTIALS, proxy=f"{WAY}:port"),
            lambda: TaskRouterSession(CREDENTIALS, proxy=WAY, base_url=NEAR),
            lambda: TaskRouterSession(CREDENTIALS, proxy=WAY, timeout=-1),
            lambda: TaskRouterSession.from_env(proxy=WAY, region="?"),
            lambda: Credentials(ACCOUNT, ACCOUNT, TOKEN.secret),
            lambda: Credentials(TOKEN.secret, ACCOUNT, ACCOUNT),
            lambda: Credentials.auth_token(ACCOUNT, [TOKEN.secret]),
            lambda: Credentials.auth_token([TOKEN.secret], ACCOUNT),
            lambda: Credentials.api_key(ACCOUNT, {"secret": TOKEN.secret}),
            lambda: TaskRouterSession((ACCOUNT, TOKEN.secret)),
            lambda: TaskRouterSession({"token": [TOKEN.secret]}),
            lambda: TaskRouterSession(CREDENTIALS, base_url=SITE),
            lambda: TaskRouterSession(CREDENTIALS, base_url=f"{SITE}:port"),
            lambda: TaskRouterSession(CREDENTIALS, base_url=f"https://h/?p={PASSWORD.secret}"),
            lambda: TaskRouterSession(CREDENTIALS, base_url=SITE, region="ie1"),
            lambda: TaskRouterSession(CREDENTIALS, http=WAY),
            lambda: TaskRouterSession(CREDENTIALS, trust_env=WAY),
            lambda: TaskRouterSession.from_env(base_url=SITE),
            lambda: TaskRouterSession.from_env(http=WAY, proxy=WAY),
            lambda: dlt_source(proxy=WAY, region="?"),
            lambda: dlt_source(base_url=SITE),
            lambda: dlt_source(credentials=(ACCOUNT, TOKEN.secret)),
            lambda: dlt_source(proxy=WAY, settle=timedelta(-1)),
        ],
    )
    def test_wrong_arguments(self, call, monkeypatch):
        """A secret, as its own or as another argument, is in no message and no local of ours."""
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN.secret)
        with pytest.raises(errors.UsageError) as caught:
            call()
        assert leaked(*texts_of(caught.value)) == []

    @pytest.mark.parametrize(
        "environ",
        [
            {"TWILIO_API_SECRET": TOKEN.secret},
            {"TWILIO_API_KEY": "SK", "TWILIO_API_SECRET": TOKEN.secret},
            {"TWILIO_ACCOUNT_SID": TOKEN.secret, "TWILIO_AUTH_TOKEN": ACCOUNT},
            {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": f"{TOKEN.secret}\n"},
            {
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": TOKEN.secret,
                "TASKROUTER_STATS_ALLOW_HTTP": "maybe",
            },
            {
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": TOKEN.secret,
                "TASKROUTER_STATS_BASE_URL": f"https://user:{PASSWORD.secret}@host.example",
            },
        ],
    )
    def test_from_the_environment(self, environ, monkeypatch):
        """No local of ours shows a secret of the environment, ours or another program's."""
        for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**environ, "AAA_OTHER": PASSWORD.secret, "PROXY": WAY}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(errors.UsageError) as caught:
            TaskRouterSession.from_env()
        assert leaked(*texts_of(caught.value)) == []


class TestPytest:
    """The traceback with locals of a user's failing test."""

    def test_showlocals(self, tmp_path):
        """Neither an error of the server nor a timeout shows the token in its locals."""
        (tmp_path / "test_theirs.py").write_text(THEIRS)
        command = [sys.executable, "-m", "pytest", "-vv", "--showlocals", "-p", "no:cacheprovider"]
        env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
        assert b"2 failed" in ran.stdout
        assert b"await self._start(request, send)" in ran.stdout
        assert leaked(ran.stdout, ran.stderr) == []


THEIRS = f"""
import asyncio
from taskrouter_stats import Credentials, TaskRouterSession, queries

QUERY = queries.worker("WS" + "0" * 32, "WK" + "0" * 32)


async def fetch(**options):
    credentials = Credentials.auth_token("{ACCOUNT}", bytes({[*TOKEN.secret.encode()]}).decode())
    async with TaskRouterSession(credentials, base_url="http://127.0.0.1:9") as session:
        await session.fetch(QUERY, **options)


def test_wrong_arguments():
    asyncio.run(fetch())


def test_deadline():
    async def late():
        async with asyncio.timeout(0):
            await fetch()
    asyncio.run(late())
"""
