"""Kind 6: a list of Workers that can't be read in full costs only the Workers that it hides."""

import pytest

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.etl import JsonLinesSink, ParquetSink

from .exports import day, everybody, export, lying, statistics_asked, stored
from .raw_server import RawServer, error, page, worker

WINDOWS = [day(5), day(4), day(3)]


def with_a_bad_item(question):
    """Answer with a list of Workers whose third item has no SID."""
    if not question.lists_workers:
        return None
    return page("workers", [worker(0), worker(1), {**worker(2), "sid": None}])


def without_its_second_page(question):
    """Answer with a list of Workers whose second page is not a page."""
    if not question.lists_workers:
        return None
    if "PageToken" in question.params:
        return page("activities", [])
    following = f"https://taskrouter.twilio.com{question.path}?PageSize=2&PageToken=2"
    return page("workers", [worker(0), worker(1)], following)


@pytest.mark.parametrize("lie", [with_a_bad_item, without_its_second_page])
async def test_every_window_of_the_listed_workers_is_stored(tmp_path, lie):
    """An export stores every window of the Workers it could read, and then raises the error."""
    path = tmp_path / "rows.jsonl"
    with RawServer(lying(0, lie)).running() as server:
        with pytest.raises(PayloadError, match="workers"):
            await export(server, JsonLinesSink(path), WINDOWS)
        assert statistics_asked(server) == 2 * 3
        with pytest.raises(PayloadError, match="workers"):
            await export(server, JsonLinesSink(path), WINDOWS)
        assert statistics_asked(server) == 2 * 3
    assert stored(path) == everybody(2, *WINDOWS)


async def test_a_list_without_workers_still_raises_its_error(tmp_path):
    """A list that can't be read at all ends the export with its error, and no window is asked."""
    with RawServer(lying(0, lambda q: page("x", []) if q.lists_workers else None)).running() as one:
        with pytest.raises(PayloadError, match="workers"):
            await export(one, ParquetSink(tmp_path), WINDOWS)
        assert statistics_asked(one) == 0


async def test_a_failed_list_ends_the_export_at_once(tmp_path):
    """An error of the server in place of the list is not a fact about Workers: the run ends."""

    def lie(question):
        return error(500, 20500) if question.lists_workers else None

    with RawServer(lying(0, lie)).running() as server:
        with pytest.raises(Exception, match="20500"):
            await export(server, JsonLinesSink(tmp_path / "rows.jsonl"), WINDOWS)
        assert statistics_asked(server) == 0
