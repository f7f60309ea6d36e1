"""A shared state in memory, and processes that report to it."""

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.fleet.codec import decode, encode
from taskrouter_stats.fleet.report import HeldTicket, Report, SharedReply
from taskrouter_stats.fleet.shared_budget import SharedBudget

START = 5e8
"""The store's time at the beginning; the processes' clock is 0 then."""
T = 0.1


class Fleet:
    """A stored state, and processes that report to it one after another."""

    def __init__(self, limit=50.0):
        self.state, self.limit, self.now, self.seq = SharedBudget.begin(START), limit, 0.0, 0
        self.held = {}

    def report(self, client, *, bulk=0, interactive=0, room=100, **more):
        """Let a process report, and return its lease; the state is stored and read again."""
        self.seq += 1
        mine = self.held.setdefault(client, [])
        replies = more.get("replies", ())
        sent = [
            each for each in (*(reply.held for reply in replies), *mine) if each.sent_at is None
        ]
        sent = [each for each in sent if each.at <= self.now]
        for each in sent:
            each.sent_at = each.at
        report = Report(
            client,
            self.seq,
            interactive=interactive,
            bulk=bulk,
            room=room,
            held=len(mine),
            unsent=sum(each.sent_at is None for each in mine),
            sent=tuple(sent),
            horizon=more.pop("horizon", 0.15),
            interval=T,
            **more,
        )
        lease = self.state.step(report, START + self.now, START)
        self.state = decode(encode(self.state))
        for each, ticket in lease.recorded:
            each.ticket = ticket
        slots = (*lease.slots, *filter(None, lease.spare))
        mine += [HeldTicket(slot.ticket, slot.at) for slot in slots]
        return lease

    def reply(self, client, remaining=None, *, refused=False):
        """Let the oldest request of a process be answered, in its next report."""
        held = self.held[client].pop(0)
        left = self.limit - 1.0 if remaining is None else remaining
        headers = RateLimit(limit=self.limit, remaining=left)
        return SharedReply(held, self.now, headers, refused, 0.5)

    def open(self, client="a"):
        """Let the first request be answered, so that the limit is known."""
        self.report(client, bulk=1)
        self.now += T
        self.report(client, replies=(self.reply(client),))
