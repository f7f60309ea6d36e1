"""One page out of a list, with the ``meta`` that leads to its neighbours.

A page token says where a page begins (``PT``) or ends (``PB``) by the item's place in the whole
list, before filters. So a page is right even when the filter's answer has changed since the token
was made.

Source: https://www.twilio.com/docs/usage/twilios-response#pagination.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from .request import SimulatedRequest, bad_parameter, page_without_token

_TOKEN = re.compile(r"P([TB])([0-9a-f]{32})", re.ASCII)
_LAST_PAGE = 10**9


class Listed(Protocol):
    """Something that stands in a list."""

    @property
    def index(self) -> int:
        """Its place in the whole list."""
        ...


T = TypeVar("T", bound=Listed)


def own_place(item: Listed) -> int:
    """Return the place of an item in a list that isn't reordered."""
    return item.index


def paginate(
    items: Sequence[T],
    ask: SimulatedRequest,
    key: str,
    filters: Sequence[str],
    place: Callable[[T], int] = own_place,
) -> tuple[Sequence[T], dict[str, Any]]:
    """Return the page that is asked for.

    Args:
        items: Everything that passes the filters, in the list's order.
        ask: The request: ``PageSize``, ``Page``, ``PageToken``.
        key: The key under which the page's items will stand.
        filters: The names of the filters, which the URLs repeat.
        place: Gives an item's place in the whole list, as it is ordered.

    Returns:
        The page's items, and its ``meta``.

    Raises:
        Refusal: The page can't be asked for like this.
    """
    size = ask.integer("PageSize", 50, 1, 1000)
    number = ask.integer("Page", 0, 0, _LAST_PAGE)
    token = _token(ask, number)
    start, stop = _bounds(items, token, size, place)
    before = _after("B", place(items[start - 1])) if start else None
    behind = _after("T", place(items[stop - 1])) if stop < len(items) else None
    asked = {name: ask.query[name] for name in filters if name in ask.query}

    def url(page: int, page_token: str | None) -> str:
        where = {"PageSize": size, "Page": page} | ({"PageToken": page_token} if page_token else {})
        return f"{ask.origin}{ask.path}?{urlencode(asked | where)}"

    return items[start:stop], {
        "page": number,
        "page_size": size,
        "first_page_url": url(0, None),
        "previous_page_url": before and url(max(0, number - 1), before),
        "url": url(number, token),
        "next_page_url": behind and url(number + 1, behind),
        "key": key,
    }


def _token(ask: SimulatedRequest, number: int) -> str | None:
    """Return the page's token; only the first page goes without."""
    token = ask.query.get("PageToken")
    if number and token is None:
        raise page_without_token()
    return token


def _bounds(
    items: Sequence[T], token: str | None, size: int, place: Callable[[T], int]
) -> tuple[int, int]:
    """Return where the page begins and ends among the items."""
    if token is None:
        return 0, min(size, len(items))
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise bad_parameter("PageToken is invalid")
    at = bisect_left(items, int(match[2], 16), key=place)
    return (at, min(at + size, len(items))) if match[1] == "T" else (max(0, at - size), at)


def _after(kind: str, place: int) -> str:
    """Return the token of the place behind that one."""
    return f"P{kind}{place + 1:032x}"
