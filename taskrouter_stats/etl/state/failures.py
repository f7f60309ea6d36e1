"""The file of failures: queries that a later run may finish, one JSON object a line.

A run removes a line only once its query is resolved. Lines of other days and lines that are not
JSON stay as they are.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import orjson

from taskrouter_stats.etl.output.storage import Storage

__all__ = ["FAILURES_FILE", "merge_failures"]

FAILURES_FILE: Final = "failures.jsonl"
"""The file's name in the state folder."""


def merge_failures(
    storage: Storage, state: str, lines: Iterable[bytes], is_resolved: Callable[[str], bool]
) -> None:
    """Add lines to the file of failures, and remove the lines of resolved queries.

    Args:
        storage: holds the output.
        state: the state folder.
        lines: the new failures, each with its line end; a new line replaces older lines of the
            same query.
        is_resolved: returns whether the query with this key is done, expired or gone.

    Raises:
        StorageError: the file can't be read or written.
    """
    name = f"{state}/{FAILURES_FILE}"
    old = storage.get(name) if name in storage.names(state) else b""
    new = list(lines)
    again = {_key(line) for line in new}
    kept = [line for line in old.splitlines() if line.strip()]
    kept = [line + b"\n" for line in kept if not _is_obsolete(_key(line), again, is_resolved)]
    content = b"".join((*kept, *new))
    if content and content != old:
        storage.put(name, content)
    elif old and not content:
        storage.remove(name)


def _is_obsolete(
    key: str | None, again: set[str | None], is_resolved: Callable[[str], bool]
) -> bool:
    if key is None:
        return False
    if key in again:
        return True
    try:
        return is_resolved(key)
    except ValueError:  # text that is not a query's key
        return False


def _key(line: bytes) -> str | None:
    """Return the key of a line, or None for a line without one."""
    try:
        found: Any = orjson.loads(line)
    except ValueError:
        return None
    key = cast("dict[str, object]", found).get("key") if isinstance(found, dict) else None
    return key if isinstance(key, str) else None
