"""Tests of queries as values: equal, hashable, picklable, with a key."""

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskrouter_stats import Listing, Query, Window, queries
from taskrouter_stats.models import Worker

WORKSPACE, WORKER = "WS" + "a" * 32, "WK" + "b" * 32
tricky = st.text("ab&=%+?/: ü", min_size=1, max_size=6)
names = tricky | tricky.map(lambda text: f"a&TaskQueueName={text}")
sids = st.sampled_from(["WS" + digit * 32 for digit in "abA"])
listings = st.builds(
    queries.workers,
    sids,
    friendly_name=st.none() | names,
    task_queue_name=st.none() | names,
    available=st.none() | st.booleans(),
)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
windows = st.builds(Window.last, minutes=st.integers(1, 3)) | st.sampled_from(
    Window.last(hours=3).at(NOON).split(hours=1)
)
statistics = st.builds(
    queries.worker_statistics,
    sids,
    st.sampled_from([WORKER, "WK" + "c" * 32]),
    windows,
    task_channel=st.none() | names,
)
any_queries = listings | statistics


@given(any_queries, any_queries)
def test_keys_are_equal_exactly_for_equal_queries(first, second):
    """Two queries have the same key exactly if they are equal."""
    assert (first.key == second.key) == (first == second)
    assert first != second or hash(first) == hash(second)


@given(names, names)
def test_a_value_cannot_look_like_another_parameter(name, queue):
    """A filter's value that looks like another parameter changes the key."""
    both = queries.workers(WORKSPACE, friendly_name=name, task_queue_name=queue)
    one = queries.workers(WORKSPACE, friendly_name=f"{name}&TaskQueueName={queue}")
    assert both.key != one.key


@given(any_queries)
def test_keys_are_one_line_of_ascii(query):
    """A key fits into a file name, a log line or a database column."""
    assert query.key.isascii()
    assert query.key.isprintable()


def test_keys_are_stable():
    """The key of a query is this text, in any process and version."""
    query = queries.worker_statistics(WORKSPACE, WORKER, task_channel="voice")
    listing = queries.workers(WORKSPACE, available=True)
    assert query.key == (f"worker_statistics:{WORKSPACE}/{WORKER}:last 15 min:TaskChannel=voice")
    assert listing.key == f"workers:{WORKSPACE}::Available=true"


def test_keys_do_not_depend_on_the_process():
    """Another process with another hash seed makes the same key."""
    code = (
        "from taskrouter_stats import queries as q;"
        f"print(q.workers({WORKSPACE!r}, ordering='x', available=True, friendly_name='a&b').key)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = queries.workers(WORKSPACE, friendly_name="a&b", available=True, ordering="x").key
    assert run.stdout == here + "\n"


@given(any_queries)
def test_queries_pickle(query):
    """A pickled query is equal to the original and has the same row."""
    arrived = pickle.loads(pickle.dumps(query))
    assert (arrived, arrived.key, type(arrived)) == (query, query.key, type(query))
    assert arrived.endpoint is query.endpoint


def test_context_is_not_compared():
    """The context is not part of equality, hash and key, but pickles with the query."""
    plain = queries.worker_statistics(WORKSPACE, WORKER)
    query = attrs.evolve(plain, context=Worker(sid=WORKER, links={"a": []}))
    assert (query, hash(query), query.key) == (plain, hash(plain), plain.key)
    assert pickle.loads(pickle.dumps(query)).context == query.context


def test_with_window_changes_only_the_window():
    """``with_window`` changes only the window; context and filters stay."""
    query = attrs.evolve(
        queries.worker_statistics(WORKSPACE, WORKER, task_channel="voice"), context="c"
    )
    later = query.with_window(Window.last(hours=1))
    assert later == queries.worker_statistics(
        WORKSPACE, WORKER, Window.last(hours=1), task_channel="voice"
    )
    assert (later.context, type(later)) == ("c", Query)


@given(any_queries)
def test_queries_are_immutable(query):
    """A query cannot be changed."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        query.sids = ()


@given(any_queries)
def test_repr_names_the_query(query):
    """The ``repr`` shows the class and the key."""
    assert repr(query) == f"<{type(query).__name__} {query.key}>"


def test_a_query_is_not_a_listing():
    """A query and a listing are never equal and never replace each other."""
    query, listing = queries.worker_statistics(WORKSPACE, WORKER), queries.workers(WORKSPACE)
    assert not isinstance(query, Listing)
    assert not isinstance(listing, Query)
    assert Query(listing.endpoint, listing.sids) != listing


@given(any_queries)
def test_queries_know_their_sids(query):
    """A query knows its Workspace and its last SID."""
    assume(query.sids)
    assert query.workspace_sid == query.sids[0]
    assert query.sid == query.sids[-1]


def test_the_page_size_is_not_compared():
    """Two listings that differ only in their page size are equal and have one key."""
    small, large = queries.workers(WORKSPACE, page_size=5), queries.workers(WORKSPACE)
    assert (small, small.key) == (large, large.key)
