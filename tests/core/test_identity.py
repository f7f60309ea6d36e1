"""Tests of the comparison of a reply with its query."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, queries
from taskrouter_stats.core.endpoint import SID_PREFIXES
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.core.identity import Served, differences
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.core.request import path_for
from taskrouter_stats.models import Worker

ACCOUNT, OTHER_ACCOUNT = "AC" + "a" * 32, "AC" + "b" * 32
WORKSPACE, WORKER = "WS" + "1" * 32, "WK" + "2" * 32
QUEUES = ("WQ" + "1" * 32, "WQ" + "2" * 32)
START = datetime(2026, 11, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
HOUR = Window.between(START, START + timedelta(hours=1))


def served(headers=None, seconds=2.0):
    """Return the time of a reply that was made now, with those headers, after so many seconds."""
    return lambda: Served(headers or {}, NOW, seconds)


SERVED = served()


def sids_of(endpoint, letter):
    """Return SIDs for the path of an operation, all of one digit."""
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return tuple(SID_PREFIXES[name] + letter * 32 for name in names)


def make_any(endpoint, window=HOUR):
    """Return a query of any operation."""
    sids, window = sids_of(endpoint, "1"), window if endpoint.windowed else None
    if endpoint.items:
        return Listing(endpoint, sids, window)
    return Query(endpoint, sids, window, task_queue_sids=QUEUES if endpoint.part_sids else ())


def answered(query, letter="1", account=ACCOUNT, **changes):
    """Return the identity part of an answer with SIDs of that digit, in the operation's form."""
    answer = dict(zip(query.endpoint.answer_sids, sids_of(query.endpoint, letter), strict=True))
    answer = {"account_sid": account, **answer, **changes}
    return (
        {query.endpoint.items: [answer], "meta": {"next_page_url": None}}
        if query.endpoint.items
        else answer
    )


def with_url(query, url):
    """Return the right answer with a URL; a path gets a host, a prefix, capitals and a query."""
    if str(url).startswith("/v1/Workspaces"):
        url = f"https://gateway.example/x{url.upper()}?PageSize=50&Page=0"
    answer = answered(query)
    if query.endpoint.items:
        return {**answer, "meta": {**answer["meta"], "url": url}}
    return {**answer, "url": url}


def text(time):
    """Return a time as JSON text."""
    return time.isoformat().replace("+00:00", "Z")


def worker(window, start, end, when=SERVED):
    """Return how an answer with these times differs from a Worker's query of that window."""
    query = queries.worker_statistics(WORKSPACE, WORKER, window)
    times = {"start_time": text(start), "end_time": text(end)}
    return differences(query, ACCOUNT, {"cumulative": times}, when)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda one: one.name)
class TestEveryOperation:
    """Tests for every row of the table."""

    def test_the_right_answer_has_no_difference(self, endpoint):
        """An answer with the SIDs and the account of the query has no difference."""
        query = make_any(endpoint)
        assert differences(query, ACCOUNT, answered(query), SERVED) == []

    def test_another_account_differs(self, endpoint):
        """Another account differs, unless the credentials are an API key without an account."""
        query = make_any(endpoint)
        answer = answered(query, account=OTHER_ACCOUNT)
        [wrong] = differences(query, ACCOUNT, answer, SERVED)
        assert f"account_sid: requested {ACCOUNT}, got '{OTHER_ACCOUNT}'" in wrong
        assert differences(query, "SK" + "a" * 32, answer, SERVED) == []

    def test_the_url_of_another_operation_differs(self, endpoint):
        """A page, or an answer of the Workspace, with the URL of another operation differs."""
        query = make_any(endpoint)
        for path in {path_for(make_any(other)) for other in ENDPOINTS.values()}:
            wrong = differences(query, ACCOUNT, with_url(query, path), SERVED)
            if path == path_for(query) or (len(query.sids) > 1 and not endpoint.items):
                assert wrong == []
            else:
                [problem] = wrong
                assert f"url: requested {path_for(query)}, got 'https://" in problem

    @pytest.mark.parametrize("url", [None, 5, "", "x", "https://[", "https://h/", "/v1", "/x?y"])
    def test_a_url_without_a_path_of_the_api_is_not_compared(self, endpoint, url):
        """A value that is not a URL of the API has no difference here."""
        query = make_any(endpoint)
        assert differences(query, ACCOUNT, with_url(query, url), SERVED) == []

    def test_other_sids_differ(self, endpoint):
        """Each SID of the path is compared, and the difference names both SIDs."""
        query = make_any(endpoint)
        wrong = differences(query, ACCOUNT, answered(query, "f"), SERVED)
        assert len(wrong) == len(query.sids)
        for problem, name, sid in zip(wrong, endpoint.answer_sids, query.sids, strict=True):
            other = sid[:2] + "f" * 32
            assert problem.endswith(f".{name}: requested {sid}, got '{other}'")

    @pytest.mark.parametrize("nothing", [None, "left out"])
    def test_missing_values_are_not_compared(self, endpoint, nothing):
        """An answer without SIDs has no difference here: the model checks what is required."""
        query = make_any(endpoint)
        names = [*endpoint.answer_sids, "account_sid", "start_time", "end_time", "cumulative"]
        answer = {} if nothing else dict.fromkeys(names)
        answer = {endpoint.items: [answer]} if endpoint.items else answer
        assert differences(query, ACCOUNT, answer, SERVED) == []

    def test_other_times_differ(self, endpoint):
        """The times of another day differ, at the top level or below ``cumulative``."""
        query, day = make_any(endpoint), timedelta(days=1)
        times = {"start_time": text(START - day), "end_time": text(HOUR.end - day)}
        flat = differences(query, ACCOUNT, answered(query, **times), SERVED)
        below = differences(query, ACCOUNT, answered(query, cumulative=times), SERVED)
        assert len(flat) == len(below) == (2 if endpoint.windowed else 0)

    @pytest.mark.parametrize("junk", [None, [], "x", 5, {"workers": 5}, {"workers": [None, 3]}])
    def test_json_of_another_form_is_left_to_the_model(self, endpoint, junk):
        """JSON of another form has no difference here: the model names what is wrong."""
        assert differences(make_any(endpoint), ACCOUNT, junk, SERVED) == []


def test_a_bulk_answer_has_only_requested_queues():
    """A bulk answer may lack TaskQueues, but must not have one that was not requested."""
    [query] = queries.task_queues_bulk_real_time_statistics(WORKSPACE, QUEUES)
    asked = [{"task_queue_sid": sid} for sid in QUEUES]
    other = {"task_queue_sid": "WQ" + "3" * 32}
    for parts in ([], asked, asked[:1], asked[::-1], [{}], [None], None):
        assert differences(query, ACCOUNT, {"task_queue_data": parts}, SERVED) == []
    wrong = differences(query, ACCOUNT, {"task_queue_data": [*asked, other]}, SERVED)
    [problem] = wrong
    assert problem.startswith(f"$.task_queue_data[2].task_queue_sid: got '{'WQ' + '3' * 32}', ")


def test_a_page_of_another_workspace_differs_in_few_lines():
    """A page of another Workspace's items differs, and the error names the first items only."""
    listing = queries.workers(WORKSPACE)
    ours, other = {"sid": WORKER, "workspace_sid": WORKSPACE}, {"workspace_sid": "WS" + "f" * 32}
    wrong = differences(listing, ACCOUNT, {"workers": [other] * 1000}, SERVED)
    assert len(wrong) == 5
    assert wrong[0].startswith("$.workers[0].workspace_sid: requested WS1")
    assert differences(listing, ACCOUNT, {"workers": [other, ours]}, SERVED) == []


def test_an_account_other_than_the_listed_workers_differs():
    """For an API key without an account, the account of the listed Worker is compared."""
    query = queries.worker_statistics(WORKSPACE, WORKER, HOUR)
    query = attrs.evolve(query, context=Worker(sid=WORKER, account_sid=ACCOUNT))
    answer, key = answered(query, "2", OTHER_ACCOUNT, workspace_sid=WORKSPACE), "SK" + "a" * 32
    [wrong] = differences(query, key, answer, SERVED)
    assert wrong == f"$.account_sid: requested {ACCOUNT}, got '{OTHER_ACCOUNT}'"
    assert differences(query, key, {**answer, "account_sid": ACCOUNT}, SERVED) == []


def test_an_empty_page_of_another_list_differs():
    """A page without items differs by its URL: of another Workspace, or of other filters."""
    listing = queries.workers(WORKSPACE, activity_name="Idle")

    def empty(url):
        return differences(listing, ACCOUNT, {"workers": [], "meta": {"url": url}}, SERVED)

    [other] = empty(f"https://t/v1/Workspaces/WS{'f' * 32}/Workers?ActivityName=Idle&Page=0")
    assert other.startswith("$.meta.url: requested /v1/Workspaces/WS1")
    [filtered] = empty(f"https://t{path_for(listing)}?ActivityName=Busy")
    assert filtered.startswith("$.meta.url: not the filters of workers:WS1")
    assert empty(f"https://t{path_for(listing)}?ActivityName=Idle&PageSize=50") == []
    assert empty(f"https://t{path_for(listing)}") == []


def test_the_case_of_digits_does_not_matter():
    """A SID with its hexadecimal digits in the other case is the same SID."""
    query = queries.worker_statistics(WORKSPACE, "WK" + "ab" * 16, HOUR)
    assert differences(query, ACCOUNT, {"worker_sid": "WK" + "AB" * 16}, SERVED) == []


class TestTimes:
    """Tests of an answer's times against the window."""

    @given(st.floats(-59.9, 59.9), st.floats(-59.9, 59.9))
    def test_times_may_differ_by_less_than_a_minute(self, first, last):
        """Each time may differ from the requested one by less than a minute."""
        start, end = START + timedelta(seconds=first), HOUR.end + timedelta(seconds=last)
        assert worker(HOUR, start, end) == []

    @pytest.mark.parametrize("seconds", [-86400, -60, 60, 86400])
    def test_a_minute_is_another_window(self, seconds):
        """A difference of a minute or more is another window, and the error names both times."""
        off = timedelta(seconds=seconds)
        [start] = worker(HOUR, START + off, HOUR.end)
        [end] = worker(HOUR, START, HOUR.end + off)
        assert start == f"$.cumulative.start_time: requested {text(START)}, got {text(START + off)}"
        assert end.startswith(f"$.cumulative.end_time: requested {text(HOUR.end)}, got ")

    def test_a_future_end_may_become_the_present(self):
        """A future end may come back as the server's present; a past end may not."""
        today = Window.between(START, NOW + timedelta(hours=5))
        assert worker(today, START, NOW) == []
        assert worker(today, START, NOW + timedelta(hours=5)) == []
        assert worker(today, START, NOW + timedelta(hours=2))
        assert worker(today, START, NOW - timedelta(hours=2))
        assert worker(Window.between(START, NOW - timedelta(hours=1)), START, NOW)

    def test_a_future_window_may_become_the_present(self):
        """Both times of a future window may come back as the server's present."""
        later = Window.between(NOW + timedelta(hours=1), NOW + timedelta(hours=2))
        assert worker(later, NOW, NOW) == []

    def test_the_present_is_the_servers(self):
        """The ``Date`` header gives the server's present, so this machine's clock may be wrong."""
        ahead = NOW + timedelta(hours=3)
        told = served({"date": format_datetime(ahead, usegmt=True)})
        today = Window.between(START, ahead + timedelta(hours=5))
        assert worker(today, START, ahead, told) == []
        assert worker(today, START, NOW, told)

    @pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 +2400", "\udcff"])
    def test_without_a_date_the_local_clock_counts(self, date):
        """Without a readable ``Date``, this machine's clock replaces the server's."""
        today = Window.between(START, NOW + timedelta(hours=5))
        assert worker(today, START, NOW, served({"date": date})) == []

    def test_the_present_may_be_as_old_as_the_attempt(self):
        """The server's present may be as old as the attempt is long."""
        today = Window.between(START, NOW + timedelta(hours=5))
        end = NOW - timedelta(minutes=4)
        assert worker(today, START, end, served(seconds=300.0)) == []
        assert worker(today, START, end, served(seconds=3.0))

    @given(st.integers(0, 10**9), st.floats(-59, 59))
    def test_only_the_length_of_a_relative_window_counts(self, later, off):
        """For the last hour only the length is compared."""
        end = START + timedelta(seconds=later)
        start = end - timedelta(hours=1, seconds=off)
        assert worker(Window.last(hours=1), start, end) == []

    @pytest.mark.parametrize("minutes", [0, 15, 59, 61, 1440])
    def test_another_length_is_another_window(self, minutes):
        """Another length than an hour is another window than the last hour."""
        [wrong] = worker(Window.last(hours=1), NOW - timedelta(minutes=minutes), NOW)
        assert wrong.startswith("$.cumulative.end_time: requested the last 60 min, got 2026-")

    @pytest.mark.parametrize("odd", ["soon", 5, "", [], "9999-99-99T00:00:00Z"])
    def test_unreadable_times_are_not_compared(self, odd):
        """A value that is not a time is not compared here."""
        query = queries.worker_statistics(WORKSPACE, WORKER, HOUR)
        answer = {"cumulative": {"start_time": odd, "end_time": odd}}
        assert differences(query, ACCOUNT, answer, SERVED) == []

    @pytest.mark.parametrize("form", ["2026-11-01T08:00:00.500Z", "2026-11-01T10:00:00+02:00"])
    def test_other_texts_of_the_same_time_are_equal(self, form):
        """Fractions, offsets and a missing zone, which means UTC, are the same time."""
        query = queries.worker_statistics(WORKSPACE, WORKER, HOUR)
        for start in (form, "2026-11-01T08:00:00"):
            answer = {"cumulative": {"start_time": start, "end_time": text(HOUR.end)}}
            assert differences(query, ACCOUNT, answer, SERVED) == []
