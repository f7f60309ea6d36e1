"""Counters of the simulated server, so that a test can compare them with the client's."""

from attrs import define, field

__all__ = ["Counters", "Counts"]


@define
class Counts:
    """Counts of requests and replies; a request that ended before its reply has no reply.

    Attributes:
        requests: Requests that arrived.
        succeeded: Replies with status 200.
        refused: Replies with status 429.
        unauthorized: Replies with status 401.
        not_found: Replies with status 404.
        rejected: Replies with another status: a 4xx for a parameter or a method, a fault's 5xx.
    """

    requests: int = 0
    succeeded: int = 0
    refused: int = 0
    unauthorized: int = 0
    not_found: int = 0
    rejected: int = 0

    def answered(self, status: int, times: int = 1) -> None:
        """Add this many replies with this status."""
        match status:
            case 200:
                self.succeeded += times
            case 429:
                self.refused += times
            case 401:
                self.unauthorized += times
            case 404:
                self.not_found += times
            case _:
                self.rejected += times


@define
class Counters(Counts):
    """The counts of all requests, and those of each resource key.

    Attributes:
        by_key: The counts of each requested resource key.
        in_flight: Requests that the server handles now.
        max_in_flight: The largest number of requests that the server handled at once.
    """

    by_key: dict[str, Counts] = field(factory=dict[str, Counts])
    in_flight: int = 0
    max_in_flight: int = 0

    def enter(self, key: str) -> int:
        """Count a request that arrives; return the number of requests in flight."""
        self.requests += 1
        self.by_key.setdefault(key, Counts()).requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return self.in_flight

    def leave(self, key: str, status: int | None) -> None:
        """Count a request that ends with this status, or with ``None`` if it had no reply."""
        self.in_flight -= 1
        if status is not None:
            self.answered(status)
            self.by_key[key].answered(status)

    def recount(self, key: str, decided: int, sent: int) -> None:
        """Change the status of a reply that is already counted."""
        for counts in (self, self.by_key[key]):
            counts.answered(decided, -1)
            counts.answered(sent)
