"""How long a session's cache may answer with a value that it has."""

import math
from typing import Any, Final

import attrs
from attrs import frozen

from taskrouter_stats.errors import InvalidParameter

from .endpoint import Endpoint
from .plain_numbers import plain_number, whole_number

__all__ = ["CachePolicy", "as_cache_policy"]

_RULE: Final = "expected seconds, 0 or more, a CachePolicy, or None"


@frozen
class CachePolicy:
    """The ages up to which a value answers a query, by the kind of query.

    With a ttl of 0 nothing is answered from the cache, but equal queries in flight still share one
    request.

    Attributes:
        real_time: seconds, ≥ 0, for values with a current state: real-time statistics, combined
            statistics, Workers, Workspaces.
        cumulative: seconds, ≥ 0, for values that only count over a window, such as worker
            statistics.
        stale: seconds, ≥ 0, after the ttl: a value of that age is still returned at once, and one
            bulk request in the background replaces it.
        max_entries: values that a session keeps, ≥ 1; the oldest is dropped first. Worker
            statistics with ten Activities take about 5 KB. Only the session's own policy counts.
    """

    real_time: float = 5.0
    cumulative: float = 30.0
    stale: float = 0.0
    max_entries: int = 10_000

    def __attrs_post_init__(self) -> None:
        for name in ("real_time", "cumulative", "stale"):
            seconds = plain_number(getattr(self, name))
            if seconds is None or not 0 <= seconds < math.inf:
                raise InvalidParameter(name, getattr(self, name), "expected seconds, 0 or more")
            object.__setattr__(self, name, seconds)
        count = whole_number(self.max_entries)
        if count is None or count < 1:
            rule = "expected a whole number, 1 or more"
            raise InvalidParameter("max_entries", self.max_entries, rule)
        object.__setattr__(self, "max_entries", count)

    def ttl(self, endpoint: Endpoint[Any]) -> float:
        """Return the seconds for which an answer of this operation is fresh."""
        return self.cumulative if _only_counts(endpoint) else self.real_time


def _only_counts(endpoint: Endpoint[Any]) -> bool:
    """Return whether an operation's answer holds nothing but sums over a window."""
    return endpoint.windowed and "realtime" not in attrs.fields_dict(endpoint.model)


def as_cache_policy(value: object) -> CachePolicy | None:
    """Return the policy for ``cache_ttl``: seconds for every kind of query, a policy, or None.

    Raises:
        InvalidParameter: the value is none of these.
    """
    if value is None or isinstance(value, CachePolicy):
        return value
    seconds = plain_number(value)
    if seconds is None or not 0 <= seconds < math.inf:
        raise InvalidParameter("cache_ttl", value, _RULE)
    return CachePolicy(real_time=seconds, cumulative=seconds)
