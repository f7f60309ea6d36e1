"""Pages of lists."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.server.paging import paginate
from taskrouter_stats.simulator.server.request import ErrorReply, SimulatedRequest


@frozen
class Item:
    index: int


def page(items, **query):
    """Return the requested page and its ``meta``."""
    asked = SimulatedRequest(path="/v1/Things", sids={}, query=query, now=0, origin="https://h")
    return paginate(items, asked, "things", ["Colour"])


def follow(url):
    """Return the query of a URL."""
    return dict(parse_qsl(urlsplit(url).query))


def items(*indexes):
    """Return items at these places."""
    return [Item(index) for index in indexes]


@given(st.sets(st.integers(0, 500), max_size=60), st.integers(1, 20))
def test_pages_give_each_item_once(indexes, size):
    """Following the next page's URL gives each item once, in order, with any filter."""
    everything = items(*sorted(indexes))
    seen, query, number = [], {"PageSize": str(size)}, 0
    while query is not None:
        part, meta = page(everything, **query)
        assert meta["page"] == number
        assert len(part) <= size
        seen += part
        query = follow(meta["next_page_url"]) if meta["next_page_url"] else None
        number += 1
    assert seen == everything


@given(st.integers(1, 60), st.integers(1, 20))
def test_the_previous_page_leads_back(count, size):
    """From the second page the previous page's URL leads to the first one again."""
    first, meta = page(items(*range(count)), PageSize=str(size))
    assert meta["previous_page_url"] is None
    if meta["next_page_url"]:
        _, second = page(items(*range(count)), **follow(meta["next_page_url"]))
        back, _ = page(items(*range(count)), **follow(second["previous_page_url"]))
        assert back == first


def test_the_meta_by_hand():
    """``meta`` has the neighbouring pages, the filters in each URL, and the key."""
    part, meta = page(items(1, 2, 3), PageSize="2", Colour="sky blue")
    assert part == items(1, 2)
    assert meta == {
        "page": 0,
        "page_size": 2,
        "first_page_url": "https://h/v1/Things?Colour=sky+blue&PageSize=2&Page=0",
        "previous_page_url": None,
        "url": "https://h/v1/Things?Colour=sky+blue&PageSize=2&Page=0",
        "next_page_url": (
            f"https://h/v1/Things?Colour=sky+blue&PageSize=2&Page=1&PageToken=PT{3:032x}"
        ),
        "key": "things",
    }


def test_an_empty_list_has_one_empty_page():
    """An empty list has one page without neighbours."""
    part, meta = page([])
    assert (list(part), meta["next_page_url"], meta["previous_page_url"]) == ([], None, None)
    assert meta["page_size"] == 50


def test_a_token_holds_when_the_filter_selects_others():
    """An item that no longer passes the filter does not shift the next page."""
    _, meta = page(items(0, 1, 2, 3), PageSize="2")
    part, _ = page(items(1, 2, 3), **follow(meta["next_page_url"]))
    assert part == items(2, 3)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"Page": "1"}, 40153),
        ({"PageToken": "PT12"}, 20001),
        ({"PageToken": ""}, 20001),
        ({"PageSize": "0"}, 20001),
        ({"PageSize": "1001"}, 20001),
        ({"Page": "x"}, 20001),
    ],
)
def test_refused_pages(query, code):
    """A page without its token, an invalid token and an invalid size raise an error."""
    with pytest.raises(ErrorReply) as caught:
        page(items(0, 1), **query)
    assert caught.value.code == code
