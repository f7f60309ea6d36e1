"""What the simulated server has seen, so that a test can ask the server instead of the client."""

from attrs import define, field


@define
class Counts:
    """What became of requests. Those that were cut off before their answer only count as requests.

    Attributes:
        requests: how many came in.
        succeeded: answered with 200.
        refused: answered with 429.
        unauthorized: answered with 401.
        not_found: answered with 404.
        rejected: answered with anything else: a 4xx for a parameter or a method, a fault's 5xx.
    """

    requests: int = 0
    succeeded: int = 0
    refused: int = 0
    unauthorized: int = 0
    not_found: int = 0
    rejected: int = 0

    def answered(self, status: int, times: int = 1) -> None:
        """Count so many answers with this status."""
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
    """The counts over everything, and those of each resource key.

    Attributes:
        by_key: the counts of each resource key that was asked for.
        in_flight: how many requests are inside now.
        max_in_flight: how many were inside at once, at the most.
    """

    by_key: dict[str, Counts] = field(factory=dict[str, Counts])
    in_flight: int = 0
    max_in_flight: int = 0

    def enter(self, key: str) -> int:
        """Count a request that comes in; return how many are inside with it."""
        self.requests += 1
        self.by_key.setdefault(key, Counts()).requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return self.in_flight

    def leave(self, key: str, status: int | None) -> None:
        """Count a request that goes out with this status, or with none because it was cut off."""
        self.in_flight -= 1
        if status is not None:
            self.answered(status)
            self.by_key[key].answered(status)

    def recount(self, key: str, decided: int, sent: int) -> None:
        """An answer that was counted goes out with another status."""
        for counts in (self, self.by_key[key]):
            counts.answered(decided, -1)
            counts.answered(sent)
