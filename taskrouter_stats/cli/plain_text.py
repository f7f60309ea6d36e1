"""Text that any terminal shows, for the start of the program: without ``rich``."""

import io
import sys
from typing import Final

__all__ = ["duration_text", "printable", "write_anything"]

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def write_anything() -> None:
    """Make both streams replace characters that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def printable(text: str) -> str:
    """Return text from a server on one line, without control characters.

    Otherwise a name or message could move the cursor or set colours.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def duration_text(seconds: float) -> str:
    """Return a duration in its two largest units, as options take it: ``1h 30m``, ``45s``."""
    remaining = round(seconds)
    first = next((at for at, (unit, _) in enumerate(_UNITS) if remaining >= unit), len(_UNITS) - 1)
    parts: list[str] = []
    for unit, name in _UNITS[first : first + 2]:
        count, remaining = divmod(remaining, unit)
        if count or (unit == 1 and not parts):
            parts.append(f"{count:,}{name}")
    return " ".join(parts)
