"""Handlers of lists and single resources, without HTTP."""

import json

import pytest

from taskrouter_stats import models
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.simulator.server import resource_handlers
from taskrouter_stats.simulator.server.request import ErrorReply, SimulatedRequest
from taskrouter_stats.simulator.server.resources import iso
from taskrouter_stats.simulator.world.world import World

WORLD = World(seed=1, workers=120)
NOW = 1_795_000_000
WORKER = WORLD.workers[2]
ROOT = f"/v1/Workspaces/{WORLD.workspace_sid}"
SID_OFFLINE = WORLD.activities[0].sid


def ask(path="/Workers", worker=WORKER.sid, workspace=WORLD.workspace_sid, **query):
    """Return a request to this world."""
    sids = {"workspace": workspace, "worker": worker}
    return SimulatedRequest(path=ROOT + path, sids=sids, query=query, now=NOW, origin="https://h")


def listed(answer, key, **query):
    """Return the names of the listed items, in order."""
    return [item["friendly_name"] for item in answer(WORLD, ask(**query))[key]]


def names(**query):
    """Return the names of the workers that pass these filters."""
    return set(listed(resource_handlers.workers, "workers", PageSize="1000", **query))


def queues(**query):
    """Return the names of the task queues that pass these filters."""
    return listed(resource_handlers.task_queues, "task_queues", **query)


def code(answer, **query):
    """Return the code of the error reply."""
    with pytest.raises(ErrorReply) as caught:
        answer(WORLD, ask(**query))
    return caught.value.code


def test_the_list_has_every_worker():
    """Without a filter the list has each worker, in the world's order."""
    answer = resource_handlers.workers(WORLD, ask(PageSize="1000"))
    assert [worker["sid"] for worker in answer["workers"]] == [w.sid for w in WORLD.workers]
    assert answer["meta"]["key"] == "workers"


def test_a_worker_has_every_documented_key():
    """A worker has the documented keys and its current activity."""
    activity, since = WORLD.activity_of(WORKER, NOW)
    answer = resource_handlers.worker(WORLD, ask(f"/Workers/{WORKER.sid}"))
    links = answer.pop("links")
    assert answer == {
        "sid": WORKER.sid,
        "friendly_name": WORKER.friendly_name,
        "account_sid": WORLD.account_sid,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
        "workspace_sid": WORLD.workspace_sid,
        "attributes": json.dumps(WORKER.attributes, separators=(",", ":")),
        "available": activity.available,
        "date_created": iso(WORKER.created),
        "date_updated": iso(since),
        "date_status_changed": iso(since),
        "url": f"https://h{ROOT}/Workers/{WORKER.sid}",
    }
    assert links["worker_statistics"] == f"https://h{ROOT}/Workers/{WORKER.sid}/Statistics"


def test_a_name_finds_one_worker_in_any_case():
    """FriendlyName selects the worker with this name, in any letter case."""
    assert names(FriendlyName=WORKER.friendly_name.upper()) == {WORKER.friendly_name}
    assert names(FriendlyName="nobody") == set()


def test_activities_select():
    """ActivityName and ActivitySid select the workers that are in this activity now."""
    offline = {
        w.friendly_name for w in WORLD.workers if WORLD.activity_of(w, NOW)[0].sid == SID_OFFLINE
    }
    assert names(ActivityName="offline") == names(ActivitySid=SID_OFFLINE) == offline
    assert names(ActivityName="Offline", Available="true") == set()
    assert names(ActivityName="Juggling") == set()


def test_available_selects():
    """Available divides the workers; ``1`` and ``yes`` mean true, any other value false."""
    assert names(Available="true") == names(Available="1") == names(Available="YES")
    assert names(Available="false") == names(Available="whatever")
    assert names(Available="true") | names(Available="false") == names()
    assert names(Available="true") & names(Available="false") == set()


def test_task_queues_select_workers():
    """The workers of a task queue are those that its expression selects."""
    queue = WORLD.task_queues[0]
    skills = {w.friendly_name: w.attributes["skills"] for w in WORLD.workers}
    skilled = {name for name, own in skills.items() if "billing" in own}
    assert names(TaskQueueSid=queue.sid) == names(TaskQueueName="BILLING") == skilled
    assert names(TargetWorkersExpression=queue.target_workers) == skilled
    assert names(TaskQueueSid=queue.sid, TaskQueueName="Sales") == set()
    assert names(TaskQueueSid="WQ" + "0" * 32) == set()


def test_expressions_know_fields_of_the_worker():
    """Expressions can use SID, name and activity like attributes."""
    assert names(TargetWorkersExpression=f'sid == "{WORKER.sid}"') == {WORKER.friendly_name}
    assert names(TargetWorkersExpression=f'friendly_name == "{WORKER.friendly_name}"') == {
        WORKER.friendly_name
    }
    offline = names(ActivityName="Offline")
    assert names(TargetWorkersExpression='activity_name == "Offline"') == offline
    assert names(TargetWorkersExpression=f'activity_sid == "{SID_OFFLINE}"') == offline


@pytest.mark.parametrize("direction", ["", ":asc", ":desc"])
def test_workers_are_ordered_over_pages(direction):
    """The order continues over pages, with filters, and no worker is missing."""
    seen, query = [], {"Ordering": "DateStatusChanged" + direction, "PageSize": "7"}
    query["TaskQueueName"] = "Sales"
    while True:
        answer = resource_handlers.workers(WORLD, ask(**query))
        seen += answer["workers"]
        if not answer["meta"]["next_page_url"]:
            break
        query["PageToken"] = answer["meta"]["next_page_url"].rpartition("=")[2]
        query["Page"] = str(answer["meta"]["page"] + 1)
    changed = [worker["date_status_changed"] for worker in seen]
    assert changed == sorted(changed, reverse=direction == ":desc")
    assert {worker["friendly_name"] for worker in seen} == names(TaskQueueName="Sales")


def test_task_queues_are_filtered():
    """Task queues are filtered by name, by worker, and by attributes or an expression."""
    assert len(queues()) == 8
    assert queues(FriendlyName="sales") == ["Sales"]
    own = [WORLD.task_queues[at].friendly_name for at in WORLD.queues_of(WORKER)]
    assert queues(WorkerSid=WORKER.sid) == own
    assert queues(WorkerSid="WK" + "0" * 32) == []
    assert queues(EvaluateWorkerAttributes=json.dumps(dict(WORKER.attributes))) == own
    assert queues(EvaluateWorkerAttributes='{"skills": ["sales"]}') == ["Sales"]
    assert "Manila front desk" not in queues(EvaluateWorkerAttributes='site == "Dublin"')
    assert queues(EvaluateWorkerAttributes='site == "Nowhere"') == []


def test_task_queues_are_ordered():
    """Task queues can be ordered by name and by their last update."""
    assert queues(Ordering="FriendlyName:desc") == sorted(queues(), reverse=True)
    items = resource_handlers.task_queues(WORLD, ask(Ordering="DateUpdated"))["task_queues"]
    changed = [item["date_updated"] for item in items]
    assert changed == sorted(changed)


@pytest.mark.parametrize(
    ("answer", "query"),
    [
        (resource_handlers.workers, {"ActivitySid": "WA1"}),
        (resource_handlers.workers, {"TaskQueueSid": "WK" + "0" * 32}),
        (resource_handlers.workers, {"TargetWorkersExpression": "site ~ 3"}),
        (resource_handlers.workers, {"Ordering": "Shoe:asc"}),
        (resource_handlers.workers, {"Ordering": "DateStatusChanged:up"}),
        (resource_handlers.task_queues, {"WorkerSid": ""}),
        (resource_handlers.task_queues, {"EvaluateWorkerAttributes": "{"}),
        (resource_handlers.task_queues, {"EvaluateWorkerAttributes": ""}),
        (resource_handlers.task_queues, {"Ordering": ""}),
    ],
)
def test_wrong_values_are_refused(answer, query):
    """An invalid filter raises an error."""
    assert code(answer, **query) == 20001


def test_activities_are_filtered():
    """Activities are filtered by name and availability."""
    assert listed(resource_handlers.activities, "activities", Available="yes") == ["Available"]
    assert len(listed(resource_handlers.activities, "activities", Available="no")) == 5
    assert listed(resource_handlers.activities, "activities", FriendlyName="lunch") == ["Lunch"]


def test_the_account_has_one_workspace():
    """The list of workspaces has the workspace, and filters by name."""
    (one,) = resource_handlers.workspaces(WORLD, ask())["workspaces"]
    assert one == resource_handlers.workspace(WORLD, ask())
    assert resource_handlers.workspaces(WORLD, ask(FriendlyName="other"))["workspaces"] == []


def test_workflows_name_their_task_queues():
    """The configuration of one workflow has each task queue."""
    items = resource_handlers.workflows(WORLD, ask())["workflows"]
    sids = [queue.sid for queue in WORLD.task_queues]
    found = [sid for item in items for sid in sids if sid in item["configuration"]]
    assert sorted(found) == sorted(sids)
    assert all(json.loads(item["configuration"])["task_routing"]["filters"] for item in items)


def test_worker_channels_hold_the_assigned_tasks():
    """All channels together hold the assigned and wrapping tasks, at most one each."""
    taken = [
        channel["assigned_tasks"]
        for worker in WORLD.workers
        for channel in resource_handlers.worker_channels(WORLD, ask(worker=worker.sid))["channels"]
    ]
    open_task = WORLD.task_history.open_tasks(NOW)
    assert sum(taken) == sum(one.task.accepted <= NOW - one.midnight for one in open_task) > 0
    assert max(taken) == 1


def test_worker_channels_have_the_worker_s_capacity():
    """A worker has each task channel, available if the worker handles it."""
    channels = resource_handlers.worker_channels(WORLD, ask())["channels"]
    names = [channel["task_channel_unique_name"] for channel in channels]
    assert names == ["default", "voice", "chat", "sms"]
    assert [channel["available"] for channel in channels] == [
        position in WORKER.profile.channels for position in range(4)
    ]
    for channel in channels:
        capacity = channel["configured_capacity"]
        free = capacity - channel["assigned_tasks"]
        assert channel["available_capacity_percentage"] == 100 * free // capacity


RESOURCES = ["worker", "workspace"]
LISTS = [name for name, row in ENDPOINTS.items() if row.items and name != "task_queues_statistics"]


@pytest.mark.parametrize("name", RESOURCES + LISTS)
def test_every_key_is_one_that_a_model_knows(name):
    """The models know each key of the resources, and no key is missing."""
    row, answer = ENDPOINTS[name], getattr(resource_handlers, name)(WORLD, ask())
    for item in answer[row.items] if row.items else [answer]:
        value = models.structure(item, row.model)
        assert value.extra == {}
        assert models.to_dict(value) == item


@pytest.mark.parametrize("answer", [resource_handlers.worker, resource_handlers.worker_channels])
def test_an_unknown_worker_is_not_found(answer):
    """An unknown worker raises a 404."""
    with pytest.raises(ErrorReply) as caught:
        answer(WORLD, ask(worker="WK" + "0" * 32))
    assert caught.value.status == 404
