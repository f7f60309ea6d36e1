"""Tests of pages: their items, and next pages that stay on our host."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import queries
from taskrouter_stats.core.paging import Page, read_page
from taskrouter_stats.errors import PayloadError

WORKSPACE = "WS" + "a" * 32
PATH = f"/v1/Workspaces/{WORKSPACE}/Workers"
LISTING = queries.workers(WORKSPACE)
hosts = st.sampled_from(
    ["", "//evil.example", "https://taskrouter.twilio.com", "http://u:p@evil:99999999", "file://"]
)
tails = st.text("/?#&=%;.@: \\\tPageToken123ü", max_size=12)
urls = st.text(max_size=30) | st.builds(
    "{}{}{}".format, hosts, st.sampled_from([PATH, PATH.lower(), "/v1/Workspaces"]), tails
)


def page(url, items=()):
    """Return a page whose next page is this URL."""
    return {"workers": list(items), "meta": {"next_page_url": url}}


def problems(payload):
    """Return the problems of a payload."""
    with pytest.raises(PayloadError) as caught:
        read_page(LISTING, payload)
    return caught.value.problems


@given(urls)
def test_only_the_listings_path_is_followed(url):
    """For any text in a reply, the next target has this list's path, or an error is raised."""
    try:
        target = read_page(LISTING, page(url)).next_target
    except PayloadError:
        return
    assert target is None or re.fullmatch(re.escape(PATH) + r"\?[!-~]*", target)
    assert target is None or "#" not in target


@pytest.mark.parametrize(
    "host", ["https://taskrouter.twilio.com", "http://127.0.0.1:1", "https://evil.example", ""]
)
def test_the_host_is_dropped(host):
    """The next target keeps the path and query of the URL, not its host."""
    url = f"{host}{PATH}?PageSize=50&Page=1&PageToken=PAWK%2Fx%3D"
    expected = f"{PATH}?PageSize=50&Page=1&PageToken=PAWK%2Fx%3D"
    assert read_page(LISTING, page(url)) == Page([], expected)


@pytest.mark.parametrize(
    "url",
    [
        f"https://taskrouter.twilio.com/v1/Workspaces/WS{'b' * 32}/Workers?Page=1",
        f"https://taskrouter.twilio.com{PATH}/?Page=1",
        f"https://taskrouter.twilio.com{PATH}/../Workers?Page=1",
        f"https://taskrouter.twilio.com{PATH};a?Page=1",
        f"https://taskrouter.twilio.com/{PATH}?Page=1",
        f"https://taskrouter.twilio.com{PATH.replace('W', '%57')}?Page=1",
        f"https://taskrouter.twilio.com{PATH}?Page=1\r\nX-Evil: 1",
        f"https://taskrouter.twilio.com{PATH}?Page=ü",
        f"https://taskrouter.twilio.com{PATH}?a b",
        f"\\\\evil.example{PATH}?Page=1",
        "https://[::1/",
        "https://taskrouter.twilio.com",
        "?Page=1",
        "nonsense",
    ],
)
def test_other_pages_are_refused(url):
    """Another path, a line end or another text is a payload error that quotes it."""
    (problem,) = problems(page(url))
    assert problem == f"$.meta.next_page_url: not a page of this list: {url!r}"


@pytest.mark.parametrize("url", [None, ""])
def test_a_list_ends_without_a_next_page(url):
    """A page without a next page is the last one."""
    assert read_page(LISTING, page(url, [{"sid": "x"}])) == Page([{"sid": "x"}], None)


@pytest.mark.parametrize("payload", [None, [], 5, "x", {}, {"workers": None}, {"workers": {}}])
def test_a_page_without_items_is_an_error(payload):
    """A page without its list is an error, not an empty page."""
    assert problems(payload) == ("$.workers: expected a list, got none",)


@pytest.mark.parametrize("rest", [{}, {"meta": None}])
def test_a_page_without_meta_is_an_error(rest):
    """A page without its meta object is an error, so a list never ends too early."""
    (problem,) = problems({"workers": [], **rest})
    assert problem.startswith("$.meta: missing")


@pytest.mark.parametrize(
    ("meta", "path"),
    [
        ([], "$.meta:"),
        ({"next_page_url": 5}, "$.meta.next_page_url:"),
        ({"next_page_url": ["x"]}, "$.meta.next_page_url:"),
    ],
)
def test_problems_of_meta_have_the_whole_path(meta, path):
    """A problem of the meta object is named by its path from the root of the reply."""
    (problem,) = problems({"workers": [], "meta": meta})
    assert problem.startswith(path)


@pytest.mark.parametrize("odd", [{"page": "first"}, {"key": 5}, {"url": []}, {"page_size": {}}])
def test_only_the_next_page_matters_in_meta(odd):
    """Values of the meta object that this package does not use may be anything."""
    payload = {"workers": [], "meta": {"next_page_url": None, **odd}}
    assert read_page(LISTING, payload) == Page([], None)


def test_a_next_page_must_be_known():
    """A meta object without the key of the next page does not say that the list ends."""
    (problem,) = problems({"workers": [], "meta": {}})
    assert problem.startswith("$.meta.next_page_url: missing")


@pytest.mark.parametrize("query", ["Available=true&Page=1", "Page=1&FriendlyName=x"])
def test_a_next_page_with_other_filters_is_refused(query):
    """A next page with a filter that the list does not have is refused."""
    (problem,) = problems(page(f"{PATH}?{query}"))
    assert problem.startswith("$.meta.next_page_url: not the filters")


def test_a_next_page_keeps_the_filters():
    """A next page may repeat the list's filters in any order, or leave them to its token."""
    listing = queries.workers(WORKSPACE, friendly_name="a b", available=True)
    for kept in ("Available=true&FriendlyName=a+b", "FriendlyName=a+b", "PageToken=x"):
        url = f"{PATH}?Page=1&{kept}"
        assert read_page(listing, page(url)).next_target == url
    with pytest.raises(PayloadError, match="not the filters"):
        read_page(listing, page(f"{PATH}?Available=true&FriendlyName=b&Page=1"))


def test_items_are_not_read_yet():
    """Reading a page does not read its items, so one bad item does not make it fail."""
    items = [None, 5, {"sid": "x"}]
    assert read_page(LISTING, page(None, items)).items == items


def test_a_long_url_is_not_quoted_whole():
    """The error about a very long URL is short."""
    (problem,) = problems(page("x" * 10**6))
    assert len(problem) < 300
