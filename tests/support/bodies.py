"""Bodies as Twilio may send them, built from the documents' field tables and not from the models.

A shape is a dict of field names and kinds; ``body`` draws a JSON object of it in any of the forms
that were seen or are documented: keys absent, null, integers for floats, text for numbers, keys
that nobody knows.
"""

import re
from datetime import datetime

from hypothesis import strategies as st

NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?").fullmatch
SIDS = {
    prefix: st.sampled_from([prefix + digit * 32 for digit in "05af"])
    for prefix in ("AC", "WS", "WK", "WQ", "WW", "WA", "WT")
}
NAMES = st.text(max_size=8)
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=0).isoformat() + "Z"
)
COUNTS = st.integers(0, 2**53)
SECONDS = COUNTS | st.floats(0, 1e9, allow_nan=False).map(lambda value: round(value, 3))


def as_text(numbers):
    """Numbers, or the same as text."""
    return numbers | numbers.map(str)


def table(values, keys):
    """A JSON object used as a map."""
    return st.dictionaries(keys, values, max_size=3)


LOCATED = {"account_sid": SIDS["AC"], "workspace_sid": SIDS["WS"], "url": NAMES}
ACTIVITY_DURATION = {
    "sid": SIDS["WA"],
    "friendly_name": NAMES,
    "min": as_text(SECONDS),
    "max": as_text(SECONDS),
    "avg": as_text(SECONDS),
    "total": as_text(SECONDS),
}
ACTIVITY_STATISTIC = {"sid": SIDS["WA"], "friendly_name": NAMES, "workers": as_text(COUNTS)}
WAIT = {name: as_text(SECONDS) for name in ("avg", "min", "max", "total")}
SIDE = {"tasks_canceled": as_text(COUNTS), "reservations_accepted": as_text(COUNTS)}
SPLIT = {"above": SIDE, "below": SIDE}
RESERVATIONS = {
    "start_time": TIMES,
    "end_time": TIMES,
    **{
        f"reservations_{what}": as_text(COUNTS)
        for what in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
    },
}
WORKER = {**RESERVATIONS, "activity_durations": [ACTIVITY_DURATION]}
WAITS = {
    "wait_duration_until_accepted": WAIT,
    "wait_duration_until_canceled": WAIT,
    "split_by_wait_time": (st.integers(1, 9999).map(str), SPLIT),
    "avg_task_acceptance_time": as_text(SECONDS),
}


def tasks(*names):
    """Counts of Tasks by what became of them."""
    return {f"tasks_{name}": as_text(COUNTS) for name in names}


WORKSPACE = {
    **RESERVATIONS,
    **WAITS,
    **tasks("created", "canceled", "completed", "deleted", "moved", "timed_out_in_workflow"),
}
WORKFLOW = {
    **RESERVATIONS,
    **WAITS,
    **tasks("entered", "canceled", "completed", "deleted", "moved", "timed_out_in_workflow"),
}
TASK_QUEUE = {
    **RESERVATIONS,
    **WAITS,
    **tasks("entered", "canceled", "completed", "deleted", "moved"),
    "wait_duration_in_queue_until_accepted": WAIT,
}
STATUSES = st.sampled_from(["reserved", "pending", "assigned", "wrapping", "completed"])
WORKFLOW_NOW = {
    "longest_task_waiting_age": as_text(SECONDS),
    "longest_task_waiting_sid": SIDS["WT"],
    "tasks_by_priority": table(as_text(COUNTS), st.integers(0, 99).map(str)),
    "tasks_by_status": table(as_text(COUNTS), STATUSES),
    "total_tasks": as_text(COUNTS),
}
WORKERS_NOW = {"total_workers": as_text(COUNTS), "activity_statistics": [ACTIVITY_STATISTIC]}
WORKSPACE_NOW = {**WORKFLOW_NOW, **WORKERS_NOW}
QUEUE_ITEM = {
    **WORKFLOW_NOW,
    "task_queue_sid": SIDS["WQ"],
    "activity_statistics": [ACTIVITY_STATISTIC],
    "total_available_workers": as_text(COUNTS),
    "total_eligible_workers": as_text(COUNTS),
}
TASK_QUEUE_NOW = {
    **QUEUE_ITEM,
    "longest_relative_task_age_in_queue": as_text(SECONDS),
    "longest_relative_task_sid_in_queue": SIDS["WT"],
}

SHAPES = {
    "worker_statistics": {**LOCATED, "worker_sid": SIDS["WK"], "cumulative": WORKER},
    "workers_statistics": {**LOCATED, "cumulative": WORKER, "realtime": WORKERS_NOW},
    "workers_cumulative_statistics": {**LOCATED, **WORKER},
    "workers_real_time_statistics": {**LOCATED, **WORKERS_NOW},
    "task_queue_statistics": {
        **LOCATED,
        "task_queue_sid": SIDS["WQ"],
        "cumulative": TASK_QUEUE,
        "realtime": TASK_QUEUE_NOW,
    },
    "task_queue_cumulative_statistics": {**LOCATED, "task_queue_sid": SIDS["WQ"], **TASK_QUEUE},
    "task_queue_real_time_statistics": {**LOCATED, **TASK_QUEUE_NOW},
    "task_queues_bulk_real_time_statistics": {
        **LOCATED,
        "task_queue_response_count": as_text(COUNTS),
        "task_queue_data": [QUEUE_ITEM],
    },
    "workflow_statistics": {
        **LOCATED,
        "workflow_sid": SIDS["WW"],
        "cumulative": WORKFLOW,
        "realtime": WORKFLOW_NOW,
    },
    "workflow_cumulative_statistics": {**LOCATED, "workflow_sid": SIDS["WW"], **WORKFLOW},
    "workflow_real_time_statistics": {**LOCATED, "workflow_sid": SIDS["WW"], **WORKFLOW_NOW},
    "workspace_statistics": {**LOCATED, "cumulative": WORKSPACE, "realtime": WORKSPACE_NOW},
    "workspace_cumulative_statistics": {**LOCATED, **WORKSPACE},
    "workspace_real_time_statistics": {**LOCATED, **WORKSPACE_NOW},
}
SHAPES["task_queues_statistics"] = SHAPES["task_queue_statistics"]
"""By the name of the operation that answers so."""
NEVER_MISSING = {
    "workspace_sid",
    "worker_sid",
    "task_queue_sid",
    "workflow_sid",
    "cumulative",
    "realtime",
    "task_queue_data",
}
"""What names an answer, and the parts that it exists for."""

UNKNOWN = st.dictionaries(
    st.sampled_from(["tasks_assigned", "zz_new", "extra"]),
    st.none() | COUNTS | st.lists(NAMES, max_size=2),
    max_size=2,
)


def value(kind):
    """What may stand under a key of this kind."""
    if isinstance(kind, dict):
        return body(kind)
    if isinstance(kind, list):
        return st.lists(body(kind[0]), max_size=3)
    if isinstance(kind, tuple):
        keys, inner = kind
        return table(body(inner), keys)
    return kind


def answer(name):
    """A body that answers the operation of that name: what names it is never left out."""
    return body(SHAPES[name], NEVER_MISSING)


def body(shape, never_missing=()):
    """A JSON object of this shape, with whatever a server may leave out, null or add."""
    there = {name: value(kind) for name, kind in shape.items() if name in never_missing}
    fields = {name: st.none() | value(shape[name]) for name in shape.keys() - there.keys()}
    known = st.fixed_dictionaries(there, optional=fields)
    return st.builds(lambda one, more: {**more, **one}, known, UNKNOWN)


def normal(json, kind=None):
    """The same with absent for null and numbers for numeric text, for comparing."""
    if isinstance(json, dict):
        return {
            key: normal(one, kind_of(kind, key)) for key, one in json.items() if one is not None
        }
    if isinstance(json, list) and isinstance(kind, list):
        return [normal(one, kind[0]) for one in json]
    return number(json) if kind is not None else json


def kind_of(kind, key):
    """The kind of what stands under a key; None for a key that nobody knows."""
    if isinstance(kind, dict):
        return kind.get(key)
    return kind[1] if isinstance(kind, tuple) else kind


def number(json):
    """A number from a number or from numeric text; anything else as it is."""
    if isinstance(json, str) and not NUMERIC(json):
        return json
    return float(json) if isinstance(json, (str, int, float)) else json
