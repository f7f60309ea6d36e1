"""Reader of a list's pages: returns each item once and finds the next page.

A reply names the next page by an absolute URL. This package uses only its path and query, requires
the listing's path, and requests the page from the session's base URL: credentials never go to a
host that a reply names. It does not use page numbers, as Twilio advises
(https://www.twilio.com/docs/taskrouter/api/worker).
"""

import re
from collections import Counter
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

from attrs import define, field, frozen

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import structure_item
from taskrouter_stats.models.sids import PATTERNS, sid_of

from .query import Listing
from .reply import json_object
from .request import path_for

__all__ = ["ListReader", "Page", "has_other_filters", "read_page", "with_smaller_page"]

T = TypeVar("T")

_SMALLER_PAGE: Final = 100
"""Items of a page after the server failed at more."""
_MAX_PROBLEMS: Final = 10
"""Problems of unreadable items that an error names, about."""
_PAGE_SIZE: Final = re.compile(r"(?<=[?&]PageSize=)[0-9]{1,9}").search
_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]*").fullmatch


@frozen
class Page:
    """One page of a list.

    Attributes:
        items: the items as decoded JSON.
        next_target: path and query of the next page; None on the last page.
        served_at: the server's time of the page, UTC; None if unknown.
    """

    items: list[Any]
    next_target: str | None
    served_at: datetime | None = None


def read_page(listing: Listing[Any], payload: object, served_at: datetime | None = None) -> Page:
    """Read a page from decoded JSON.

    Raises:
        PayloadError: if the items are missing, or the next page does not belong to this listing.
    """
    key, page = _items_key(listing), json_object(payload)
    items: list[Any] | None = page.get(key)
    if not isinstance(items, list):
        raise PayloadError([f"$.{key}: expected a list, got none"])
    if page.get("meta") is None:
        raise PayloadError(["$.meta: missing, so it is unknown whether another page follows"])
    meta: object = page["meta"]
    if not isinstance(meta, dict):
        raise PayloadError([f"$.meta: expected an object, got {type(meta).__name__}"])
    if "next_page_url" not in meta:
        raise PayloadError(["$.meta.next_page_url: missing; expected a URL, or null at the end"])
    target = _target(listing, cast("dict[str, object]", meta)["next_page_url"])
    return Page(items, target, served_at)


def _items_key(listing: Listing[Any]) -> str:
    return listing.endpoint.items or ""


def _target(listing: Listing[Any], url: object) -> str | None:
    if url is None or url == "":
        return None
    if not isinstance(url, str):
        raise PayloadError([f"$.meta.next_page_url: expected text, got {type(url).__name__}"])
    try:
        parts = urlsplit(url) if _VISIBLE_ASCII(url) else None
    except ValueError:
        parts = None
    path = path_for(listing)
    if parts is None or _plain(parts.path) != _plain(path):
        raise PayloadError([f"$.meta.next_page_url: not a page of this list: {url[:200]!r}"])
    if parse_qs(parts.query, keep_blank_values=True).get("PageToken") == [""]:
        return None  # an empty token names no page
    if has_other_filters(listing, parts.query):
        raise PayloadError([f"$.meta.next_page_url: not the filters of this list: {url[:200]!r}"])
    return f"{path}?{parts.query}"


def has_other_filters(listing: Listing[Any], query: str) -> bool:
    """Return whether the query of a URL has a filter of this operation that the listing lacks."""
    known = {rule.parameter for rule in listing.endpoint.filters.values()}
    named = {(name, value.lower()) for name, value in parse_qsl(query) if name in known}
    return not named <= {(name, value.lower()) for name, value in listing.filters}


def _plain(path: str) -> str:
    """Return a path with its SIDs in lower case."""
    return "/".join(map(sid_of, path.split("/")))


def with_smaller_page(target: str) -> str | None:
    """Return the target of the same page with fewer items, or None if it has few already.

    A server was seen to answer 500 for 1,000 items and to succeed for fewer.
    """
    found = _PAGE_SIZE(target)
    if found is None or int(found[0]) <= _SMALLER_PAGE:
        return None
    return f"{target[: found.start()]}{_SMALLER_PAGE}{target[found.end() :]}"


@define(eq=False, repr=False)
class ListReader(Generic[T]):
    """The state of reading one list, page by page.

    One bad item never hides the others. The reader keeps an item with odd values. It leaves out an
    unreadable item, such as one without its SID, and the list then ends with an error, because the
    missing item is unknown. A list that repeats itself ends with an error, too.

    Attributes:
        listing: the listing.
        first_target: path and query of the first page.
        count: items of the pages so far, each counted once.
        unreadable: items that were left out.
        odd_items: items with a value that its field cannot hold.
        odd_fields: number of such values by field.
        endless: why the list would never end, or None.
    """

    listing: Listing[T]
    first_target: str
    count: int = field(default=0, init=False)
    unreadable: int = field(default=0, init=False)
    odd_items: int = field(default=0, init=False)
    odd_fields: Counter[str] = field(factory=Counter[str], init=False)
    endless: str | None = field(default=None, init=False)
    _problems: list[str] = field(factory=list[str], init=False)
    _sids: set[str] = field(factory=set[str], init=False)
    _targets: set[str] = field(init=False)
    _path_sids: tuple[tuple[str, str], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._targets = {self.first_target}
        names = self.listing.endpoint.path_sids
        self._path_sids = tuple(zip(names, self.listing.sids, strict=True))

    def take(self, page: Page) -> tuple[list[object], str | None]:
        """Return the items that no earlier page had, and the target of the next page."""
        known = len(self._sids)
        items = [item for item in page.items if self._is_new(item)]
        self.count += len(items)
        target = page.next_target
        if target is None:
            return items, None
        if target in self._targets:
            self.endless = "names a next page that was read before"
        elif len(self._sids) == known:
            self.endless = "names a next page after a page that brought nothing new"
        else:
            self._targets.add(target)
            return items, target
        return items, None

    def read(self, item: object) -> T | None:
        """Return the item as its model; None if it is left out."""
        try:
            value, odd = structure_item(item, self.listing.endpoint.model)
            self._check_path_sids(value)
        except PayloadError as error:
            self.unreadable += 1
            if len(self._problems) < _MAX_PROBLEMS:
                self._problems.extend(error.problems[:_MAX_PROBLEMS])
            return None
        self.odd_items += bool(odd)
        self.odd_fields.update(odd)
        return value

    @property
    def total(self) -> int:
        """Items of the pages so far, without those that were left out."""
        return self.count - self.unreadable

    def error(self) -> PayloadError | None:
        """Return why the list is not complete, after its last page."""
        key, problems = _items_key(self.listing), list[str]()
        if self.endless is not None:
            problems.append(f"$.{key}: the list {self.listing.key} {self.endless}")
        if self.unreadable:
            left_out = f"{self.unreadable} of {self.count} items cannot be read and were left out"
            problems.append(f"$.{key}: {left_out}")
            problems.extend(f"$.{key}[]{problem[1:]}" for problem in self._problems)
        return PayloadError(problems) if problems else None

    def _is_new(self, item: object) -> bool:
        """Return whether to deliver the item; without a SID it always counts as new."""
        sid: object = json_object(item).get(self.listing.endpoint.item_sid)
        if not isinstance(sid, str):
            return True
        matches = PATTERNS.get(sid[:2])
        if matches is None or not matches(sid):
            return True
        if sid_of(sid) in self._sids:
            return False
        self._sids.add(sid_of(sid))
        return True

    def _check_path_sids(self, value: T) -> None:
        """Refuse an item of another Workspace or Worker."""
        for name, requested in self._path_sids:
            answered = getattr(value, name, None)
            if answered is not None and answered.lower() != requested.lower():
                raise PayloadError([f"$.{name}: expected {requested}, got {answered}"])
