"""What makes a limit harder to live with: somebody else who spends it, and changes of it.

Each is a limiter around a limiter, so that they can be combined with every window model and with
each other.
"""

from collections.abc import Sequence

from attrs import define

from taskrouter_stats.simulator.limits import LONG, Limiter, Verdict


class Rival:
    """Another process that spends the same budget, evenly, whether or not it is refused.

    Args:
        inner: The limiter whose budget is shared.
        limit: Its requests per second.
        share: What the other one asks for, as a share of the limit.
    """

    def __init__(self, inner: Limiter, limit: int, share: float) -> None:
        self._inner = inner
        self._share = share
        self._every = 1 / (limit * share)
        self._next: float | None = None

    def allow(self, now: float) -> Verdict:
        """Let the rival spend what is due until now, then decide."""
        self._spend(now)
        return self._inner.allow(now)

    def look(self, now: float) -> Verdict:
        """Let the rival spend what is due until now, then look."""
        self._spend(now)
        return self._inner.look(now)

    def change(self, limit: int) -> None:
        """Change the limit, of which the rival goes on asking for its share."""
        self._every = 1 / (limit * self._share)
        self._inner.change(limit)

    def _spend(self, now: float) -> None:
        """Spend at each moment that is due; what no limiter remembers is left out."""
        due = now if self._next is None else max(self._next, now - 2 * LONG)
        while due <= now:
            self._inner.allow(due)
            due += self._every
        self._next = due


@define
class Start:
    """When the first request of all came, which steps are counted from."""

    at: float | None = None

    def since(self, now: float) -> float:
        """Return the seconds since then."""
        if self.at is None:
            self.at = now
        return now - self.at


class Stepped:
    """A limit that changes as time goes on.

    Args:
        inner: The limiter whose limit changes.
        steps: Seconds since the start, and the limit from then on.
        start: When that was.
    """

    def __init__(self, inner: Limiter, steps: Sequence[tuple[float, int]], start: Start) -> None:
        self._inner = inner
        self._steps = sorted(steps, reverse=True)
        self._start = start

    def allow(self, now: float) -> Verdict:
        """Take the steps that are due, then decide."""
        self._step(now)
        return self._inner.allow(now)

    def look(self, now: float) -> Verdict:
        """Take the steps that are due, then look."""
        self._step(now)
        return self._inner.look(now)

    def change(self, limit: int) -> None:
        """Change the limit, until the next step."""
        self._inner.change(limit)

    def _step(self, now: float) -> None:
        elapsed = self._start.since(now)
        while self._steps and self._steps[-1][0] <= elapsed:
            self._inner.change(self._steps.pop()[1])
