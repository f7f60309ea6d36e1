"""The throttle: when may the next request go, learned from the server's headers alone.

Twilio says of a budget only `X-Rate-Limit-Limit`, `-Remaining` and an opaque `-Config`: no
window, no unit, no reset. Its documents speak of requests per second *averaged over ten
seconds*, and other processes may spend from the same budget. So nothing about the server is
configured here; it is inferred, one idea a file:

**Debt** (`rate`). Every request adds one to a debt that drains at the learned pace. Out of
debt, a request may go. After a burst the debt says by itself when the average is back at the
limit; no window has to be known and no reset awaited.

**Credit** (`estimator`). `Remaining`, less what was sent since it was reported, lets requests go
before their debt is paid; nothing else does. Debt is the memory, credit the permission: a
budget that a server grants at once is spent at once, and one that it doles out is paced.

**LimitModel** (`limit_model`). A header unit may be one request of this second, a tenth of one (an
average), or one of ten seconds. The careful reading holds until the own sends refute it.

**Others** (`estimator`, `ledger`). What is gone and was not sent from here, others spent. In
company there is no credit for bulk: a burst that one process calls unspent is what its rivals
are about to send. All sharers then steer by the same signal, the least that was left.

**HeaderTrust** (`header_trust`). Headers can lie. A refusal though credit was left, or replies that
contradict each other, silence them for a while; and low headers that no refusal confirms hold
the pace down for twenty seconds, not for ever.

Leave is asked in this order; the first that matches answers:

1. Paused after a 429, or inside a slot of the user's `pace_limit`: wait for its end.
2. No request was admitted yet: one at a time, a probe.
3. Out of debt: go, if nothing is in flight, or the headers are silent; alone, once the counter
   was seen to come back at all (else the limit may cover ten seconds); in company, while
   `Remaining` covers what is in flight.
4. Credit, alone or for an interactive request: go. A bulk request leaves `RESERVE` where
   interactive requests were seen, keeps at most half of what is left in flight (an even rival
   is seen only between replies), and opens in steps, in case a hidden cap on requests in flight
   waits.
5. Wait until the debt is paid, or for the next reply.

A 429 counts once per epoch: requests that were on their way together are refused together.
It pauses the whole budget: a credible `Retry-After`, or half a round trip, doubled while nothing
gets through. If the server still had some left for this budget, the refusal was not the
budget's, and the caller hands it to the account's window (`concurrency`). If nothing comes back
for more than a second of refusals in company, the memory is long, and the own average of ten
seconds becomes pace and debt.

Nothing here reads a clock or rolls dice: `now` and `jitter` come in, decisions go out. Figures
beside the constants are from the laboratory (`python -m tests.lab`): what halving and doubling
them does to completion over a clairvoyant client's, and to the share of requests refused.

What the estimator infers
-------------------------

Everything here compares two numbers: what the headers say was spent, and what the log knows
that this process sent. Latency blurs the comparison: requests overtake each other on the way
up. So own spending is always bounded from both sides, by the sends that surely arrived before
and by all that may have (`REORDER_SHARE`), and every inference uses the side that keeps it honest.

*Credit* is what `Remaining` allows now: what the newest request was reported, less what was sent
after it. Only a newer request's word replaces an older one's; an old reply that arrives late
never raises credit. While alone in a budget with ten seconds' memory, the own log gives a
second lower bound, exact where the header is rounded.

*The model* (see `limit_model`) starts as PER_SECOND. TEN_SECOND_AVERAGE is proven when the own
sends outran the promised refill by more than two full uses of the counter (one budget, one turn
of a window) ever showed: such a counter charges less than one per request. TEN_SECOND_TOTAL is
proven when the counter fell one by one for longer than a second without coming back: such a
limit covers more than a second.

*History* is what was gone when the first reply came: spent by others, but perhaps by others who
have ended. They are taken for company for a second; unless the counter shows them spending on,
what is still missing is theirs no more.

*Others* spend whatever the own sends cannot explain: more gone than was sent within the
memory, or more gone since the last refill than was sent since.
"""

from .concurrency import ConcurrencyLimit, InFlight
from .decision import SEND_NOW, Reason, ThrottleSnapshot, Wait
from .send_log import SendTicket
from .throttle import Throttle

__all__ = [
    "SEND_NOW",
    "ConcurrencyLimit",
    "InFlight",
    "Reason",
    "SendTicket",
    "Throttle",
    "ThrottleSnapshot",
    "Wait",
]
