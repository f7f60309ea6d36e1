"""Questions are values: equal, hashable, picklable, with a key that names them."""

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
questions = listings | statistics


@given(questions, questions)
def test_keys_are_equal_exactly_for_equal_questions(first, second):
    """Two questions have one key when they are one question, and only then."""
    assert (first.key == second.key) == (first == second)
    assert first != second or hash(first) == hash(second)


@given(names, names)
def test_a_value_can_not_pass_for_another_parameter(name, queue):
    """A filter's value that looks like a further parameter has a key of its own."""
    both = queries.workers(WORKSPACE, friendly_name=name, task_queue_name=queue)
    one = queries.workers(WORKSPACE, friendly_name=f"{name}&TaskQueueName={queue}")
    assert both.key != one.key


@given(questions)
def test_keys_are_one_line_of_ascii(question):
    """A key can stand in a file, a log line or a database column."""
    assert question.key.isascii()
    assert question.key.isprintable()


def test_keys_are_stable():
    """The key of a question is this text, in any process and version."""
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


@given(questions)
def test_questions_pickle(question):
    """A question arrives in another process as the same question."""
    arrived = pickle.loads(pickle.dumps(question))
    assert (arrived, arrived.key, type(arrived)) == (question, question.key, type(question))
    assert arrived.endpoint is question.endpoint


def test_context_is_no_part_of_the_question():
    """What the caller wants back is outside equality, hash and key, and travels along."""
    plain = queries.worker_statistics(WORKSPACE, WORKER)
    query = attrs.evolve(plain, context=Worker(sid=WORKER, links={"a": []}))
    assert (query, hash(query), query.key) == (plain, hash(plain), plain.key)
    assert pickle.loads(pickle.dumps(query)).context == query.context


def test_during_asks_the_same_of_another_time():
    """Only the window changes; context and filters stay."""
    query = attrs.evolve(
        queries.worker_statistics(WORKSPACE, WORKER, task_channel="voice"), context="c"
    )
    later = query.with_window(Window.last(hours=1))
    assert later == queries.worker_statistics(
        WORKSPACE, WORKER, Window.last(hours=1), task_channel="voice"
    )
    assert (later.context, type(later)) == ("c", Query)


@given(questions)
def test_questions_are_immutable(question):
    """A question can't be changed, only evolved."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        question.sids = ()


@given(questions)
def test_repr_names_the_question(question):
    """A question shows its kind and its key."""
    assert repr(question) == f"<{type(question).__name__} {question.key}>"


def test_a_query_is_no_listing():
    """The two kinds of question are never equal and never take each other's place."""
    query, listing = queries.worker_statistics(WORKSPACE, WORKER), queries.workers(WORKSPACE)
    assert not isinstance(query, Listing)
    assert not isinstance(listing, Query)
    assert Query(listing.endpoint, listing.sids) != listing


@given(questions)
def test_sids_of_a_question(question):
    """A question knows its workspace and its innermost SID."""
    assume(question.sids)
    assert question.workspace_sid == question.sids[0]
    assert question.sid == question.sids[-1]


def test_the_page_size_is_no_part_of_the_question():
    """Two listings that differ in their page size alone are equal and have one key."""
    small, large = queries.workers(WORKSPACE, page_size=5), queries.workers(WORKSPACE)
    assert (small, small.key) == (large, large.key)
