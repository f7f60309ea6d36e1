"""The laws of the statistics: all numbers agree."""

import json
from array import array
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats.simulator.server import resource_handlers, statistics_handlers
from taskrouter_stats.simulator.server.request import SimulatedRequest
from taskrouter_stats.simulator.server.resources import iso
from taskrouter_stats.simulator.server.statistics import (
    activity_durations,
    reservation_counts,
    split_by_wait_time,
    task_counts,
    wait_durations,
    worker_cumulative,
)
from taskrouter_stats.simulator.world.task_history import TaskTotals
from taskrouter_stats.simulator.world.worker_days import AVAILABLE, WorkerTotals
from taskrouter_stats.simulator.world.world import World

WORLD = World(seed=1, workers=60)
NOW = 1_795_000_000
DAY = 86_400
TASKS = ("canceled", "completed", "deleted", "moved")
PARTS = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
moments = st.integers(NOW - 9 * DAY, NOW)
channels = st.sampled_from([None, "voice", "chat", "sms", "default"])


def ask(now=NOW, sids=(), **query):
    """Return a request to this world."""
    sids = {
        "workspace": WORLD.workspace_sid,
        "worker": WORLD.workers[2].sid,
        "queue": WORLD.task_queues[0].sid,
        "workflow": WORLD.workflows[0].sid,
        **dict(sids),
    }
    query = {name: value for name, value in query.items() if value is not None}
    return SimulatedRequest(path="/v1/x", sids=sids, query=query, now=now, origin="https://h")


def within(start, length, **query):
    """Return the query of a window."""
    return {"StartDate": iso(start), "EndDate": iso(start + length), **query}


def of_queues(answer, **query):
    """Return this handler's reply for each task queue."""
    return [answer(WORLD, ask(sids={"queue": q.sid}, **query)) for q in WORLD.task_queues]


def of_workflows(answer, **query):
    """Return this handler's reply for each workflow."""
    return [answer(WORLD, ask(sids={"workflow": w.sid}, **query)) for w in WORLD.workflows]


def counts(flat):
    """Return the counts that add up over parts of a workspace."""
    return {
        "entered": flat.get("tasks_entered", flat.get("tasks_created")),
        **{f"tasks_{name}": flat[f"tasks_{name}"] for name in TASKS},
        **{f"reservations_{name}": flat[f"reservations_{name}"] for name in PARTS},
        "accepted": flat["wait_duration_until_accepted"]["total"],
        "canceled": flat["wait_duration_until_canceled"]["total"],
    }


def added(parts):
    """Return the sums of these counts, zeros included."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}


@settings(max_examples=40)
@given(moments, st.integers(0, DAY), channels)
def test_a_workspace_is_the_sum_of_its_workflows_and_of_its_queues(start, length, channel):
    """Tasks, reservations and waits of all queues, and of all workflows, sum to the workspace's."""
    query = within(start, length, TaskChannel=channel)
    whole = statistics_handlers.workspace_cumulative(WORLD, ask(**query))
    queues = of_queues(statistics_handlers.task_queue_cumulative, **query)
    workflows = of_workflows(statistics_handlers.workflow_cumulative, **query)
    assert added([counts(part) for part in queues]) == counts(whole)
    assert added([counts(part) for part in workflows]) == counts(whole)
    timed_out = [part["tasks_timed_out_in_workflow"] for part in workflows]
    assert sum(timed_out) == whole["tasks_timed_out_in_workflow"]


@settings(max_examples=40)
@given(moments, st.integers(0, DAY), channels)
def test_reservations_are_the_workers(start, length, channel):
    """The workspace's reservations are those of all workers together, and the sum over workers."""
    query = within(start, length, TaskChannel=channel)
    names = [f"reservations_{name}" for name in PARTS]
    whole = statistics_handlers.workspace_cumulative(WORLD, ask(**query))
    together = statistics_handlers.all_workers_cumulative(WORLD, ask(**query))
    alone = [
        statistics_handlers.worker(WORLD, ask(sids={"worker": worker.sid}, **query))["cumulative"]
        for worker in WORLD.workers
    ]
    assert [whole[name] for name in names] == [together[name] for name in names]
    assert [whole[name] for name in names] == [sum(one[name] for one in alone) for name in names]


@settings(max_examples=40)
@given(moments)
def test_the_present_adds_up(now):
    """Real-time statistics of all queues, and of all workflows, sum to the workspace's."""
    whole = statistics_handlers.workspace_now(WORLD, ask(now=now))
    for parts in (
        of_queues(statistics_handlers.task_queue_now, now=now),
        of_workflows(statistics_handlers.workflow_now, now=now),
    ):
        assert sum(part["total_tasks"] for part in parts) == whole["total_tasks"]
        for name in ("tasks_by_status", "tasks_by_priority"):
            total = Counter()
            for part in parts:
                total.update(part[name])
            assert total == Counter(whole[name])
        longest = max(part["longest_task_waiting_age"] for part in parts)
        assert longest == whole["longest_task_waiting_age"]


@settings(max_examples=40)
@given(moments, channels)
def test_each_task_has_one_status_and_one_priority(now, channel):
    """Tasks by status, and by priority, sum to all tasks; the longest wait is of a waiting task."""
    reported = statistics_handlers.workspace_now(WORLD, ask(now=now, TaskChannel=channel))
    by_status = reported["tasks_by_status"]
    assert list(by_status) == ["pending", "reserved", "assigned", "wrapping"]
    assert sum(by_status.values()) == reported["total_tasks"]
    assert sum(reported["tasks_by_priority"].values()) == reported["total_tasks"]
    waiting = by_status["pending"] + by_status["reserved"]
    assert (reported["longest_task_waiting_sid"] is not None) == (waiting > 0)
    assert (reported["longest_task_waiting_age"] == 0) or waiting


@settings(max_examples=40)
@given(moments)
def test_activity_statistics_agree_with_the_list(now):
    """Workers by activity agree with the list of workers."""
    reported = statistics_handlers.all_workers_now(WORLD, ask(now=now))
    listed = resource_handlers.workers(WORLD, ask(now=now, PageSize="1000"))["workers"]
    counted = Counter(worker["activity_sid"] for worker in listed)
    assert {row["sid"]: row["workers"] for row in reported["activity_statistics"]} == {
        activity.sid: counted[activity.sid] for activity in WORLD.activities
    }
    assert reported["total_workers"] == len(listed)


def test_queues_count_their_workers():
    """Eligible and available workers of a queue agree with the list of workers."""
    for queue in WORLD.task_queues:
        reported = statistics_handlers.task_queue_now(WORLD, ask(sids={"queue": queue.sid}))
        query = {"TaskQueueSid": queue.sid, "PageSize": "1000"}
        eligible = resource_handlers.workers(WORLD, ask(**query))["workers"]
        free = resource_handlers.workers(WORLD, ask(Available="true", **query))["workers"]
        assert reported["total_eligible_workers"] == len(eligible) > 0
        assert reported["total_available_workers"] == len(free)


def test_a_channel_has_the_workers_that_handle_it():
    """With a channel, only the workers that handle it count."""
    reported = statistics_handlers.all_workers_now(WORLD, ask(TaskChannel="voice"))
    assert reported["total_workers"] == sum(
        1 in worker.profile.channels for worker in WORLD.workers
    )
    nobody = statistics_handlers.all_workers_now(WORLD, ask(TaskChannel="default"))
    assert nobody["total_workers"] == 0


@given(moments, st.integers(0, DAY), st.lists(st.integers(0, 2_000), min_size=1, max_size=4))
def test_splits_add_up(start, length, thresholds):
    """Counts above and below each threshold sum to all accepted and canceled."""
    text = ",".join(map(str, thresholds))
    query = within(start, length, SplitByWaitTime=text)
    reported = statistics_handlers.task_queue_cumulative(WORLD, ask(**query))
    split = reported["split_by_wait_time"]
    assert set(split) == set(text.split(","))
    for sides in split.values():
        for name in ("reservations_accepted", "tasks_canceled"):
            assert sides["above"][name] + sides["below"][name] == reported[name]
    longest = str(max(thresholds))
    below = [split[str(at)]["below"]["reservations_accepted"] for at in sorted(thresholds)]
    assert below == sorted(below)
    if reported["wait_duration_until_accepted"]["max"] <= int(longest):
        assert split[longest]["above"]["reservations_accepted"] == 0


def test_splits_by_hand():
    """A wait of exactly the threshold is below it."""
    totals = TaskTotals(accepted_waits=array("i", [36]), canceled_waits=array("i", [28]))
    nothing = {"tasks_canceled": 0, "reservations_accepted": 0}
    both = {"tasks_canceled": 1, "reservations_accepted": 1}
    assert split_by_wait_time(totals, [36, 20]) == {
        "36": {"above": nothing, "below": both},
        "20": {"above": both, "below": nothing},
    }


def test_wait_durations_by_hand():
    """Waits have average, minimum, maximum and sum; without a wait, all are zero."""
    assert wait_durations([3, 8]) == {"avg": 5, "min": 3, "max": 8, "total": 11}
    assert wait_durations([]) == {"avg": 0, "min": 0, "max": 0, "total": 0}


def test_activity_durations_have_every_activity():
    """Activities without a spell are there with zeros; averages are rounded down."""
    totals = WorkerTotals()
    totals.add_activity(AVAILABLE, 150)
    totals.add_activity(AVAILABLE, 51)
    durations = activity_durations(WORLD, totals)
    assert durations[AVAILABLE] == {
        "sid": WORLD.activities[AVAILABLE].sid,
        "friendly_name": "Available",
        "min": 51,
        "max": 150,
        "avg": 100,
        "total": 201,
    }
    assert [row["sid"] for row in durations] == [activity.sid for activity in WORLD.activities]
    assert {durations[0][key] for key in ("min", "max", "avg", "total")} == {0}


def test_reservation_counts_have_the_names_of_the_json():
    """The six counts have the names of the JSON."""
    totals = WorkerTotals(created=9, outcomes=[4, 2, 1, 1, 0])
    assert reservation_counts(totals) == {
        "reservations_created": 9,
        "reservations_accepted": 4,
        "reservations_rejected": 2,
        "reservations_timed_out": 1,
        "reservations_canceled": 1,
        "reservations_rescinded": 0,
    }


def test_task_counts_have_the_names_of_the_json():
    """Tasks are counted by ending; only some replies count those that timed out."""
    totals = TaskTotals(ended=[4, 3, 2, 1])
    counts = {"tasks_completed": 4, "tasks_canceled": 3, "tasks_deleted": 2, "tasks_moved": 0}
    assert task_counts(totals, timed_out=False) == counts
    assert task_counts(totals, timed_out=True) == {**counts, "tasks_timed_out_in_workflow": 1}


def test_cumulative_statistics_are_json():
    """A worker's cumulative statistics are JSON with integers, and times as Twilio writes them."""
    totals = WORLD.totals(WORLD.workers[0], NOW - DAY, NOW)
    cumulative = worker_cumulative(WORLD, totals, NOW - DAY, NOW)
    assert json.loads(json.dumps(cumulative)) == cumulative
    assert all(isinstance(count, int) for count in reservation_counts(totals).values())
    assert (cumulative["start_time"], cumulative["end_time"]) == (iso(NOW - DAY), iso(NOW))
    assert iso(0) == "1970-01-01T00:00:00Z"


def test_waits_are_ordered():
    """The shortest wait is at most the average, which is at most the longest, then the total."""
    reported = statistics_handlers.workspace_cumulative(WORLD, ask(Minutes="1440"))
    for name in ("accepted", "canceled"):
        wait = reported[f"wait_duration_until_{name}"]
        assert 0 < wait["min"] <= wait["avg"] <= wait["max"] < wait["total"]
    assert reported["avg_task_acceptance_time"] == reported["wait_duration_until_accepted"]["avg"]
