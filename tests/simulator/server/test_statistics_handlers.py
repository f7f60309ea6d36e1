"""Handlers of the statistics, without HTTP."""

import orjson
import pytest

from taskrouter_stats import models
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.simulator.server import statistics_handlers
from taskrouter_stats.simulator.server.request import ErrorReply, SimulatedRequest
from taskrouter_stats.simulator.server.statistics import worker_cumulative
from taskrouter_stats.simulator.world.world import World

WORLD = World(seed=1, workers=60)
NOW = 1_795_000_000
WORKER = WORLD.workers[2]
ROOT = f"/v1/Workspaces/{WORLD.workspace_sid}"
NOWHERE = "0" * 32


def ask(path="/Statistics", now=NOW, body=None, sids=(), **query):
    """Return a request to this world."""
    sids = {
        "workspace": WORLD.workspace_sid,
        "worker": WORKER.sid,
        "queue": WORLD.task_queues[0].sid,
        "workflow": WORLD.workflows[0].sid,
        **dict(sids),
    }
    text = b"" if body is None else orjson.dumps(body)
    query = {name: value for name, value in query.items() if value is not None}
    return SimulatedRequest(
        path=ROOT + path, sids=sids, query=query, now=now, origin="https://h", body=text
    )


def truth(channel=None):
    """Return the world's totals of the worker's last eight hours, as ``cumulative``."""
    start = NOW - 28_800
    return worker_cumulative(WORLD, WORLD.totals(WORKER, start, NOW, channel), start, NOW)


def of_queues(answer, **query):
    """Return this handler's reply for each task queue."""
    return [answer(WORLD, ask(sids={"queue": q.sid}, **query)) for q in WORLD.task_queues]


def test_a_worker_s_statistics_agree_with_the_world():
    """The reply has the world's totals of the window, and the SIDs."""
    path = f"/Workers/{WORKER.sid}/Statistics"
    assert statistics_handlers.worker(WORLD, ask(path, Minutes="480", TaskChannel="voice")) == {
        "cumulative": truth("voice"),
        "account_sid": WORLD.account_sid,
        "workspace_sid": WORLD.workspace_sid,
        "worker_sid": WORKER.sid,
        "url": f"https://h{ROOT}{path}",
    }


def test_workers_are_filtered():
    """The statistics of all workers can be those of one name or one queue."""
    one = statistics_handlers.workers(WORLD, ask(FriendlyName=WORKER.friendly_name, Minutes="480"))
    assert one["cumulative"] == truth()
    assert one["realtime"]["total_workers"] == 1
    queue = WORLD.task_queues[3]
    by_sid = statistics_handlers.workers(WORLD, ask(TaskQueueSid=queue.sid))
    assert by_sid == statistics_handlers.workers(
        WORLD, ask(TaskQueueName=queue.friendly_name.upper())
    )
    assert 0 < by_sid["realtime"]["total_workers"] < len(WORLD.workers)


UNSAID = {
    "workspace": {"tasks_completed", "tasks_by_priority"},
    "workflow": {
        "tasks_completed",
        "tasks_by_priority",
        "tasks_deleted",
        "reservations_created",
        "reservations_canceled",
        "reservations_rescinded",
    },
    "task_queue": {
        "tasks_completed",
        "tasks_by_priority",
        "wait_duration_in_queue_until_accepted",
        "longest_relative_task_age_in_queue",
        "longest_relative_task_sid_in_queue",
    },
}


@pytest.mark.parametrize("kind", UNSAID)
def test_combined_answers_leave_keys_out(kind):
    """A combined answer says what the separate ones say, but for keys that Twilio's leave out."""
    combined = getattr(statistics_handlers, kind)(WORLD, ask(Minutes="60"))
    flat = getattr(statistics_handlers, f"{kind}_cumulative")(WORLD, ask(Minutes="60"))
    now = getattr(statistics_handlers, f"{kind}_now")(WORLD, ask())
    said = combined.keys() | combined["cumulative"].keys() | combined["realtime"].keys()
    waits = {"wait_duration_until_accepted", "wait_duration_until_canceled", "split_by_wait_time"}
    assert (flat.keys() | now.keys()) - said == UNSAID[kind] | waits
    assert combined["cumulative"].items() <= flat.items()
    assert combined["realtime"].items() <= now.items()
    assert type(combined["cumulative"]["avg_task_acceptance_time"]) is float
    split = getattr(statistics_handlers, kind)(WORLD, ask(SplitByWaitTime="5"))
    assert set(split["cumulative"]["split_by_wait_time"]) == {"5"}


def test_items_of_the_list_have_no_url():
    """The list has each queue's combined statistics but for their address."""
    answer = statistics_handlers.task_queues(
        WORLD, ask("/TaskQueues/Statistics", Minutes="60", PageSize="5")
    )
    alone = of_queues(statistics_handlers.task_queue, Minutes="60")
    assert answer["task_queues_statistics"] == [
        {key: value for key, value in one.items() if key != "url"} for one in alone[:5]
    ]
    assert "Minutes=60" in answer["meta"]["next_page_url"]


def bulk(body):
    """Return the answer to a bulk request."""
    return statistics_handlers.task_queues_bulk(WORLD, ask(body=body))


@pytest.mark.parametrize("name", ["queueSids", "QueueSids"])
def test_bulk_has_each_queue_once(name):
    """Each queue that was asked for comes once, as alone but for its relative times."""
    sids = [WORLD.task_queues[at].sid for at in (2, 0, 2)]
    answer = bulk({name: sids})
    assert [item["task_queue_sid"] for item in answer["task_queue_data"]] == sids[:2]
    assert answer["task_queue_response_count"] == 2
    alone = statistics_handlers.task_queue_now(WORLD, ask())
    assert alone.items() >= answer["task_queue_data"][1].items()
    assert "longest_relative_task_age_in_queue" not in answer["task_queue_data"][0]


def test_bulk_answers_strangers_with_zeros():
    """A queue of nobody's is answered, with nothing in it."""
    (item,) = bulk({"queueSids": ["WQ" + NOWHERE]})["task_queue_data"]
    assert (item["total_tasks"], item["total_eligible_workers"]) == (0, 0)
    assert set(item["tasks_by_status"].values()) == {0}
    assert item["longest_task_waiting_sid"] is None
    assert {row["workers"] for row in item["activity_statistics"]} == {0}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        "queueSids",
        {"queueSids": []},
        {"queueSids": "WQ" + NOWHERE},
        {"queueSids": ["WQ" + NOWHERE] * 51},
        {"queueSids": ["WK" + NOWHERE]},
        {"queueSids": ["WQ" + NOWHERE, 7]},
        {"queueSids": None, "QueueSids": ["WQ" + NOWHERE]},
    ],
)
def test_bulk_refuses_what_is_no_list_of_queues(body):
    """A body without 1 to 50 task queue SIDs is refused."""
    with pytest.raises(ErrorReply) as caught:
        bulk(body)
    assert (caught.value.status, caught.value.code) == (400, 20001)


ROWS = [name for name, row in ENDPOINTS.items() if "statistics" in name]
ANSWERS = {
    "worker_statistics": statistics_handlers.worker,
    "workers_statistics": statistics_handlers.workers,
    "workers_cumulative_statistics": statistics_handlers.all_workers_cumulative,
    "workers_real_time_statistics": statistics_handlers.all_workers_now,
    "task_queues_statistics": statistics_handlers.task_queues,
    "task_queues_bulk_real_time_statistics": statistics_handlers.task_queues_bulk,
    **{
        f"{kind}{form}_statistics": getattr(statistics_handlers, f"{kind}{end}")
        for kind in ("workspace", "workflow", "task_queue")
        for form, end in (("", ""), ("_cumulative", "_cumulative"), ("_real_time", "_now"))
    },
}


def leftovers(value):
    """Return the keys that no model knows, at any level."""
    if isinstance(value, dict):
        return [key for one in value.values() for key in leftovers(one)]
    if isinstance(value, (list, tuple)):
        return [key for one in value for key in leftovers(one)]
    names = getattr(value, "__attrs_attrs__", ())
    inner = [leftovers(getattr(value, name.name)) for name in names if name.name != "extra"]
    return list(getattr(value, "extra", ())) + [key for keys in inner for key in keys]


@pytest.mark.parametrize("name", ROWS)
def test_every_key_is_one_that_a_model_knows(name):
    """Statistics become models without a key left over, at any level, and back without loss."""
    row, body = ENDPOINTS[name], {"queueSids": [WORLD.task_queues[0].sid]}
    answer = ANSWERS[name](WORLD, ask(body=body, Minutes="480", SplitByWaitTime="5,30"))
    for item in answer[row.items] if row.items else [answer]:
        value = models.structure(item, row.model)
        assert leftovers(value) == []
        assert item.keys() <= orjson.loads(models.to_json(value)).keys()


@pytest.mark.parametrize(
    "query",
    [
        {"SplitByWaitTime": ""},
        {"SplitByWaitTime": "5,,30"},
        {"SplitByWaitTime": "-5"},
        {"SplitByWaitTime": "1" * 10},
        {"Minutes": "0"},
        {"StartDate": "soon"},
    ],
)
@pytest.mark.parametrize(
    "answer",
    [statistics_handlers.workspace, statistics_handlers.task_queues, statistics_handlers.workflow],
)
def test_wrong_values_are_refused(answer, query):
    """A parameter that can't be read is refused instead of ignored."""
    with pytest.raises(ErrorReply) as caught:
        answer(WORLD, ask(**query))
    assert (caught.value.status, caught.value.code) == (400, 20001)
