"""The file of accounts, and runs of several accounts."""

import json

import pytest

from taskrouter_stats.cli.options.accounts import read_accounts
from taskrouter_stats.errors import ConfigError, InvalidSid
from tests.cli.fetch.test_command_stored import DAYS, lines
from tests.cli.misbehaving_servers import ACCOUNT, misbehaving_server

WS, AC, TOKEN = "WS" + "1" * 32, "AC" + "3" * 32, "f00dcafe" * 4
OTHER_WS = "WS" + "ab" * 16
OTHER = {"name": "b", "workspaces": [OTHER_WS]}
GOOD = {"name": "a", "workspaces": [WS], "account_sid_env": "A_SID", "auth_token_env": "A_TOKEN"}


def written(tmp_path, *tables):
    """Write a file of these accounts and return its name."""
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


def test_an_account_has_its_own_session(tmp_path):
    """The secrets come from the variables that the file names, the region from the file."""
    (account,) = read_accounts(written(tmp_path, GOOD | {"region": "ie1"}), [], {})
    assert (account.name, account.workspaces) == ("a", (WS,))
    assert account.session._settings.credentials.account == AC
    assert "ie1" in account.session._settings.base_url


def test_an_account_may_have_its_own_base_url(tmp_path, monkeypatch):
    """An account's base URL precedes that of the environment, and excludes --base-url."""
    monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", "https://elsewhere.example")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    path = written(tmp_path, GOOD | {"base_url": "http://127.0.0.1:8080"}, GOOD | OTHER)
    accounts = read_accounts(path, [], {})
    assert [account.session._settings.base_url for account in accounts] == [
        "http://127.0.0.1:8080",
        "https://elsewhere.example",
    ]
    with pytest.raises(ConfigError, match="account 1 has a base_url: omit --base-url"):
        read_accounts(path, [], {"base_url": "https://third.example"})


@pytest.mark.parametrize("where", [{"region": "ie1"}, {"edge": "dublin"}])
def test_a_region_beside_the_base_url_of_the_environment_is_refused(tmp_path, monkeypatch, where):
    """Both name a server, and neither is ignored: a test run must not reach production."""
    monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", "http://127.0.0.1:8080")
    says = "account 1 has a region or edge, and TASKROUTER_STATS_BASE_URL names another server"
    with pytest.raises(ConfigError, match=says):
        read_accounts(written(tmp_path, GOOD | where), [], {})


@pytest.mark.parametrize("second", [OTHER_WS.upper(), OTHER_WS])
def test_a_workspace_belongs_to_one_account(tmp_path, second):
    """A workspace of two accounts is refused, also if the command line selects one workspace."""
    one = GOOD | {"workspaces": [WS, OTHER_WS]}
    path = written(tmp_path, one, GOOD | {"name": "b", "workspaces": [second]})
    says = f"'a' and 'b' both have the workspace {second}: remove it from one account"
    for chosen in ([], [WS]):
        with pytest.raises(ConfigError, match=says):
            read_accounts(path, chosen, {})


def test_a_repeated_workspace_is_fetched_once(tmp_path):
    """An account may repeat a SID, also in other case; it is one workspace."""
    path = written(tmp_path, GOOD | {"workspaces": [OTHER_WS, WS, OTHER_WS, OTHER_WS.upper()]})
    (account,) = read_accounts(path, [], {})
    assert sorted(sid.lower() for sid in account.workspaces) == sorted(
        [WS.lower(), OTHER_WS.lower()]
    )


def test_workspaces_on_the_command_line_select_accounts(tmp_path):
    """Accounts without these workspaces are skipped; a workspace of no account is an error."""
    other = "WS" + "2" * 32
    path = written(tmp_path, GOOD, GOOD | {"name": "b", "workspaces": [other]})
    assert [account.name for account in read_accounts(path, [other], {})] == ["b"]
    with pytest.raises(ConfigError, match="no account has the workspace"):
        read_accounts(path, ["WS" + "9" * 32], {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"auth_token": TOKEN}, "auth_token is not a key of an account"),
        ({"auth_token_env": TOKEN}, "auth_token_env: expected the NAME of an environment"),
        ({"account_sid_env": AC}, "account_sid_env: expected the NAME of an environment"),
        ({"auth_token_env": "NOT_SET"}, "NOT_SET is not set"),
        ({"api_key_env": "A_SID"}, "valid credentials"),
        ({"name": ""}, "name: expected a text"),
        ({"region": 1}, "region: expected a text"),
        ({"base_url": ["x"]}, "base_url: expected a text"),
        ({"base_url": "https://h", "region": "ie1"}, "account 1: base_url="),
        ({"base_url": "ftp://h"}, "account 1: base_url="),
        ({"workspaces": []}, "workspaces: expected a list of SIDs"),
    ],
)
def test_a_wrong_account_is_refused_without_its_value(tmp_path, change, says):
    """The error names the key, and does not show a value that may be a secret."""
    with pytest.raises(ConfigError, match=says) as caught:
        read_accounts(written(tmp_path, GOOD | change), [], {})
    assert TOKEN not in str(caught.value)
    assert AC not in str(caught.value)


def test_a_workspace_must_be_a_workspace_sid(tmp_path):
    """The SIDs are checked before a request is sent."""
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
def test_a_file_contains_accounts_and_nothing_else(tmp_path, text):
    """Other content is refused."""
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="accounts"):
        read_accounts(str(path), [], {})


async def test_one_accounts_401_does_not_stop_the_others(simulator, run, tmp_path):
    """The exit code is that of the error, and the other account's rows are complete."""
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
    exports = json.loads(summary.read_text())["exports"]
    assert [(one["account"], one["written"], bool(one["error"])) for one in exports] == [
        ("a", 0, True),
        ("b", 12, False),
    ]
    assert TOKEN not in ran.err + summary.read_text()


async def test_several_workspaces_share_an_output(run, tmp_path):
    """Each workspace is exported into the same file; a repeated one is exported once."""
    path, other = tmp_path / "rows.jsonl", "WS" + "2" * 32
    async with misbehaving_server() as (url, _):
        command = ("fetch", WS, other, WS, *DAYS, "--base-url", url, "--output", str(path))
        ran = await run(*command, **ACCOUNT)
    assert ran.code == 0
    assert sorted(row["workspace_sid"] for row in lines(path)) == [WS] * 3 + [other] * 3
    assert ran.err.count("3 of 3 answers") == 2
    assert ran.err.count("; 4 requests, 0 retries") == 2
