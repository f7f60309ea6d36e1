"""Listings from a hostile or faulty server."""

import pytest

from taskrouter_stats import RetryPolicy, errors, queries
from tests.support.fakes import (
    REQUEST_ID,
    WORKERS_PATH,
    WORKSPACE,
    FakeTransport,
    pages,
    read,
    reply,
    session_over,
    trouble,
    worker_sid,
)
from tests.support.virtual import virtual

SIDS = [worker_sid(number) for number in range(10)]
HERE = f"https://taskrouter.twilio.com{WORKERS_PATH}"
LISTING = queries.workers(WORKSPACE, page_size=3)


class TestHostileServers:
    """A reply's values are checked before use."""

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/v1/Workspaces?Page=1",
            f"{HERE}/../../secret?Page=1",
            f"{HERE}/WK1?Page=1",
            "/v2/other",
            "http://[",
            f"{HERE}?Page=1\r\nHost: evil",
            f"{HERE}?Page=\x00",
            7,
            {"a": 1},
        ],
    )
    @virtual
    async def test_another_path_is_refused(self, url):
        """A next page with another path is a PayloadError, and the session does not request it."""
        transport = FakeTransport(pages(SIDS, 3, next_url=lambda _: url))
        async with session_over(transport) as session:
            found, error = await read(session.iterate(LISTING))
        assert isinstance(error, errors.PayloadError)
        assert error.request_id == REQUEST_ID
        assert "next_page_url" in str(error)
        assert len(transport.sent) == 1
        assert found == []

    @virtual
    async def test_another_host_is_never_contacted(self):
        """Of a next page on another host, only path and query are used."""
        urls = [f"https://evil.example:1{WORKERS_PATH}?Page={n}" for n in (1, 2, 3)] + [None]
        transport = FakeTransport(pages(SIDS, 3, next_url=lambda page: urls[page]))
        async with session_over(transport) as session:
            assert await read(session.iterate(LISTING)) == (SIDS, None)
        assert [request.target for request in transport.sent[1:]] == [
            f"{WORKERS_PATH}?Page={n}" for n in (1, 2, 3)
        ]

    @pytest.mark.parametrize("back_to", ["PageSize=3", "Page=1", "Page=2"])
    @virtual
    async def test_a_repeated_page_ends_the_list(self, back_to):
        """A next page that was already read ends the list with an error after its items."""
        urls = [f"{HERE}?Page=1", f"{HERE}?Page=2", f"{HERE}?{back_to}"]
        transport = FakeTransport(pages(SIDS, 3, next_url=lambda page: urls[page]))
        async with session_over(transport) as session:
            items = session.iterate(LISTING)
            found, error = await read(items)
        assert (found, len(transport.sent), items.total) == (SIDS[:9], 3, None)
        assert "names a next page that was read before" in str(error)
        assert f"the list {LISTING.key}" in str(error)

    @virtual
    async def test_a_page_that_names_itself_ends_the_list(self):
        """A first page that names itself as its next page is an error and is not read again."""
        transport = FakeTransport(pages(SIDS, 3, next_url=lambda _: f"{HERE}?PageSize=3"))
        async with session_over(transport) as session:
            found, error = await read(session.iterate(LISTING))
        assert (found, type(error)) == (SIDS[:3], errors.PayloadError)
        assert len(transport.sent) == 1

    @pytest.mark.parametrize("sids", [[], SIDS[:3], SIDS[1:2]], ids=["nothing", "all", "one"])
    @virtual
    async def test_a_page_that_brings_nothing_new_ends_the_list(self, sids):
        """A page without new items that names a further page is an error after all items."""
        chunks = [SIDS[:3], sids]
        answers = iter(
            {
                "workers": [{"sid": sid} for sid in chunk],
                "meta": {"next_page_url": f"{HERE}?Page={number}"},
            }
            for number, chunk in enumerate(chunks)
        )
        transport = FakeTransport(lambda _: reply(200, next(answers)))
        async with session_over(transport) as session:
            found, error = await read(session.iterate(LISTING))
        assert (found, len(transport.sent)) == (SIDS[:3], 2)
        assert "a page that brought nothing new" in str(error)

    @virtual
    async def test_an_item_on_two_pages_counts_once(self):
        """An item that moved to the next page during the read is delivered once."""
        shifted = [SIDS[0], SIDS[1], SIDS[2], SIDS[2], SIDS[3], SIDS[4], SIDS[4]]
        async with session_over(FakeTransport(pages(shifted, 3))) as session:
            items = session.iterate(LISTING)
            assert await read(items) == (SIDS[:5], None)
            assert items.total == 5

    @virtual
    async def test_an_item_of_another_workspace_is_left_out(self):
        """A Worker of another Workspace than the list's is reported in an error, not delivered."""
        workers = [{"sid": SIDS[0], "workspace_sid": "WS" + "9" * 32}, {"sid": SIDS[1]}]
        page = reply(200, {"workers": workers, "meta": {"next_page_url": None}})
        async with session_over(FakeTransport(lambda _: page)) as session:
            found, error = await read(session.iterate(LISTING))
        assert found == SIDS[1:2]
        assert f"$.workers[].workspace_sid: expected {WORKSPACE}, got " in str(error)

    @virtual
    async def test_an_empty_token_ends_the_list(self, caplog):
        """A next page with an empty token ends the list."""
        url = f"{HERE}?PageSize=3&Page=1&PageToken="
        transport = FakeTransport(pages(SIDS, 3, next_url=lambda _: url))
        async with session_over(transport) as session:
            assert await read(session.iterate(LISTING)) == (SIDS[:3], None)
        assert (len(transport.sent), caplog.text) == (1, "")

    @virtual
    async def test_a_large_page_that_fails_is_fetched_smaller(self):
        """A page of 1,000 items that gets a 500 is fetched once more with 100."""
        full_pages = pages(SIDS, 20)

        def answer(request):
            return trouble(500) if "PageSize=1000" in request.target else full_pages(request)

        transport = FakeTransport(answer)
        policy = RetryPolicy(attempts=2)
        async with session_over(transport, retry=policy) as session:
            assert await read(session.iterate(queries.workers(WORKSPACE))) == (SIDS, None)
        sizes = [request.target.partition("PageSize=")[2] for request in transport.sent]
        assert sizes == ["1000", "1000", "100"]

    @virtual
    async def test_a_small_page_that_fails_is_an_error(self):
        """A small page that gets a 500 in each attempt raises the error."""
        transport = FakeTransport(lambda _: trouble(500))
        async with session_over(transport, retry=RetryPolicy(attempts=2)) as session:
            found, error = await read(session.iterate(LISTING))
        assert (found, type(error)) == ([], errors.ServerError)
        assert len(transport.sent) == 2

    @pytest.mark.parametrize(
        "body",
        [
            [],
            {},
            {"workers": []},
            {"workers": {}, "meta": {"next_page_url": None}},
            {"workers": [], "meta": []},
            {"workers": None, "meta": {"next_page_url": None}},
            {"workers": [], "meta": {"next_page_url": [1]}},
            {"workers": [3], "meta": {"next_page_url": None}},
        ],
        ids=repr,
    )
    @virtual
    async def test_a_malformed_page_is_an_error(self, body):
        """A page without a list, or without ``next_page_url``, is an error, not the end."""
        async with session_over(FakeTransport(lambda _: reply(200, body))) as session:
            found, error = await read(session.iterate(LISTING))
        assert isinstance(error, errors.PayloadError)
        assert found == []
