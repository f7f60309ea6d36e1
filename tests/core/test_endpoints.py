"""The table of operations: whole, and at one with its constructors."""

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
    """Every row stands under its own name."""
    assert [row.name for row in ENDPOINTS.values()] == list(ENDPOINTS)


def test_every_row_has_a_constructor():
    """The names of the rows are the names that `queries` offers."""
    assert sorted(ENDPOINTS) == sorted(queries.__all__)


@each_row
def test_paths_are_absolute_and_their_places_known(row):
    """A path begins with the version, and each place in braces asks for a known kind of SID."""
    places = re.findall(r"\{(\w+)\}", row.path)
    assert re.fullmatch(r"/v1(/(\w+|\{\w+\}))+", row.path)
    assert {SID_PREFIXES[place] for place in places} <= KINDS.keys()


@each_row
def test_constructors_offer_what_the_row_knows(row):
    """A constructor takes the path's SIDs, the window, every filter, and nothing else."""
    parameters = inspect.signature(getattr(queries, row.name)).parameters
    expected = {*re.findall(r"\{(\w+)\}", row.path), *row.filters}
    expected |= {"window"} if row.windowed else set()
    expected |= {"page_size"} if row.items else set()
    expected |= {"task_queue_sids"} if row.method == "POST" else set()
    assert parameters.keys() == expected


@each_row
def test_filters_are_keyword_only(row):
    """Filters are given by name, so that their order never matters."""
    parameters = inspect.signature(getattr(queries, row.name)).parameters
    kinds = {parameters[name].kind for name in row.filters}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


@each_row
def test_wire_names_are_unique_and_not_the_windows(row):
    """No two filters share a name in the URL, and none is one that the window or page uses."""
    names = [rule.parameter for rule in row.filters.values()]
    assert len(set(names)) == len(names)
    assert not {"Minutes", "StartDate", "EndDate", "PageSize", "Page", "PageToken"} & set(names)


@each_row
def test_reading_is_safe_to_repeat(row):
    """A GET may be sent twice."""
    assert row.method != "GET" or row.retry_safe


@each_row
def test_rows_pickle_to_themselves(row):
    """A row that travelled is the row, not a copy of it."""
    assert pickle.loads(pickle.dumps(row)) is row


def test_budgets_are_apart():
    """No two rows spend from one resource key, filtered lists have one of their own."""
    keys = [row.resource_key for row in ENDPOINTS.values()]
    keys += [f.resource_key for r in ENDPOINTS.values() for f in r.filters.values()]
    named = [key for key in keys if key is not None]
    assert len(set(named)) == len(named)


def test_the_documented_resource_keys():
    """What the documents name has the resource key that they give it."""
    workers = ENDPOINTS["workers"].filters["target_workers_expression"]
    task_queues = ENDPOINTS["task_queues"].filters["evaluate_worker_attributes"]
    assert workers.resource_key == "Worker-List-TargetWorkersExpression"
    assert task_queues.resource_key == "TaskQueue-List-EvaluateWorkerAttributes"
    assert ENDPOINTS["task_queues_statistics"].resource_key == "TaskQueueStatistics-List"
