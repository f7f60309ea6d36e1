"""Whether a reply answers the query that was asked."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, queries
from taskrouter_stats.core.endpoint import SID_PREFIXES
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.core.identity import Served, differences
from taskrouter_stats.core.query import Listing, Query

ACCOUNT, OTHER_ACCOUNT = "AC" + "a" * 32, "AC" + "b" * 32
WORKSPACE, WORKER = "WS" + "1" * 32, "WK" + "2" * 32
QUEUES = ("WQ" + "1" * 32, "WQ" + "2" * 32)
START = datetime(2026, 11, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
HOUR = Window.between(START, START + timedelta(hours=1))


def served(headers=None, seconds=2.0):
    """A reply that was made now, with those headers, after so many seconds."""
    return lambda: Served(headers or {}, NOW, seconds)


SERVED = served()


def sids_of(endpoint, letter):
    """SIDs for the path of an operation, all of one letter."""
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return tuple(SID_PREFIXES[name] + letter * 32 for name in names)


def question(endpoint, window=HOUR):
    """A question to any operation."""
    sids, window = sids_of(endpoint, "1"), window if endpoint.windowed else None
    if endpoint.items:
        return Listing(endpoint, sids, window)
    return Query(endpoint, sids, window, task_queue_sids=QUEUES if endpoint.part_sids else ())


def answered(ask, letter="1", account=ACCOUNT, **changes):
    """What an answer with SIDs of that letter says of itself, in the operation's form."""
    said = dict(zip(ask.endpoint.answer_sids, sids_of(ask.endpoint, letter), strict=True))
    said = {"account_sid": account, **said, **changes}
    return {ask.endpoint.items: [said], "meta": {}} if ask.endpoint.items else said


def text(time):
    """A time as JSON has it."""
    return time.isoformat().replace("+00:00", "Z")


def worker(window, start, end, when=SERVED):
    """How an answer for one worker with these times differs from a question for that window."""
    query = queries.worker_statistics(WORKSPACE, WORKER, window)
    times = {"start_time": text(start), "end_time": text(end)}
    return differences(query, ACCOUNT, {"cumulative": times}, when)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda one: one.name)
class TestEveryOperation:
    """Each row of the table says where its answers name themselves."""

    def test_its_own_answer(self, endpoint):
        """An answer with the SIDs and the account of the question differs in nothing."""
        ask = question(endpoint)
        assert differences(ask, ACCOUNT, answered(ask), SERVED) == []

    def test_another_account(self, endpoint):
        """Another account's answer differs, unless an API key names no account."""
        ask = question(endpoint)
        said = answered(ask, account=OTHER_ACCOUNT)
        [wrong] = differences(ask, ACCOUNT, said, SERVED)
        assert f"account_sid: asked for {ACCOUNT}, got '{OTHER_ACCOUNT}'" in wrong
        assert differences(ask, "SK" + "a" * 32, said, SERVED) == []

    def test_other_sids(self, endpoint):
        """Each SID of the path is compared, and the difference names both."""
        ask = question(endpoint)
        wrong = differences(ask, ACCOUNT, answered(ask, "f"), SERVED)
        assert len(wrong) == len(ask.sids)
        for problem, name, sid in zip(wrong, endpoint.answer_sids, ask.sids, strict=True):
            other = sid[:2] + "f" * 32
            assert problem.endswith(f".{name}: asked for {sid}, got '{other}'")

    @pytest.mark.parametrize("nothing", [None, "left out"])
    def test_what_is_not_said(self, endpoint, nothing):
        """An answer that names nothing is left to the model, which knows what may be missing."""
        ask = question(endpoint)
        names = [*endpoint.answer_sids, "account_sid", "start_time", "end_time", "cumulative"]
        said = {} if nothing else dict.fromkeys(names)
        said = {endpoint.items: [said]} if endpoint.items else said
        assert differences(ask, ACCOUNT, said, SERVED) == []

    def test_other_times(self, endpoint):
        """Where a window is taken, the times of another day differ, flat or below cumulative."""
        ask, day = question(endpoint), timedelta(days=1)
        times = {"start_time": text(START - day), "end_time": text(HOUR.end - day)}
        flat = differences(ask, ACCOUNT, answered(ask, **times), SERVED)
        below = differences(ask, ACCOUNT, answered(ask, cumulative=times), SERVED)
        assert len(flat) == len(below) == (2 if endpoint.windowed else 0)

    @pytest.mark.parametrize("junk", [None, [], "x", 5, {"workers": 5}, {"workers": [None, 3]}])
    def test_what_is_no_answer_at_all(self, endpoint, junk):
        """JSON of any other form is left to the model, which names what is wrong."""
        assert differences(question(endpoint), ACCOUNT, junk, SERVED) == []


def test_an_answer_names_the_queues_that_were_asked():
    """A bulk answer may leave queues out, and has none that was not asked for."""
    [query] = queries.task_queues_bulk_real_time_statistics(WORKSPACE, QUEUES)
    asked = [{"task_queue_sid": sid} for sid in QUEUES]
    other = {"task_queue_sid": "WQ" + "3" * 32}
    for parts in ([], asked, asked[:1], asked[::-1], [{}], [None], None):
        assert differences(query, ACCOUNT, {"task_queue_data": parts}, SERVED) == []
    wrong = differences(query, ACCOUNT, {"task_queue_data": [*asked, other]}, SERVED)
    [problem] = wrong
    assert problem.startswith(f"$.task_queue_data[2].task_queue_sid: got '{'WQ' + '3' * 32}', ")


def test_a_page_of_another_workspace():
    """A page whose items are all another Workspace's answers another query, told in a few lines."""
    listing = queries.workers(WORKSPACE)
    ours, other = {"sid": WORKER, "workspace_sid": WORKSPACE}, {"workspace_sid": "WS" + "f" * 32}
    wrong = differences(listing, ACCOUNT, {"workers": [other] * 1000}, SERVED)
    assert len(wrong) == 5
    assert wrong[0].startswith("$.workers[0].workspace_sid: asked for WS1")
    assert differences(listing, ACCOUNT, {"workers": [other, ours]}, SERVED) == []


def test_the_case_of_digits_does_not_matter():
    """A SID whose hexadecimal digits stand in the other case is the same SID."""
    query = queries.worker_statistics(WORKSPACE, "WK" + "ab" * 16, HOUR)
    assert differences(query, ACCOUNT, {"worker_sid": "WK" + "AB" * 16}, SERVED) == []


class TestTimes:
    """What may follow from a window."""

    @given(st.floats(-59.9, 59.9), st.floats(-59.9, 59.9))
    def test_rounding(self, first, last):
        """Each time may lie less than a minute from the one asked for: seconds or minutes cut."""
        start, end = START + timedelta(seconds=first), HOUR.end + timedelta(seconds=last)
        assert worker(HOUR, start, end) == []

    @pytest.mark.parametrize("seconds", [-86400, -60, 60, 86400])
    def test_more_than_rounding(self, seconds):
        """A minute or more is another window, and the difference names both times."""
        off = timedelta(seconds=seconds)
        [start] = worker(HOUR, START + off, HOUR.end)
        [end] = worker(HOUR, START, HOUR.end + off)
        assert start == f"$.cumulative.start_time: asked for {text(START)}, got {text(START + off)}"
        assert end.startswith(f"$.cumulative.end_time: asked for {text(HOUR.end)}, got ")

    def test_an_end_in_the_future(self):
        """It may come back as the server's present; an end that has passed may not."""
        today = Window.between(START, NOW + timedelta(hours=5))
        assert worker(today, START, NOW) == []
        assert worker(today, START, NOW + timedelta(hours=5)) == []
        assert worker(today, START, NOW + timedelta(hours=2))
        assert worker(today, START, NOW - timedelta(hours=2))
        assert worker(Window.between(START, NOW - timedelta(hours=1)), START, NOW)

    def test_a_window_in_the_future(self):
        """Both its times may come back as the server's present."""
        later = Window.between(NOW + timedelta(hours=1), NOW + timedelta(hours=2))
        assert worker(later, NOW, NOW) == []

    def test_the_present_is_the_server_s(self):
        """Its Date header tells it, so this machine's clock may be wrong by hours."""
        ahead = NOW + timedelta(hours=3)
        told = served({"date": format_datetime(ahead, usegmt=True)})
        today = Window.between(START, ahead + timedelta(hours=5))
        assert worker(today, START, ahead, told) == []
        assert worker(today, START, NOW, told)

    @pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 +2400", "\udcff"])
    def test_a_date_that_is_none(self, date):
        """Without a readable Date this machine's clock stands in for the server's."""
        today = Window.between(START, NOW + timedelta(hours=5))
        assert worker(today, START, NOW, served({"date": date})) == []

    def test_a_slow_answer(self):
        """The server's present may be as old as the attempt."""
        today = Window.between(START, NOW + timedelta(hours=5))
        end = NOW - timedelta(minutes=4)
        assert worker(today, START, end, served(seconds=300.0)) == []
        assert worker(today, START, end, served(seconds=3.0))

    @given(st.integers(0, 10**9), st.floats(-59, 59))
    def test_a_relative_window(self, later, off):
        """Of the last hour only the length is compared."""
        end = START + timedelta(seconds=later)
        start = end - timedelta(hours=1, seconds=off)
        assert worker(Window.last(hours=1), start, end) == []

    @pytest.mark.parametrize("minutes", [0, 15, 59, 61, 1440])
    def test_another_length(self, minutes):
        """Another length than that of the last hour is another window."""
        [wrong] = worker(Window.last(hours=1), NOW - timedelta(minutes=minutes), NOW)
        assert wrong.startswith("$.cumulative.end_time: asked for the last 60 min, got 2026-")

    @pytest.mark.parametrize("odd", ["soon", 5, "", [], "9999-99-99T00:00:00Z"])
    def test_times_that_are_none(self, odd):
        """What is not a time is left to the model."""
        query = queries.worker_statistics(WORKSPACE, WORKER, HOUR)
        said = {"cumulative": {"start_time": odd, "end_time": odd}}
        assert differences(query, ACCOUNT, said, SERVED) == []

    @pytest.mark.parametrize("form", ["2026-11-01T08:00:00.500Z", "2026-11-01T10:00:00+02:00"])
    def test_other_forms_of_the_same_time(self, form):
        """Fractions, offsets and a missing zone, which is UTC, are the same time."""
        query = queries.worker_statistics(WORKSPACE, WORKER, HOUR)
        for start in (form, "2026-11-01T08:00:00"):
            said = {"cumulative": {"start_time": start, "end_time": text(HOUR.end)}}
            assert differences(query, ACCOUNT, said, SERVED) == []
