"""The accounts of a run: that of the environment, or those of the file ``--accounts``.

The file names environment variables. A secret in the file is refused, and the error does not show
it. A workspace belongs to one account: if two accounts named it, each of its workers would be
requested and written twice.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from attrs import evolve, frozen

from taskrouter_stats import Credentials, SessionOptions, TaskRouterSession
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.models import check_sid, environment
from taskrouter_stats.session.options import options_from_env

__all__ = ["Account", "read_accounts"]

_CREDENTIAL_KEYS: Final = ("api_key_env", "api_secret_env", "account_sid_env", "auth_token_env")
_VARIABLES: Final = dict(zip(_CREDENTIAL_KEYS, environment.CREDENTIALS, strict=True))
"""The environment variable that each key of the file stands for."""
_PLACES: Final = ("base_url", "region", "edge")
_KEYS: Final = {"name", "workspaces", *_PLACES, *_VARIABLES}
_MAX_BYTES: Final = 1 << 20
_TOO_DEEP: Final = re.compile(r"(?:\.[^.\n]*){100}")
"""A line with keys of 100 levels: the parser would take minutes, and no account has such a key."""
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_SID: Final = re.compile(r"[A-Z]{2}[0-9A-F]{32}")


@frozen
class Account:
    """An account with its session and workspaces.

    Attributes:
        name: its name in the file; None for the account of the environment.
        session: its session, not open yet.
        workspaces: the SIDs; empty for all workspaces in the file of failures.
    """

    name: str | None
    session: TaskRouterSession
    workspaces: tuple[str, ...]


def read_accounts(
    file: str | None, workspaces: Sequence[str], options: SessionOptions
) -> list[Account]:
    """Return the accounts of the file, or that of the environment, for these workspaces.

    Raises:
        ConfigError, InvalidSid: for a wrong file; never shows a value that may be a secret.
    """
    selected = _once("WORKSPACE", workspaces)
    if file is None:
        return [Account(None, TaskRouterSession.from_env(**options), selected)]
    tables = enumerate(_read(file), 1)
    accounts = [_account(file, number, table, options) for number, table in tables]
    _check_unique(file, accounts)
    if not selected:
        return accounts
    known = {sid for account in accounts for sid in account.workspaces}
    if unknown := [sid for sid in selected if sid not in known]:
        raise ConfigError(f"{file}: no account has the workspace {unknown[0]}: add it")
    chosen = [
        evolve(account, workspaces=tuple(sid for sid in account.workspaces if sid in selected))
        for account in accounts
    ]
    return [account for account in chosen if account.workspaces]


def _once(name: str, sids: Iterable[object]) -> tuple[str, ...]:
    """Check the SIDs of workspaces, and return each once; case does not distinguish SIDs."""
    checked = (check_sid(name, sid, "WS") for sid in sids)
    return tuple({sid.lower(): sid for sid in checked}.values())


def _check_unique(file: str, accounts: Sequence[Account]) -> None:
    owners: dict[str, str | None] = {}
    for account in accounts:
        if account.name in owners.values():
            raise ConfigError(f"{file}: two accounts have the same name: rename one")
        for sid in account.workspaces:
            if (owner := owners.setdefault(sid.lower(), account.name)) != account.name:
                raise ConfigError(
                    f"{file}: {owner!r} and {account.name!r} both have the workspace {sid}: "
                    "remove it from one account"
                )


def _read(file: str) -> list[Mapping[str, Any]]:
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
        text = data.decode()
        if len(data) > _MAX_BYTES or _TOO_DEEP.search(text):
            raise ConfigError(f"--accounts {file}: too large or too deep for a list of accounts")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"--accounts {file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"--accounts {file}: not TOML: expected UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ConfigError(f"--accounts {file}: not TOML: correct its syntax") from None
    tables = document.pop("account", None)
    listed = cast("list[object]", tables) if isinstance(tables, list) else []
    if not listed or document or not all(isinstance(table, dict) for table in listed):
        raise ConfigError(f"{file}: expected [[account]] tables, and nothing else")
    return cast("list[Mapping[str, Any]]", listed)


def _account(file: str, number: int, table: Mapping[str, Any], options: SessionOptions) -> Account:
    place = f"{file}, account {number}"
    if unknown := sorted(table.keys() - _KEYS):
        raise ConfigError(
            f"{place}: {unknown[0]} is not a key of an account. Keep secrets in environment "
            f"variables, and name the variables with {', '.join(_VARIABLES)}"
        )
    name, workspaces = table.get("name"), table.get("workspaces")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{place}: name: expected a text that is not empty")
    if not isinstance(workspaces, list) or not workspaces:
        raise ConfigError(f"{place}: workspaces: expected a list of SIDs (WS…)")
    sids = _once("workspaces", cast("list[object]", workspaces))
    where = {key: _text(place, key, table[key]) for key in _PLACES if key in table}
    if "base_url" in where and options.get("base_url") is not None:
        raise ConfigError(f"{place} has a base_url: omit --base-url")
    if os.environ.get(environment.BASE_URL) and where.keys() & {"region", "edge"}:
        raise ConfigError(
            f"{place} has a region or edge, and {environment.BASE_URL} names another server: "
            "remove one"
        )
    merged = options_from_env(cast("SessionOptions", {**options, **where}), os.environ)
    credentials = _credentials(place, table)
    try:
        return Account(name, TaskRouterSession(credentials, **merged), sids)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def _credentials(place: str, table: Mapping[str, Any]) -> Credentials:
    values: dict[str, str] = {}
    for key, standard in _VARIABLES.items():
        if key not in table:
            continue
        variable = _text(place, key, table[key])
        if not _VARIABLE.fullmatch(variable) or _SID.fullmatch(variable):
            raise ConfigError(
                f"{place}: {key}: expected the NAME of an environment variable in capitals, "
                "not the secret itself"
            )
        if not os.environ.get(variable):
            raise ConfigError(f"{place}: the environment variable {variable} is not set: set it")
        values[standard] = os.environ[variable]
    try:
        return Credentials.from_env(values)
    except ConfigError:
        raise ConfigError(
            f"{place}: expected api_key_env and api_secret_env, or account_sid_env and "
            "auth_token_env, and valid credentials in the variables that they name"
        ) from None


def _text(place: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{place}: {key}: expected a text")
    return value
