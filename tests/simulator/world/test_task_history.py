"""Counting tasks by hand."""

from array import array

from taskrouter_stats.simulator.world.task_history import TaskTotals, Waits, cells, durations
from taskrouter_stats.simulator.world.tasks import ACCEPTED, CANCELED, REJECTED, Task

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
CELLS = cells([COMPLETED, ABANDONED, ELSEWHERE])


def counted(begin, end, place=(2, 1)):
    """Return what is counted of one queue and channel."""
    tally = TaskTotals()
    tally.add(CELLS[place], begin, end)
    return tally


def test_a_day_is_cut_by_queue_and_channel():
    """There is a cell for each queue and channel that something happened in."""
    assert set(CELLS) == {(2, 1), (3, 1)}


def test_everything_counts_when_it_happens():
    """Entering, reservations and endings each count at their own moment, the end left out."""
    assert counted(10, 40).entered == 2
    assert counted(11, 41).entered == 1
    assert (counted(20, 41).created, counted(20, 41).outcomes) == (2, [1, 1, 0, 0, 0])
    assert counted(0, 100).counts() == {
        "tasks_canceled": 1,
        "tasks_completed": 0,
        "tasks_deleted": 0,
        "tasks_moved": 0,
    }
    assert counted(100, 101).counts()["tasks_completed"] == 1
    assert counted(0, 301, (3, 1)).timed_out() == 1


def test_waits_count_from_creation():
    """An accepted task has waited until it was accepted, a canceled one until then."""
    assert list(counted(40, 41).accepted_waits) == [36]
    assert list(counted(41, 100).accepted_waits) == []
    assert list(counted(0, 100).canceled_waits) == [28]


def test_splits_by_hand():
    """A wait of exactly the threshold is below it."""
    assert counted(0, 100).splits([36, 20]) == {
        "36": {
            "above": {"tasks_canceled": 0, "reservations_accepted": 0},
            "below": {"tasks_canceled": 1, "reservations_accepted": 1},
        },
        "20": {
            "above": {"tasks_canceled": 1, "reservations_accepted": 1},
            "below": {"tasks_canceled": 0, "reservations_accepted": 0},
        },
    }


def test_durations_by_hand():
    """Waits have average, least, most and total; of none, all are zero."""
    assert durations(array("i", [3, 8])) == {"avg": 5, "min": 3, "max": 8, "total": 11}
    assert durations(array("i")) == {"avg": 0, "min": 0, "max": 0, "total": 0}


def test_waits_are_sorted_by_time():
    """Moments come in order whatever the order they were given in."""
    waits = Waits.of([(9, 1), (4, 7), (6, 3)])
    assert list(waits.between(4, 9)) == [7, 3]
