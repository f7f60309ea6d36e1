"""Tests of the table of operations and its agreement with the constructors."""

import inspect
import pickle
import re

import pytest

from taskrouter_stats import queries
from taskrouter_stats.core.endpoint import SID_PREFIXES
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.models.sids import KINDS

each_row = pytest.mark.parametrize("row", ENDPOINTS.values(), ids=lambda row: row.name)


def test_rows_are_found_by_their_names():
    """Every row is found under its name, in the table's order."""
    assert [row.name for row in ENDPOINTS.values()] == list(ENDPOINTS)


def test_every_row_has_a_constructor():
    """`queries` has a constructor for each row, with the row's name."""
    assert sorted(ENDPOINTS) == sorted(queries.__all__)


@each_row
def test_paths_are_absolute_with_known_sids(row):
    """A path begins with the version, and each name in braces has a known kind of SID."""
    places = re.findall(r"\{(\w+)\}", row.path)
    assert re.fullmatch(r"/v1(/(\w+|\{\w+\}))+", row.path)
    assert {SID_PREFIXES[place] for place in places} <= KINDS.keys()


@each_row
def test_constructors_take_the_parameters_of_the_row(row):
    """A constructor takes the SIDs, the window and the filters of its row, and nothing else."""
    parameters = inspect.signature(getattr(queries, row.name)).parameters
    expected = {*re.findall(r"\{(\w+)\}", row.path), *row.filters}
    expected |= {"window"} if row.windowed else set()
    expected |= {"page_size"} if row.items else set()
    expected |= {"task_queue_sids"} if row.method == "POST" else set()
    assert parameters.keys() == expected


@each_row
def test_filters_are_keyword_only(row):
    """Filters are keyword-only, so their order does not matter."""
    parameters = inspect.signature(getattr(queries, row.name)).parameters
    kinds = {parameters[name].kind for name in row.filters}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


@each_row
def test_url_names_of_filters_are_unique(row):
    """No two filters share a name in the URL or use one of the window's or the page's."""
    names = [rule.parameter for rule in row.filters.values()]
    assert len(set(names)) == len(names)
    assert not {"Minutes", "StartDate", "EndDate", "PageSize", "Page", "PageToken"} & set(names)


@each_row
def test_a_get_is_retry_safe(row):
    """A GET may be sent twice."""
    assert row.method != "GET" or row.retry_safe


@each_row
def test_rows_pickle_to_themselves(row):
    """A row that was pickled and loaded is the same object."""
    assert pickle.loads(pickle.dumps(row)) is row


def test_resource_keys_are_unique():
    """No two rows and filters share a resource key."""
    keys = [row.resource_key for row in ENDPOINTS.values()]
    keys += [f.resource_key for r in ENDPOINTS.values() for f in r.filters.values()]
    named = [key for key in keys if key is not None]
    assert len(set(named)) == len(named)


def test_documented_resource_keys_are_used():
    """A resource key that Twilio documents is used as documented."""
    workers = ENDPOINTS["workers"].filters["target_workers_expression"]
    task_queues = ENDPOINTS["task_queues"].filters["evaluate_worker_attributes"]
    assert workers.resource_key == "Worker-List-TargetWorkersExpression"
    assert task_queues.resource_key == "TaskQueue-List-EvaluateWorkerAttributes"
    assert ENDPOINTS["task_queues_statistics"].resource_key == "TaskQueueStatistics-List"
