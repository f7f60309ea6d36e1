"""Totals of a few tasks, computed by hand."""

from taskrouter_stats.simulator.world.task_history import TaskTotals, Waits, columns_by_place
from taskrouter_stats.simulator.world.tasks import ACCEPTED, CANCELED, ENDINGS, REJECTED, Task

COMPLETED = Task(
    serial=0,
    queue=2,
    channel=1,
    priority=0,
    created=10,
    reservations=[(20, 25, REJECTED), (40, 46, ACCEPTED)],
    worker=7,
    accepted=46,
    wrapping=90,
    ended=100,
)
ABANDONED = Task(1, 2, 1, 0, 30, [(50, 58, CANCELED)], ended=58, ending=1)
ELSEWHERE = Task(2, 3, 1, 0, 31, [(51, 66, REJECTED)], ended=300, ending=3)
COLUMNS = columns_by_place([COMPLETED, ABANDONED, ELSEWHERE])


def counted(begin, end, place=(2, 1)):
    """Return the totals of one queue and channel."""
    totals = TaskTotals()
    totals.add(COLUMNS[place], begin, end)
    return totals


def ended(begin, end, place=(2, 1)):
    """Return the number of tasks that ended, by ending."""
    return dict(zip(ENDINGS, counted(begin, end, place).ended, strict=True))


def test_columns_are_by_queue_and_channel():
    """Each queue and channel with a task has columns, and no other has."""
    assert set(COLUMNS) == {(2, 1), (3, 1)}


def test_each_event_counts_at_its_own_time():
    """Entering, reservations and endings count at their own times; the window's end is excluded."""
    assert counted(10, 40).entered == 2
    assert counted(11, 41).entered == 1
    assert (counted(20, 41).created, counted(20, 41).outcomes) == (2, [1, 1, 0, 0, 0])
    assert ended(0, 100) == {
        "completed": 0,
        "canceled": 1,
        "deleted": 0,
        "timed_out_in_workflow": 0,
    }
    assert ended(100, 101)["completed"] == 1
    assert ended(0, 301, (3, 1))["timed_out_in_workflow"] == 1


def test_waits_count_from_creation():
    """A task waits from its creation until a worker accepts it or it is canceled."""
    assert list(counted(40, 41).accepted_waits) == [36]
    assert list(counted(41, 100).accepted_waits) == []
    assert list(counted(0, 100).canceled_waits) == [28]


def test_waits_are_sorted_by_time():
    """The times are in order, whatever the order of the pairs."""
    waits = Waits.of([(9, 1), (4, 7), (6, 3)])
    assert list(waits.between(4, 9)) == [7, 3]
