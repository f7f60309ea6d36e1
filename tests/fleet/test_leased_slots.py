"""The slots of one process: which of them may be used, and which are given back."""

from taskrouter_stats.core.throttle import SendTicket
from taskrouter_stats.fleet.leased_slots import VALID, LeasedSlots
from taskrouter_stats.fleet.report import Slot


def slots(*times, spare=()):
    """Return slots at these times, and what replies free."""
    made = LeasedSlots()
    made.add(
        [Slot(at, SendTicket(at)) for at in times],
        [None if at is None else Slot(at, SendTicket(at)) for at in spare],
    )
    return made


def test_slots_of_two_leases_are_in_order():
    """A slot of a later lease may come before one of an earlier lease."""
    made = slots(1.0, 3.0)
    made.add([Slot(2.0, SendTicket(2.0))])
    assert [slot.at for slot in made.ready] == [1.0, 2.0, 3.0]


def test_a_reply_frees_its_own_slot():
    """The first reply frees nothing here, the second one a slot that may be used at once."""
    made = slots(5.0, spare=(None, 1.0))
    made.replied(1.5)
    assert [slot.at for slot in made.ready] == [5.0]
    made.replied(1.6)
    made.replied(1.7)
    assert [slot.at for slot in made.ready] == [1.6, 5.0]


def test_old_slots_are_taken_out():
    """A slot is too old ``VALID`` seconds after its time."""
    made = slots(1.0, 2.0)
    assert [ticket.at for ticket in made.take_stale(1.01 + VALID)] == [1.0]
    assert len(made) == 1


def test_what_is_not_wanted_is_taken_out():
    """All that replies would free goes back, and the latest slots beyond the wanted number."""
    made = slots(1.0, 2.0, 3.0, spare=(None, 0.5, 0.6))
    assert [ticket.at for ticket in made.take_beyond(1)] == [0.6, 0.5, 3.0, 2.0]
    assert (len(made), made.spare) == (1, [])
