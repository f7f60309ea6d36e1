"""Says why a Redis server could not be used, without the server's own words.

A server or proxy may repeat the password in its answer, as in ``ERR unknown command 'AUTH', with
args beginning with: …``. So the words are this module's, chosen by what the answer says.
"""

import os
import re
import ssl
from collections.abc import Iterable, Iterator
from typing import Final

from .store import StoreUnavailable

__all__ = ["ForeignEntryError", "unavailable"]

_RIGHTS: Final = "the user may not run EVALSHA, EVAL, TIME, HGET, HSET and PEXPIRE on these keys"
_LASTING: Final = {
    "NOPERM": _RIGHTS,
    "ACL failure in script": _RIGHTS,
    "can't run this command": _RIGHTS,
    "WRONGPASS": "the server requires another user and password",
    "WRONGTYPE": "the key holds something else: choose another prefix or database",
    "MOVED": "the server is one node of a Cluster and another node holds the key: give the address "
    "of a proxy or service endpoint that leads to every node",
    "DENIED": "the server accepts only clients of its own machine (protected mode)",
    "DB index": "the server has no database of this number",
}
"""Answers that stay until a person changes something."""
_PASSING: Final = {
    "LOADING": "the server loads its data",
    "READONLY": "the server is a read-only replica",
    "MASTERDOWN": "the server is a replica without its primary",
    "NOREPLICAS": "the server has too few replicas to write",
    "OOM": "the server's memory is full",
    "MISCONF": "the server cannot save its data and refuses writes",
    "BUSY": "the server is busy with another script",
    "CLUSTERDOWN": "the Cluster is down",
    "ASK": "the Cluster moves the key to another node",
    "TRYAGAIN": "the Cluster moves the key to another node",
    "max number of clients": "the server has too many clients",
}
"""Answers that may end by themselves."""
_CODE: Final = re.compile(rf"\b({'|'.join((*_LASTING, *_PASSING))})\b")
_CLASSES: Final = {
    "ForeignEntryError": "WRONGTYPE",
    "AuthenticationError": "WRONGPASS",
    "AuthenticationWrongNumberOfArgsError": "WRONGPASS",
    "AskError": "ASK",
    "BusyLoadingError": "LOADING",
    "ClusterDownError": "CLUSTERDOWN",
    "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED",
    "NoPermissionError": "NOPERM",
    "OutOfMemoryError": "OOM",
    "ReadOnlyError": "READONLY",
    "TryAgainError": "TRYAGAIN",
}
"""Errors whose text lacks the code. By name: importing this must not import redis-py."""


class ForeignEntryError(Exception):
    """Another program has written the key."""


def unavailable(error: Exception) -> StoreUnavailable:
    """Return the store's error for a failure of redis-py, of the connection or of the reply."""
    names = [kind.__name__ for kind in type(error).__mro__]
    code = _code(str(error), names)
    if code is not None:
        reason, is_misconfigured = _LASTING.get(code) or _PASSING[code], code in _LASTING
    elif "TimeoutError" in names:
        reason, is_misconfigured = "the server did not answer in time", False
    elif "ResponseError" in names:
        reason, is_misconfigured = "the server refused the command", False
    elif {"ConnectionError", "OSError", "EOFError"}.isdisjoint(names):
        reason = "the answer is not one of a Redis server: check the host and the port"
        is_misconfigured = True
    else:
        reason, is_misconfigured = _lost_connection(error)
    return StoreUnavailable(reason, is_misconfigured)


def _code(text: str, names: Iterable[str]) -> str | None:
    if "ResponseError" in names or text.startswith("max number of clients"):
        found = _CODE.search(text)
        if found is not None:
            return found[1]
    return next((_CLASSES[name] for name in names if name in _CLASSES), None)


def _lost_connection(error: Exception) -> tuple[str, bool]:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "the server's certificate is not trusted", True
        if isinstance(cause, ssl.SSLError):
            is_plain = cause.reason == "WRONG_VERSION_NUMBER"
            text = "the server does not use TLS" if is_plain else f"TLS failed ({cause.reason})"
            return text, is_plain
        if isinstance(cause, OSError) and cause.errno:
            text = os.strerror(cause.errno) if cause.errno > 0 else cause.strerror or ""
            return f"no connection to the server ({text})", False
    return "the connection to the server broke", False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
