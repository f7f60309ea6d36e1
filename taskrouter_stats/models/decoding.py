"""From JSON text to Python values, with half characters replaced rather than refused."""

import re
from typing import Any, Final

import orjson

__all__ = ["loads"]

_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # half a pair
    rb"|\\."
)


def loads(text: bytes | str) -> Any:
    """Decode JSON; half a surrogate pair and bytes that are not UTF-8 become U+FFFD.

    Text without them is decoded once and pays nothing for the others.

    Raises:
        orjson.JSONDecodeError: when the text is not JSON for another reason.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        mended = _mended(text)
        if mended is None:
            raise
    return orjson.loads(mended)


def _mended(text: bytes | str) -> bytes | None:
    """The text with replacements, or None when there is nothing to replace."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    valid = raw.decode("utf-8", "replace").encode()
    mended = _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], valid)
    return None if mended == raw else mended
