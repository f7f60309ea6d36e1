"""One page of a list, with the ``meta`` that links to the neighbouring pages.

A page token holds where a page begins (``PT``) or ends (``PB``): the item's place in the list
before filters. A page is therefore right even if the filter selects other items than at the time
when the token was made.

Source: https://www.twilio.com/docs/usage/twilios-response#pagination.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from .request import SimulatedRequest, bad_parameter, page_without_token

__all__ = ["Listed", "own_place", "paginate"]

_TOKEN = re.compile(r"P([TB])([0-9a-f]{32})", re.ASCII)
_LAST_PAGE = 10**9


class Listed(Protocol):
    """An item of a list."""

    @property
    def index(self) -> int:
        """The item's place in the list without filters."""
        ...


T = TypeVar("T", bound=Listed)


def own_place(item: Listed) -> int:
    """Return the place of an item in a list that is not reordered."""
    return item.index


def paginate(
    items: Sequence[T],
    request: SimulatedRequest,
    key: str,
    filters: Sequence[str],
    place: Callable[[T], int] = own_place,
) -> tuple[Sequence[T], dict[str, Any]]:
    """Return the requested page.

    Args:
        items: All items that pass the filters, in the list's order.
        request: The request, with ``PageSize``, ``Page`` and ``PageToken``.
        key: The JSON's key of the page's items.
        filters: The names of the filters, which the URLs repeat.
        place: Returns an item's place in the ordered list without filters.

    Returns:
        The page's items, and its ``meta``.

    Raises:
        ErrorReply: A paging parameter is invalid.
    """
    size = request.integer("PageSize", 50, 1, 1000)
    number = request.integer("Page", 0, 0, _LAST_PAGE)
    token = _token(request, number)
    start, stop = _bounds(items, token, size, place)
    before = _after("B", place(items[start - 1])) if start else None
    behind = _after("T", place(items[stop - 1])) if stop < len(items) else None
    requested = {name: request.query[name] for name in filters if name in request.query}

    def url(page: int, page_token: str | None) -> str:
        where = {"PageSize": size, "Page": page} | ({"PageToken": page_token} if page_token else {})
        return f"{request.origin}{request.path}?{urlencode(requested | where)}"

    return items[start:stop], {
        "page": number,
        "page_size": size,
        "first_page_url": url(0, None),
        "previous_page_url": before and url(max(0, number - 1), before),
        "url": url(number, token),
        "next_page_url": behind and url(number + 1, behind),
        "key": key,
    }


def _token(request: SimulatedRequest, number: int) -> str | None:
    """Return the page's token; only the first page has none."""
    token = request.query.get("PageToken")
    if number and token is None:
        raise page_without_token()
    return token


def _bounds(
    items: Sequence[T], token: str | None, size: int, place: Callable[[T], int]
) -> tuple[int, int]:
    """Return the indexes at which the page begins and ends."""
    if token is None:
        return 0, min(size, len(items))
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise bad_parameter("PageToken is invalid")
    at = bisect_left(items, int(match[2], 16), key=place)
    return (at, min(at + size, len(items))) if match[1] == "T" else (max(0, at - size), at)


def _after(kind: str, place: int) -> str:
    """Return the token of the place after this one."""
    return f"P{kind}{place + 1:032x}"
