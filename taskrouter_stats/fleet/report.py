"""What a process tells the shared budget, and what it gets for that: values only.

Times are seconds on the clock of the process's event loop.
"""

from attrs import define, field, frozen

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle import SendTicket, Wait

__all__ = ["HeldTicket", "Lease", "Report", "SharedReply", "Slot"]


@define(eq=False)
class HeldTicket:
    """A request's ticket, and what its process knows of it.

    Attributes:
        ticket: the throttle's ticket, as the store knows it.
        at: when the request may be sent.
        sent_at: when it was sent; None before that.
        is_alone: whether the process's own copy granted it.
        copied: the ticket as the process's copy knows it.
    """

    ticket: SendTicket
    at: float
    sent_at: float | None = None
    is_alone: bool = False
    copied: SendTicket | None = None


@frozen(eq=False)
class SharedReply:
    """A complete reply to a request with a slot.

    Attributes:
        held: the request's ticket.
        at: when the reply was complete.
        rate_limit: what its headers stated.
        refused: whether it is a 429.
        jitter: a random number from 0 up to 1.
    """

    held: HeldTicket
    at: float
    rate_limit: RateLimit
    refused: bool
    jitter: float


@frozen(eq=False)
class Slot:
    """Permission to send one request at a time, charged to the budget already.

    Attributes:
        at: when the request may be sent.
        ticket: the throttle's ticket.
    """

    at: float
    ticket: SendTicket


@frozen(eq=False)
class Report:
    """What one process did since its last report, and what it wants.

    Attributes:
        client: a random name of the process's session.
        seq: number of the report; the shared state keeps the newest that it took in.
        interactive: interactive requests that wait without a slot.
        bulk: bulk requests that wait without a slot, and those that will follow.
        room: requests that the process could send at once, if it had as many slots.
        held: tickets that the process keeps: unused slots, and requests in flight.
        unsent: how many of them were not sent.
        horizon: seconds for which it wants slots.
        interval: seconds until its next report.
        headroom: share of the budget that nobody uses, as the process's options say.
        reserve: share of the budget that bulk requests leave to interactive ones, likewise.
        sent: requests with a slot that were sent.
        replies: the replies that came.
        unused: tickets of slots that were not used.
        sent_alone: when requests were sent without a slot, while the store did not answer.
        pace: requests per second that the process allowed itself then; 0: the store answered.
    """

    client: str
    seq: int
    interactive: int = 0
    bulk: int = 0
    room: int = 0
    held: int = 0
    unsent: int = 0
    horizon: float = 0.0
    interval: float = 0.0
    headroom: float = 0.0
    reserve: float = 0.0
    sent: tuple[HeldTicket, ...] = ()
    replies: tuple[SharedReply, ...] = ()
    unused: tuple[SendTicket, ...] = ()
    sent_alone: tuple[float, ...] = ()
    pace: float = 0.0

    @property
    def wants(self) -> bool:
        """Whether a request waits without a slot."""
        return self.interactive + self.bulk > 0


@frozen(eq=False)
class Lease:
    """What a process gets.

    Attributes:
        slots: in the order of their times.
        spare: for each admitted reply to come, the slot that it frees, if any; its time is then.
        recorded: the tickets of the requests that were sent, as the state knows them now.
        at_once: requests that the process may have in flight at once: its part of the account's
            limit, as far as a 429 showed one.
        wait: how long the next request waits, as far as the throttle knows, and why.
    """

    slots: tuple[Slot, ...] = ()
    spare: tuple[Slot | None, ...] = ()
    recorded: tuple[tuple[HeldTicket, SendTicket], ...] = ()
    at_once: float = float("inf")
    wait: Wait = field(default=Wait(float("inf"), "in_flight"))
