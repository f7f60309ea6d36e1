"""Wrong queries: the exact text of each error once, and otherwise its type and parameter."""

from datetime import date

import pytest

from taskrouter_stats import queries
from taskrouter_stats.errors import InvalidParameter, InvalidSid, InvalidWindow
from tests.support.wrong_calls import QUEUE, WORKER, WORKSPACE, refused, rows, same

DAY = date(2026, 11, 1)
LONG = "x" * 199


@rows(
    (
        "sids swapped",
        lambda: queries.worker_statistics(WORKER, WORKSPACE),
        InvalidSid,
        (
            f"workspace_sid='{WORKER}' is not a Workspace SID: expected WS and 32 hexadecimal "
            "digits; WK is for Worker"
        ),
    ),
    (
        "a prefix in lower case",
        lambda: queries.worker_statistics(WORKSPACE.lower(), WORKER),
        InvalidSid,
        (
            "workspace_sid='ws00000000000000000000000000000000' is not a Workspace SID: "
            "expected WS and 32 hexadecimal digits; write WS in capitals"
        ),
    ),
    (
        "a line end after a SID",
        lambda: queries.worker_statistics(WORKSPACE, WORKER + "\n"),
        InvalidSid,
        (
            f"worker_sid='{WORKER}\\n' is not a Worker SID: expected WK and 32 hexadecimal "
            "digits; remove the blanks"
        ),
    ),
    (
        "a SID cut short",
        lambda: queries.worker_statistics(WORKSPACE[:-1], WORKER),
        InvalidSid,
        (
            "workspace_sid='WS0000000000000000000000000000000' is not a Workspace SID: "
            "expected WS and 32 hexadecimal digits; it has 33 characters, not 34"
        ),
    ),
    (
        "a name for a SID",
        lambda: queries.workers(WORKSPACE, activity_sid="Idle"),
        InvalidSid,
        "activity_sid='Idle' is not an Activity SID: expected WA and 32 hexadecimal digits",
    ),
    (
        "a file for a SID",
        lambda: queries.workspace("x" * 100_000),
        InvalidSid,
        (f"workspace_sid='{LONG}… is not a Workspace SID: expected WS and 32 hexadecimal digits"),
    ),
    (
        "one queue for several",
        lambda: queries.task_queues_bulk_real_time_statistics(WORKSPACE, QUEUE),
        InvalidParameter,
        f"task_queue_sids='{QUEUE}': expected a list of SIDs",
    ),
    (
        "text for a window",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, "8h"),
        InvalidWindow,
        "window='8h' is not a Window: give one, such as Window.last(minutes=15)",
    ),
    (
        "an empty channel",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, task_channel=""),
        InvalidParameter,
        "task_channel='': expected text, not empty, without control characters",
    ),
    (
        "yes for True",
        lambda: queries.workers(WORKSPACE, available="yes"),
        InvalidParameter,
        "available='yes': expected True or False",
    ),
    (
        "a page of too many",
        lambda: queries.workers(WORKSPACE, page_size=1001),
        InvalidParameter,
        "page_size=1001: expected a whole number from 1 to 1000",
    ),
    (
        "one threshold for several",
        lambda: queries.task_queue_statistics(WORKSPACE, QUEUE, split_by_wait_time=5),
        InvalidParameter,
        "split_by_wait_time=5: expected a list of whole seconds > 0, such as [5, 30]",
    ),
)
async def test_errors_of_wrong_queries_have_these_texts(call, error, says):
    """A constructor refuses a wrong argument with this text."""
    assert same(await refused(call), error, says)


@pytest.mark.parametrize(
    ("call", "error", "parameter"),
    [
        (
            lambda: queries.worker_statistics(" " + WORKSPACE, WORKER),
            InvalidSid,
            "workspace_sid",
        ),
        (lambda: queries.worker_statistics(WORKSPACE, "Ada"), InvalidSid, "worker_sid"),
        (lambda: queries.worker_statistics(WORKSPACE, None), InvalidSid, "worker_sid"),
        (lambda: queries.worker_statistics(WORKSPACE, WORKER.encode()), InvalidSid, "worker_sid"),
        (lambda: queries.worker_statistics(WORKSPACE, [WORKER]), InvalidSid, "worker_sid"),
        (lambda: queries.workspace_statistics(42), InvalidSid, "workspace_sid"),
        (lambda: queries.task_queue_statistics(WORKSPACE, WORKER), InvalidSid, "task_queue_sid"),
        (
            lambda: queries.task_queues_bulk_real_time_statistics(WORKSPACE, None),
            InvalidParameter,
            "task_queue_sids",
        ),
        (
            lambda: queries.task_queues_bulk_real_time_statistics(
                WORKSPACE, [QUEUE] * 50 + [WORKER]
            ),
            InvalidSid,
            "task_queue_sids",
        ),
        (
            lambda: queries.worker_statistics(WORKSPACE, WORKER, task_channel=5),
            InvalidParameter,
            "task_channel",
        ),
        (
            lambda: queries.worker_statistics(WORKSPACE, WORKER, task_channel="a\0b"),
            InvalidParameter,
            "task_channel",
        ),
        (lambda: queries.workers(WORKSPACE, page_size=0), InvalidParameter, "page_size"),
        (
            lambda: queries.task_queue_statistics(WORKSPACE, QUEUE, split_by_wait_time="5,30"),
            InvalidParameter,
            "split_by_wait_time",
        ),
        (
            lambda: queries.workspace_statistics(WORKSPACE, split_by_wait_time=[-1]),
            InvalidParameter,
            "split_by_wait_time",
        ),
    ],
)
async def test_errors_of_wrong_queries_name_the_parameter(call, error, parameter):
    """Every other wrong argument is refused with this type of error, which names it."""
    caught = await refused(call)
    assert (type(caught), caught.parameter) == (error, parameter)


@pytest.mark.parametrize("window", [15, None, (DAY, DAY)])
async def test_values_of_other_types_are_not_windows(window):
    """Minutes, nothing and a pair of days are refused as windows."""
    caught = await refused(lambda: queries.worker_statistics(WORKSPACE, WORKER, window))
    assert type(caught) is InvalidWindow
    assert str(caught).startswith(f"window={window!r} is not a Window")
