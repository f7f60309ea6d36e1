"""Pages of a list, and that a reply never sends us elsewhere."""

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
    """Return a page's payload that names this page as the next."""
    return {"workers": list(items), "meta": {"next_page_url": url}}


def problems(payload):
    """Return what is wrong with a payload."""
    with pytest.raises(PayloadError) as caught:
        read_page(LISTING, payload)
    return caught.value.problems


@given(urls)
def test_only_the_listings_own_path_is_followed(url):
    """Whatever a reply names, the next target is this list's path on our host, or an error."""
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
    """Path and query of the named page are kept as they are, its host is not."""
    url = f"{host}{PATH}?PageSize=50&Page=1&PageToken=PAWK%2Fx%3D&Name=a%20b"
    expected = f"{PATH}?PageSize=50&Page=1&PageToken=PAWK%2Fx%3D&Name=a%20b"
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
        f"https://taskrouter.twilio.com{PATH}?Name=ü",
        f"https://taskrouter.twilio.com{PATH}?a b",
        f"\\\\evil.example{PATH}?Page=1",
        "https://[::1/",
        "https://taskrouter.twilio.com",
        "?Page=1",
        "nonsense",
    ],
)
def test_other_pages_are_refused(url):
    """Another path, a line end or no URL at all is a payload error that quotes it."""
    (problem,) = problems(page(url))
    assert problem == f"$.meta.next_page_url: not a page of this list: {url!r}"


@pytest.mark.parametrize("url", [None, ""])
def test_the_last_page(url):
    """Without a next page the list ends."""
    assert read_page(LISTING, page(url, [{"sid": "x"}])) == Page([{"sid": "x"}], None)


@pytest.mark.parametrize("payload", [None, [], 5, "x", {}, {"workers": None}, {"workers": {}}])
def test_a_page_without_items(payload):
    """A page that lacks its list is an error, not an empty page."""
    assert problems(payload) == ("$.workers: a list is missing",)


@pytest.mark.parametrize("rest", [{}, {"meta": None}])
def test_a_page_without_meta(rest):
    """A list never ends as if complete when nothing says that it does."""
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
    """What is wrong in the meta object is named from the root of the reply."""
    (problem,) = problems({"workers": [], "meta": meta})
    assert problem.startswith(path)


@pytest.mark.parametrize("odd", [{"page": "first"}, {"key": 5}, {"url": []}, {"page_size": {}}])
def test_only_the_next_page_matters_in_meta(odd):
    """What this package never uses of the meta object may hold anything."""
    payload = {"workers": [], "meta": {"next_page_url": None, **odd}}
    assert read_page(LISTING, payload) == Page([], None)


def test_items_are_left_as_they_are():
    """Items are not looked at yet: one bad item does not spoil its page."""
    items = [None, 5, {"sid": "x"}]
    assert read_page(LISTING, page(None, items)).items == items


def test_a_long_url_is_not_quoted_whole():
    """An error about an endless URL is still short."""
    (problem,) = problems(page("x" * 10**6))
    assert len(problem) < 300
