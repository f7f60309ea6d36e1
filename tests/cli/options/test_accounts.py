"""Several accounts: named by a file, secret in the environment, each by itself."""

import json

import pytest

from taskrouter_stats.cli.options.accounts import read_accounts
from taskrouter_stats.errors import ConfigError, InvalidSid
from tests.cli.fetch.test_command_stored import DAYS, lines
from tests.cli.odd_servers import ACCOUNT, odd_server

WS, AC, TOKEN = "WS" + "1" * 32, "AC" + "3" * 32, "f00dcafe" * 4
OTHER_WS = "WS" + "ab" * 16
OTHER = {"name": "b", "workspaces": [OTHER_WS]}
GOOD = {"name": "a", "workspaces": [WS], "account_sid_env": "A_SID", "auth_token_env": "A_TOKEN"}


def written(tmp_path, *tables):
    """A file of these accounts."""
    text = ""
    for table in tables:
        body = (f"{key} = {json.dumps(value)}" for key, value in table.items())
        text += "\n".join(["[[account]]", *body, ""])
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("A_SID", AC)
    monkeypatch.setenv("A_TOKEN", TOKEN)
    monkeypatch.delenv("TASKROUTER_STATS_BASE_URL", raising=False)


def test_an_account_has_a_session_of_its_own(tmp_path):
    """Its secrets come from the variables that the file names, its region from the file."""
    (account,) = read_accounts(written(tmp_path, GOOD | {"region": "ie1"}), [], {})
    assert (account.name, account.workspaces) == ("a", (WS,))
    assert account.session._settings.credentials.account == AC
    assert "ie1" in account.session._settings.base_url


def test_an_account_may_have_an_address_of_its_own(tmp_path, monkeypatch):
    """Its base URL wins over the environment's, and beside the same option it is refused."""
    monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", "https://elsewhere.example")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    path = written(tmp_path, GOOD | {"base_url": "http://127.0.0.1:8080"}, GOOD | OTHER)
    accounts = read_accounts(path, [], {})
    assert [account.session._settings.base_url for account in accounts] == [
        "http://127.0.0.1:8080",
        "https://elsewhere.example",
    ]
    with pytest.raises(ConfigError, match="account 1 has a base_url: leave --base-url out"):
        read_accounts(path, [], {"base_url": "https://third.example"})


@pytest.mark.parametrize("where", [{"region": "ie1"}, {"edge": "dublin"}])
def test_a_region_beside_the_base_url_of_the_environment_is_refused(tmp_path, monkeypatch, where):
    """Both name a server: neither is silently dropped, so that no test run reaches production."""
    monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", "http://127.0.0.1:8080")
    says = "account 1 has a region or edge, and TASKROUTER_STATS_BASE_URL names another server"
    with pytest.raises(ConfigError, match=says):
        read_accounts(written(tmp_path, GOOD | where), [], {})


@pytest.mark.parametrize("second", [OTHER_WS.upper(), OTHER_WS])
def test_a_workspace_belongs_to_one_account(tmp_path, second):
    """Named by two accounts, it is refused before anything is sent, also if only one is chosen."""
    one = GOOD | {"workspaces": [WS, OTHER_WS]}
    path = written(tmp_path, one, GOOD | {"name": "b", "workspaces": [second]})
    says = f"'a' and 'b' both name {second}: a Workspace belongs to one account"
    for chosen in ([], [WS]):
        with pytest.raises(ConfigError, match=says):
            read_accounts(path, chosen, {})


def test_a_workspace_named_twice_is_there_once(tmp_path):
    """An account may repeat a SID, in capitals too, and it is asked about once."""
    path = written(tmp_path, GOOD | {"workspaces": [OTHER_WS, WS, OTHER_WS, OTHER_WS.upper()]})
    (account,) = read_accounts(path, [], {})
    assert sorted(sid.lower() for sid in account.workspaces) == sorted(
        [WS.lower(), OTHER_WS.lower()]
    )


def test_workspaces_on_the_command_line_choose(tmp_path):
    """Accounts without one of them are left out; one that no account has is a mistake."""
    other = "WS" + "2" * 32
    path = written(tmp_path, GOOD, GOOD | {"name": "b", "workspaces": [other]})
    assert [account.name for account in read_accounts(path, [other], {})] == ["b"]
    with pytest.raises(ConfigError, match="names no account for"):
        read_accounts(path, ["WS" + "9" * 32], {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"auth_token": TOKEN}, "auth_token is no key; secrets stay in the environment"),
        ({"auth_token_env": TOKEN}, "takes the NAME of an environment variable"),
        ({"account_sid_env": AC}, "takes the NAME of an environment variable"),
        ({"auth_token_env": "NOT_SET"}, "NOT_SET is not set"),
        ({"api_key_env": "A_SID"}, "must be credentials"),
        ({"name": ""}, "name = a text"),
        ({"region": 1}, "region = a text"),
        ({"base_url": ["x"]}, "base_url = a text"),
        ({"base_url": "https://h", "region": "ie1"}, "account 1: base_url= already names the host"),
        ({"base_url": "ftp://h"}, "account 1: base_url= is no http or https URL"),
        ({"workspaces": []}, "a list of SIDs"),
    ],
)
def test_a_mistake_is_told_without_the_value(tmp_path, change, says):
    """A secret that was put into the file is refused, and not repeated."""
    with pytest.raises(ConfigError, match=says) as caught:
        read_accounts(written(tmp_path, GOOD | change), [], {})
    assert TOKEN not in str(caught.value)
    assert AC not in str(caught.value)


def test_a_workspace_must_be_one(tmp_path):
    """Its SID is checked before anything is sent."""
    with pytest.raises(InvalidSid):
        read_accounts(written(tmp_path, GOOD | {"workspaces": ["WK1"]}), [], {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "account = 1",
        "account = [1]",
        "nonsense",
        '[[account]]\n[other]\nx = ""',
        "account = " + "[" * 100_000,
        "account = " + "{a=" * 100_000,
        ".".join("a" * 100_000) + " = 1",
        "[" + ".".join("a" * 100_000) + "]",
        "#" * 2**20 + "\n[[account]]",
    ],
    ids=range(10),
)
def test_a_file_holds_accounts_and_nothing_else(tmp_path, text):
    """Anything else is a mistake in it."""
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="accounts"):
        read_accounts(str(path), [], {})


async def test_one_accounts_401_does_not_stop_the_others(simulator, run, tmp_path):
    """The code is that of the error, the other account's rows are complete, and both are told."""
    user, password = simulator.auth
    bad = GOOD | {"auth_token_env": "B_TOKEN"}
    good = GOOD | {"name": "b", "workspaces": [simulator.workspace_sid]}
    path, summary = tmp_path / "rows.jsonl", tmp_path / "run.json"
    command = ("fetch", "--accounts", written(tmp_path, bad, good), *DAYS, "--output", str(path))
    env = {"A_SID": user, "A_TOKEN": password, "B_TOKEN": TOKEN}
    command += ("--base-url", simulator.base_url, "--summary", str(summary))
    ran = await run(*command, **env)
    assert ran.code == 2
    assert "Error: a: HTTP 401" in ran.err
    assert len(lines(path)) == 12
    told = json.loads(summary.read_text())["exports"]
    assert [(one["account"], one["written"], bool(one["error"])) for one in told] == [
        ("a", 0, True),
        ("b", 12, False),
    ]
    assert TOKEN not in ran.err + summary.read_text()


async def test_several_workspaces_share_an_output(run, tmp_path):
    """Each is exported by itself into the same file; one that is named twice is asked once."""
    path, other = tmp_path / "rows.jsonl", "WS" + "2" * 32
    async with odd_server() as (url, _):
        command = ("fetch", WS, other, WS, *DAYS, "--base-url", url, "--output", str(path))
        ran = await run(*command, **ACCOUNT)
    assert ran.code == 0
    assert sorted(row["workspace_sid"] for row in lines(path)) == [WS] * 3 + [other] * 3
    assert ran.err.count("3 of 3 answers") == 2
    assert ran.err.count("; 4 requests, 0 retries") == 2
