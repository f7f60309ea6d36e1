"""Wrong questions, and the exact words with which each is refused."""

from datetime import date

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
            f"workspace_sid='{WORKER}' is no SID of this kind: WS and 32 hexadecimal "
            "digits are expected; WK is for Worker"
        ),
    ),
    (
        "a prefix in lower case",
        lambda: queries.worker_statistics(WORKSPACE.lower(), WORKER),
        InvalidSid,
        (
            "workspace_sid='ws00000000000000000000000000000000' is no SID of this kind: WS "
            "and 32 hexadecimal digits are expected; write WS in capitals"
        ),
    ),
    (
        "a blank before a SID",
        lambda: queries.worker_statistics(" " + WORKSPACE, WORKER),
        InvalidSid,
        (
            f"workspace_sid=' {WORKSPACE}' is no SID of this kind: WS and 32 hexadecimal "
            "digits are expected; it has blanks around it"
        ),
    ),
    (
        "a line end after a SID",
        lambda: queries.worker_statistics(WORKSPACE, WORKER + "\n"),
        InvalidSid,
        (
            f"worker_sid='{WORKER}\\n' is no SID of this kind: WK and 32 hexadecimal "
            "digits are expected; it has blanks around it"
        ),
    ),
    (
        "a SID cut short",
        lambda: queries.worker_statistics(WORKSPACE[:-1], WORKER),
        InvalidSid,
        (
            "workspace_sid='WS0000000000000000000000000000000' is no SID of this kind: WS "
            "and 32 hexadecimal digits are expected; it has 33 characters, not 34"
        ),
    ),
    (
        "a name for a SID",
        lambda: queries.worker_statistics(WORKSPACE, "Ada"),
        InvalidSid,
        ("worker_sid='Ada' is no SID of this kind: WK and 32 hexadecimal digits are expected"),
    ),
    (
        "no SID at all",
        lambda: queries.worker_statistics(WORKSPACE, None),
        InvalidSid,
        ("worker_sid=None is no SID of this kind: WK and 32 hexadecimal digits are expected"),
    ),
    (
        "a SID as bytes",
        lambda: queries.worker_statistics(WORKSPACE, WORKER.encode()),
        InvalidSid,
        (
            f"worker_sid=b'{WORKER}' is no SID of this kind: WK and 32 hexadecimal digits "
            "are expected"
        ),
    ),
    (
        "a list for one SID",
        lambda: queries.worker_statistics(WORKSPACE, [WORKER]),
        InvalidSid,
        (
            f"worker_sid=['{WORKER}'] is no SID of this kind: WK and 32 hexadecimal digits "
            "are expected"
        ),
    ),
    (
        "a number for a SID",
        lambda: queries.workspace_statistics(42),
        InvalidSid,
        ("workspace_sid=42 is no SID of this kind: WS and 32 hexadecimal digits are expected"),
    ),
    (
        "a file for a SID",
        lambda: queries.workspace("x" * 100_000),
        InvalidSid,
        (
            f"workspace_sid='{LONG}… is no SID of this kind: WS and 32 hexadecimal digits "
            "are expected"
        ),
    ),
    (
        "a worker for a queue",
        lambda: queries.task_queue_statistics(WORKSPACE, WORKER),
        InvalidSid,
        (
            f"task_queue_sid='{WORKER}' is no SID of this kind: WQ and 32 hexadecimal "
            "digits are expected; WK is for Worker"
        ),
    ),
    (
        "one queue for several",
        lambda: queries.task_queues_bulk_real_time_statistics(WORKSPACE, QUEUE),
        InvalidParameter,
        f"task_queue_sids='{QUEUE}': a list of SIDs is expected",
    ),
    (
        "no queues",
        lambda: queries.task_queues_bulk_real_time_statistics(WORKSPACE, None),
        InvalidParameter,
        "task_queue_sids=None: a list of SIDs is expected",
    ),
    (
        "a worker among 51 queues",
        lambda: queries.task_queues_bulk_real_time_statistics(WORKSPACE, [QUEUE] * 50 + [WORKER]),
        InvalidSid,
        (
            f"task_queue_sids='{WORKER}' is no SID of this kind: WQ and 32 hexadecimal "
            "digits are expected; WK is for Worker"
        ),
    ),
    (
        "text for a window",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, "8h"),
        InvalidWindow,
        "window='8h' is no Window; Window.last(minutes=15) is",
    ),
    (
        "minutes for a window",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, 15),
        InvalidWindow,
        "window=15 is no Window; Window.last(minutes=15) is",
    ),
    (
        "None for a window",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, None),
        InvalidWindow,
        "window=None is no Window; Window.last(minutes=15) is",
    ),
    (
        "two times for a window",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, (DAY, DAY)),
        InvalidWindow,
        (
            "window=(datetime.date(2026, 11, 1), datetime.date(2026, 11, 1)) is no Window; "
            "Window.last(minutes=15) is"
        ),
    ),
    (
        "an empty channel",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, task_channel=""),
        InvalidParameter,
        "task_channel='': text without control characters is expected, not empty",
    ),
    (
        "a channel by number",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, task_channel=5),
        InvalidParameter,
        "task_channel=5: text without control characters is expected, not empty",
    ),
    (
        "a channel with a zero byte",
        lambda: queries.worker_statistics(WORKSPACE, WORKER, task_channel="a\0b"),
        InvalidParameter,
        "task_channel='a\\x00b': text without control characters is expected, not empty",
    ),
    (
        "yes for True",
        lambda: queries.workers(WORKSPACE, available="yes"),
        InvalidParameter,
        "available='yes': True or False is expected",
    ),
    (
        "an activity's name for its SID",
        lambda: queries.workers(WORKSPACE, activity_sid="Idle"),
        InvalidSid,
        ("activity_sid='Idle' is no SID of this kind: WA and 32 hexadecimal digits are expected"),
    ),
    (
        "a page of none",
        lambda: queries.workers(WORKSPACE, page_size=0),
        InvalidParameter,
        "page_size=0: a whole number from 1 to 1000",
    ),
    (
        "a page of too many",
        lambda: queries.workers(WORKSPACE, page_size=1001),
        InvalidParameter,
        "page_size=1001: a whole number from 1 to 1000",
    ),
    (
        "one threshold for several",
        lambda: queries.task_queue_statistics(WORKSPACE, QUEUE, split_by_wait_time=5),
        InvalidParameter,
        "split_by_wait_time=5: whole seconds above 0 are expected, such as [5, 30]",
    ),
    (
        "thresholds as text",
        lambda: queries.task_queue_statistics(WORKSPACE, QUEUE, split_by_wait_time="5,30"),
        InvalidParameter,
        "split_by_wait_time='5,30': whole seconds above 0 are expected, such as [5, 30]",
    ),
    (
        "a negative threshold",
        lambda: queries.workflow_statistics(WORKSPACE, "WW" + "0" * 32, split_by_wait_time=[-1]),
        InvalidParameter,
        "split_by_wait_time=[-1]: whole seconds above 0 are expected, such as [5, 30]",
    ),
)
async def test_a_wrong_question_is_refused_in_these_words(call, error, says):
    """A question that can't be asked is refused where it is made, by the argument's name."""
    assert same(await refused(call), error, says)
