"""JSON decoder that replaces broken characters instead of refusing the text."""

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

    Text without broken characters is decoded once.

    Raises:
        orjson.JSONDecodeError: if the text is not JSON for another reason.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        repaired = _repaired(text)
        if repaired is None:
            raise
    return orjson.loads(repaired)


def _repaired(text: bytes | str) -> bytes | None:
    """Return the text with replacements, or None if it has no broken characters."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    valid = raw.decode("utf-8", "replace").encode()
    repaired = _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], valid)
    return None if repaired == raw else repaired
