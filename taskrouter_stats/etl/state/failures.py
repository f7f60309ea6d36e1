"""The file of failures: queries that a later run may mend, one JSON object a line.

A run removes a line only once it has resolved that query; lines of other days, and lines that
nobody can read, stay as they are.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import orjson

from taskrouter_stats.etl.storage import Storage

__all__ = ["FAILURES_FILE", "merge_failures"]

FAILURES_FILE: Final = "failures.jsonl"
"""The file's name in the folder of the state."""


def merge_failures(
    storage: Storage, state: str, lines: Iterable[bytes], is_done: Callable[[str], bool]
) -> None:
    """Add lines to the file of failures, and remove those whose query is done.

    Args:
        storage: where the output is.
        state: the folder of its state.
        lines: what has failed now, each line with its line end; they replace older lines of the
            same queries.
        is_done: returns whether the query with this key was answered for good.

    Raises:
        StorageError: when the file can't be read or written.
    """
    name = f"{state}/{FAILURES_FILE}"
    old = storage.get(name) if name in storage.names(state) else b""
    new = list(lines)
    again = {_key(line) for line in new}
    kept = [line for line in old.splitlines() if line.strip()]
    kept = [line + b"\n" for line in kept if not _is_resolved(_key(line), again, is_done)]
    whole = b"".join((*kept, *new))
    if whole and whole != old:
        storage.put(name, whole)
    elif old and not whole:
        storage.remove(name)


def _is_resolved(key: str | None, again: set[str | None], is_done: Callable[[str], bool]) -> bool:
    if key is None:
        return False
    if key in again:
        return True
    try:
        return is_done(key)
    except ValueError:  # not the key of any query
        return False


def _key(line: bytes) -> str | None:
    """Return the key that a line names, or None."""
    try:
        found: Any = orjson.loads(line)
    except ValueError:
        return None
    key = cast("dict[str, object]", found).get("key") if isinstance(found, dict) else None
    return key if isinstance(key, str) else None
