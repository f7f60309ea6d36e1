"""The table of operations."""

import re

import pytest
from attrs import evolve

from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.simulator.server.request import ErrorReply, SimulatedRequest
from taskrouter_stats.simulator.server.routes import LOWER_LIMITS, RESOURCE_KEYS, ROUTES, Route
from taskrouter_stats.simulator.world.world import World

WORLD = World(seed=1, workers=5)
ASK = SimulatedRequest(
    path="/v1/x",
    sids={
        "workspace": WORLD.workspace_sid,
        "worker": WORLD.workers[0].sid,
        "queue": WORLD.task_queues[0].sid,
        "workflow": WORLD.workflows[0].sid,
    },
    query={},
    now=1_795_000_000,
    origin="https://h",
    body=b'{"queueSids": ["WQ00000000000000000000000000000000"]}',
)


def test_the_client_s_table_agrees():
    """Each operation of the client's table has the same method, path and resource key here."""
    served = {(r.method, re.sub("{.*?}", "{}", r.path), r.resource_key) for r in ROUTES}
    known = {
        (row.method, re.sub("{.*?}", "{}", row.path), row.resource_key)
        for row in ENDPOINTS.values()
    }
    assert served == known
    assert len(ROUTES) == 24


def test_filters_move_requests_to_other_keys():
    """A filter that changes the client's resource key gives the same key here."""
    for row in ENDPOINTS.values():
        (route,) = [route for route in ROUTES if route.resource_key == row.resource_key]
        moved = {
            one.parameter: one.resource_key for one in row.filters.values() if one.resource_key
        }
        assert route.key_by_parameter == moved
        assert {name: route.key({name, "PageSize"}) for name in moved} == moved
        assert route.key({"PageSize"}) == row.resource_key


def test_every_key_is_listed_once():
    """The resource keys are those of the routes and of their parameters."""
    assert len(set(RESOURCE_KEYS)) == len(RESOURCE_KEYS) == 26
    assert set(LOWER_LIMITS) < set(RESOURCE_KEYS)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.resource_key)
def test_every_route_returns_a_body(route: Route):
    """Each route returns a body for SIDs that exist."""
    assert route.answer(WORLD, ASK)


@pytest.mark.parametrize(
    ("route", "name"),
    [(route, name) for route in ROUTES for name in re.findall("{(.*?)}", route.path)],
    ids=lambda value: value if isinstance(value, str) else value.resource_key,
)
def test_unknown_sids_get_404(route: Route, name):
    """An unknown workspace, worker, task queue or workflow raises a 404."""
    stranger = ASK.sids[name][:2] + "0" * 32
    with pytest.raises(ErrorReply) as caught:
        route.answer(WORLD, evolve(ASK, sids={**ASK.sids, name: stranger}))
    assert caught.value.status == 404
