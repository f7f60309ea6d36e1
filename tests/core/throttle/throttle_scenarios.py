"""Stories for a throttle: short events, and any sequence of them."""

import math
from collections.abc import Iterable

import attrs
from hypothesis import strategies as st

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle.send_log import SendTicket
from taskrouter_stats.core.throttle.throttle import Throttle

RTT = 0.1


def told(limit: float | None = 50.0, remaining: float | None = None, **more: float) -> RateLimit:
    """Headers of a reply."""
    return RateLimit(limit=limit, remaining=remaining, **more)


def opened(limit: float = 50.0, remaining: float | None = None, **more: float) -> Throttle:
    """A throttle that had one reply, at time 0.1."""
    throttle = Throttle(0.0, **more)
    left = limit - 1.0 if remaining is None else remaining
    throttle.observe(throttle.reserve(0.0), RTT, told(limit, left), refused=False, jitter=0.5)
    return throttle


def burst(throttle: Throttle, now: float, most: int = 1000) -> list[SendTicket]:
    """Send as long as leave is given."""
    sent: list[SendTicket] = []
    while len(sent) < most and throttle.check(now, interactive=False).seconds == 0.0:
        sent.append(throttle.reserve(now))
    return sent


def answer(
    throttle: Throttle, sent: Iterable[SendTicket], now: float, rate_limit: RateLimit
) -> None:
    """Answer requests with 200."""
    for one in sent:
        throttle.observe(one, now, rate_limit, refused=False, jitter=0.5)


def refuse(throttle: Throttle, sent: SendTicket, now: float, rate_limit: RateLimit) -> bool:
    """Answer a request with 429."""
    return throttle.observe(sent, now, rate_limit, refused=True, jitter=0.5)


numbers = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, 3.0, 50.0, 500.0, -7.0, 1e6, 1e300, 5e-324]),
    st.floats(-1e3, 1e3, allow_nan=False),
)
replies = st.builds(
    RateLimit,
    limit=numbers,
    remaining=numbers,
    retry_after=st.one_of(st.none(), st.sampled_from([0.0, 1.0, 3600.0, 1e300])),
)
events = st.lists(
    st.tuples(
        st.sampled_from(["ask", "urgent", "send", "ok", "ok", "refuse", "lose", "unsend"]),
        st.floats(-0.5, 5.0, allow_nan=False),
        st.integers(0, 30),
        replies,
        st.floats(0.0, 0.999),
    ),
    max_size=80,
)


@attrs.define
class Story:
    """A throttle, its open tickets, and the time."""

    throttle: Throttle
    now: float = 0.0
    open: list[SendTicket] = attrs.Factory(list[SendTicket])

    def live(self, what: str, gap: float, pick: int, reply: RateLimit, jitter: float) -> None:
        """One event."""
        self.now += gap
        if what in {"ask", "urgent", "send"}:
            wait = self.throttle.check(self.now, interactive=what == "urgent")
            assert wait.seconds >= 0.0
            assert not math.isnan(wait.seconds)
            assert wait.seconds < math.inf or self.throttle.in_flight
            if what == "send" and wait.seconds == 0.0:
                self.open.append(self.throttle.reserve(self.now))
            return
        if not self.open:
            return
        sent = self.open.pop(pick % len(self.open))
        if what == "lose":
            self.throttle.abandon(sent)
        elif what == "unsend":
            self.throttle.cancel(sent)
        else:
            refused = what == "refuse"
            self.throttle.observe(sent, self.now, reply, refused=refused, jitter=jitter)


options = st.sampled_from(
    [{}, {"pace_limit": 5.0}, {"headroom": 0.5}, {"headroom": 0.99}, {"reserved": 0.5}]
)
