"""The arguments of a sink: its place and its table."""

import os
from contextlib import suppress
from pathlib import Path

from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.etl.output.storage import local_path, shown_uri
from taskrouter_stats.etl.schemas import EXPORTED
from taskrouter_stats.models.redaction import masked

__all__ = ["check_table", "local_place", "text_of"]


def check_table(table: object) -> None:
    """Raise an error for a table that no export fetches, since its file would stay empty."""
    if table is not None and (not isinstance(table, str) or table not in EXPORTED):
        raise InvalidParameter("table", table, f"one of {', '.join(EXPORTED)}; None for all")


def text_of(path: str | os.PathLike[str], rule: str) -> str:
    """Return a path as text; the caller checks the file or folder that it names.

    Raises:
        InvalidParameter: the path is empty, not a path, or holds a null character.
        ConfigError: the name can't be encoded as UTF-8.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:
        text = ""
    if not text or "\0" in text:
        shown = shown_uri(path) if isinstance(path, str) else path
        raise InvalidParameter("path", shown, rule)
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = text.encode(errors="backslashreplace").decode()
        with suppress(UnicodeEncodeError):  # show the bytes that surrogates represent
            shown = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise ConfigError(
            f"{shown}: a name in UTF-8 is expected; if it looks right, set PYTHONUTF8=1 "
            "or a locale of UTF-8"
        ) from None
    return text


def local_place(path: str | os.PathLike[str]) -> Path:
    """Return the path that a place on this machine names.

    Raises:
        InvalidParameter, ConfigError: as :func:`text_of`; also for the URI of an object store.
    """
    text = masked(text_of(path, "a file's or folder's name"))
    place = local_path(str(text))
    if place is None:
        raise ConfigError(
            f"{shown_uri(text)}: no file of an object store can be appended to: use Parquet there"
        )
    return place
