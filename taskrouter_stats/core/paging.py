"""From a page of a list to its items and to the next page.

A reply names the next page by an absolute URL. Only its path and query are used, its path must be
the listing's own, and it is asked of the session's base URL: credentials never go to a host that
a reply names. Page numbers are not used, since Twilio says not to
(https://www.twilio.com/docs/taskrouter/api/worker).
"""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import PageMeta, structure

from .query import Listing
from .reply import json_object
from .request import path_of

__all__ = ["Page", "read_page", "with_smaller_page"]

_SMALLER_PAGE: Final = 100
_PAGE_SIZE: Final = re.compile(r"(?<=[?&]PageSize=)[0-9]{1,9}").search
_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]*").fullmatch


@frozen
class Page:
    """One page.

    Attributes:
        items: the items, still as decoded JSON.
        next_target: path and query of the next page, or None after the last.
    """

    items: list[Any]
    next_target: str | None


def read_page(listing: Listing[Any], payload: object) -> Page:
    """Take a page apart.

    Raises:
        PayloadError: when the items are missing, or the next page is not this listing's.
    """
    key, page = listing.endpoint.items or "", json_object(payload)
    items: list[Any] | None = page.get(key)
    if not isinstance(items, list):
        raise PayloadError([f"$.{key}: a list is missing"])
    if page.get("meta") is None:
        raise PayloadError(["$.meta: missing, so whether a page follows is unknown"])
    try:
        meta = structure(page["meta"], PageMeta)
    except PayloadError as error:
        raise PayloadError([f"$.meta{problem[1:]}" for problem in error.problems]) from None
    return Page(items, _target(listing, meta.next_page_url))


def _target(listing: Listing[Any], url: str | None) -> str | None:
    if not url:
        return None
    try:
        parts = urlsplit(url) if _VISIBLE_ASCII(url) else None
    except ValueError:
        parts = None
    if parts is None or parts.path != path_of(listing):
        raise PayloadError([f"$.meta.next_page_url: not a page of this list: {url[:200]!r}"])
    if parse_qs(parts.query, keep_blank_values=True).get("PageToken") == [""]:
        return None  # a token that names nothing: there is no such page
    return f"{parts.path}?{parts.query}"


def with_smaller_page(target: str) -> str | None:
    """The same page with fewer items, or None when it has few already.

    A server was seen to answer 500 at 1,000 items and to succeed at fewer.
    """
    found = _PAGE_SIZE(target)
    if found is None or int(found[0]) <= _SMALLER_PAGE:
        return None
    return f"{target[: found.start()]}{_SMALLER_PAGE}{target[found.end() :]}"
