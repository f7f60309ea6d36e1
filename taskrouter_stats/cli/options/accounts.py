"""Whose workspaces are asked, and as whom: the environment's account, or those of a file.

The file names environment variables; a secret in the file itself is refused, unseen. A workspace
belongs to one account: named by two, each of its workers would be asked about and written twice.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen

from taskrouter_stats import Credentials, SessionOptions, TaskRouterSession
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.models import check_sid
from taskrouter_stats.session.options import BASE_URL, options_from_env

__all__ = ["Account", "read_accounts"]

_VARIABLES: Final = {
    "account_sid_env": "TWILIO_ACCOUNT_SID",
    "auth_token_env": "TWILIO_AUTH_TOKEN",
    "api_key_env": "TWILIO_API_KEY",
    "api_secret_env": "TWILIO_API_SECRET",
}
_PLACES: Final = ("base_url", "region", "edge")
_KEYS: Final = {"name", "workspaces", *_PLACES, *_VARIABLES}
_MOST_BYTES: Final = 1 << 20
_DEEP: Final = re.compile(r"(?:\.[^.\n]*){100}")
"""A line that may nest tables as deep as that takes the parser minutes, and is no account's."""
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_SID: Final = re.compile(r"[A-Z]{2}[0-9A-F]{32}")


@frozen
class Account:
    """One session's worth of workspaces.

    Attributes:
        name: how the file calls it; None for the environment's.
        session: asks, unopened.
        workspaces: their SIDs; none for those of a list of failures.
    """

    name: str | None
    session: TaskRouterSession
    workspaces: tuple[str, ...]


def read_accounts(
    file: str | None, workspaces: Sequence[str], options: SessionOptions
) -> list[Account]:
    """The file's accounts; without one the environment's, with these workspaces.

    Raises:
        ConfigError, InvalidSid: saying what is wrong, never with a value that may be a secret.
    """
    wanted = _once("WORKSPACE", workspaces)
    if file is None:
        return [Account(None, TaskRouterSession.from_env(**options), wanted)]
    found = [_account(file, number, table, options) for number, table in enumerate(_read(file), 1)]
    _check_apart(file, found)
    if not wanted:
        return found
    known = {sid for account in found for sid in account.workspaces}
    if strange := [sid for sid in wanted if sid not in known]:
        raise ConfigError(f"{file} names no account for {strange[0]}")
    chosen = [
        Account(one.name, one.session, tuple(sid for sid in one.workspaces if sid in wanted))
        for one in found
    ]
    return [account for account in chosen if account.workspaces]


def _once(name: str, sids: Iterable[object]) -> tuple[str, ...]:
    """Check the SIDs of workspaces, and return each once, whatever its letters' case."""
    checked = (check_sid(name, sid, "WS") for sid in sids)
    return tuple({sid.lower(): sid for sid in checked}.values())


def _check_apart(file: str, accounts: Sequence[Account]) -> None:
    owners: dict[str, str | None] = {}
    for account in accounts:
        if account.name in owners.values():
            raise ConfigError(f"{file}: two accounts have the same name")
        for sid in account.workspaces:
            if (owner := owners.setdefault(sid.lower(), account.name)) != account.name:
                raise ConfigError(
                    f"{file}: {owner!r} and {account.name!r} both name {sid}: "
                    "a Workspace belongs to one account"
                )


def _read(file: str) -> list[Mapping[str, Any]]:
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        text = data.decode()
        if len(data) > _MOST_BYTES or _DEEP.search(text):
            raise ConfigError(f"--accounts {file}: too large or too deep for a list of accounts")
        whole = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"--accounts {file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"--accounts {file}: not TOML: expected UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ConfigError(f"--accounts {file}: not TOML") from None
    tables = whole.pop("account", None)
    listed = cast("list[object]", tables) if isinstance(tables, list) else []
    if not listed or whole or not all(isinstance(one, dict) for one in listed):
        raise ConfigError(f"{file}: [[account]] tables are expected, and nothing else")
    return cast("list[Mapping[str, Any]]", listed)


def _account(file: str, number: int, table: Mapping[str, Any], options: SessionOptions) -> Account:
    place = f"{file}, account {number}"
    if strange := sorted(table.keys() - _KEYS):
        raise ConfigError(
            f"{place}: {strange[0]} is no key; secrets stay in the environment, "
            f"whose variables are named by {', '.join(_VARIABLES)}"
        )
    name, workspaces = table.get("name"), table.get("workspaces")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{place}: name = a text")
    if not isinstance(workspaces, list) or not workspaces:
        raise ConfigError(f"{place}: workspaces = a list of SIDs (WS…)")
    sids = _once("workspaces", cast("list[object]", workspaces))
    where = {key: _text(place, key, table[key]) for key in _PLACES if key in table}
    if "base_url" in where and options.get("base_url") is not None:
        raise ConfigError(f"{place} has a base_url: leave --base-url out")
    if os.environ.get(BASE_URL) and where.keys() & {"region", "edge"}:
        raise ConfigError(
            f"{place} has a region or edge, and {BASE_URL} names another server: remove one"
        )
    merged = options_from_env(cast("SessionOptions", {**options, **where}), os.environ)
    credentials = _credentials(place, table)
    try:
        return Account(name, TaskRouterSession(credentials, **merged), sids)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def _credentials(place: str, table: Mapping[str, Any]) -> Credentials:
    found: dict[str, str] = {}
    for key, usual in _VARIABLES.items():
        if key not in table:
            continue
        variable = _text(place, key, table[key])
        if not _VARIABLE.fullmatch(variable) or _SID.fullmatch(variable):
            raise ConfigError(
                f"{place}: {key} takes the NAME of an environment variable, in capitals, "
                "and never the secret itself"
            )
        if not os.environ.get(variable):
            raise ConfigError(f"{place}: the environment variable {variable} is not set")
        found[usual] = os.environ[variable]
    try:
        return Credentials.from_env(found)
    except ConfigError:
        raise ConfigError(
            f"{place}: api_key_env and api_secret_env, or account_sid_env and auth_token_env, "
            "are needed, and what they name must be credentials"
        ) from None


def _text(place: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{place}: {key} = a text")
    return value
