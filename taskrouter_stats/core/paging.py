"""From the pages of a list to its items, each once, and to the next page.

A reply names the next page by an absolute URL. Only its path and query are used, its path must be
the listing's own, and it is asked of the session's base URL: credentials never go to a host that
a reply names. Page numbers are not used, since Twilio says not to
(https://www.twilio.com/docs/taskrouter/api/worker).
"""

import re
from collections import Counter
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from attrs import define, field, frozen

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import structure_item
from taskrouter_stats.models.sids import PATTERNS

from .query import Listing
from .reply import json_object
from .request import path_for

__all__ = ["ListReader", "Page", "read_page", "with_smaller_page"]

T = TypeVar("T")

_SMALLER_PAGE: Final = 100
_MOST_PROBLEMS: Final = 10
_PAGE_SIZE: Final = re.compile(r"(?<=[?&]PageSize=)[0-9]{1,9}").search
_PLACES: Final = re.compile(r"\{(\w+)\}").findall
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
    key, page = _items_key(listing), json_object(payload)
    items: list[Any] | None = page.get(key)
    if not isinstance(items, list):
        raise PayloadError([f"$.{key}: a list is missing"])
    if page.get("meta") is None:
        raise PayloadError(["$.meta: missing, so whether a page follows is unknown"])
    meta: object = page["meta"]
    if not isinstance(meta, dict):
        raise PayloadError([f"$.meta: expected an object, got {type(meta).__name__}"])
    return Page(items, _target(listing, cast("dict[str, object]", meta).get("next_page_url")))


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
    if parts is None or parts.path != path_for(listing):
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


@define(eq=False, repr=False)
class ListReader(Generic[T]):
    """What the pages of one list have shown so far.

    One bad item never hides the others. An item with odd values is read all the same. An item that
    cannot be read, such as one without its SID, is left out, and the list then ends with an error,
    because nobody knows what is missing. A list that repeats itself ends with an error, too.

    Attributes:
        listing: the question.
        first_target: path and query of the first page.
        count: how many items the pages brought so far, each counted once.
        unreadable: how many of these were left out.
        odd_items: how many items had a value that its field cannot hold.
        odd_fields: the same by field.
        endless: what shows that the list would never end, or None.
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
    _places: tuple[tuple[str, str], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._targets = {self.first_target}
        names: list[str] = _PLACES(self.listing.endpoint.path)
        self._places = tuple(zip(names, self.listing.sids, strict=True))

    def take(self, page: Page) -> tuple[list[object], str | None]:
        """Return the items that no page before had, and the target of the page to ask for next."""
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
        """Return the item as its model, or None when it has to be left out."""
        try:
            value, odd = structure_item(item, self.listing.endpoint.model)
            self._check_place(value)
        except PayloadError as error:
            self.unreadable += 1
            if len(self._problems) < _MOST_PROBLEMS:
                self._problems.extend(error.problems[:_MOST_PROBLEMS])
            return None
        self.odd_items += bool(odd)
        self.odd_fields.update(odd)
        return value

    @property
    def total(self) -> int:
        """How many items the pages brought so far, without those that were left out."""
        return self.count - self.unreadable

    def error(self) -> PayloadError | None:
        """Return why the list is not complete, once its last page was taken and read."""
        key, problems = _items_key(self.listing), list[str]()
        if self.endless is not None:
            problems.append(f"$.{key}: the list {self.listing.key} {self.endless}")
        if self.unreadable:
            left_out = f"{self.unreadable} of {self.count} items cannot be read and were left out"
            problems.append(f"$.{key}: {left_out}")
            problems.extend(f"$.{key}[]{problem[1:]}" for problem in self._problems)
        return PayloadError(problems) if problems else None

    def _is_new(self, item: object) -> bool:
        """Whether to deliver the item: one without a SID cannot be known from another page."""
        sid: object = json_object(item).get(self.listing.endpoint.item_sid)
        if not isinstance(sid, str):
            return True
        matches = PATTERNS.get(sid[:2])
        if matches is None or not matches(sid):
            return True
        if sid in self._sids:
            return False
        self._sids.add(sid)
        return True

    def _check_place(self, value: T) -> None:
        """Refuse an item of another Workspace, or Worker, than the list's own."""
        for name, asked in self._places:
            said = getattr(value, name, None)
            if said is not None and said.lower() != asked.lower():
                raise PayloadError([f"$.{name}: expected {asked} as asked for, got {said}"])
