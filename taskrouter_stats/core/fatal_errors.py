"""Which failure ends a bulk run: one that would repeat for every query.

One bad worker never ends a run. Four things do: a 401; a 403 while that operation has had no
success in that workspace; a certificate that is not trusted, while nothing has had success; and
the same error from each of the first 20 distinct workers. The last is for the documented default
that closes worker statistics in workspaces of more than 100 workers
(https://www.twilio.com/docs/taskrouter/limits), whose status nobody has written down.
"""

from typing import Any, Final

from attrs import define, field

from taskrouter_stats.errors import ApiError, Forbidden, Unauthorized, UntrustedCertificate

from .outcome import Failure, Success
from .query import Query

__all__ = ["FatalErrorDetector"]

_ENOUGH: Final = 20


@define(eq=False, repr=False)
class FatalErrorDetector:
    """Watches one run's outcomes, as they are made."""

    _succeeded: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    _repeated: tuple[int, int | None] | None = None
    _sids: set[str] = field(factory=set[str])
    _varied: bool = False

    def check(self, outcome: Success[Any] | Failure) -> Exception | None:
        """The error that ends the run, when this outcome shows that all would fail alike."""
        place = _scope(outcome.query)
        if isinstance(outcome, Success):
            self._succeeded.add(place)
            self._varied = True
            return None
        error = outcome.error
        if isinstance(error, Unauthorized):
            return error
        if isinstance(error, Forbidden) and place not in self._succeeded:
            return error
        if isinstance(error, UntrustedCertificate) and not self._succeeded:
            return error
        return error if self._repeats(error, outcome.query.sid) else None

    def _repeats(self, error: Exception, sid: str) -> bool:
        if self._varied:
            return False
        same = (error.status, error.code) if isinstance(error, ApiError) else None
        if same is None or self._repeated not in (None, same):
            self._varied = True
            return False
        self._repeated = same
        self._sids.add(sid)
        return len(self._sids) >= _ENOUGH


def _scope(query: Query[Any]) -> tuple[str, str]:
    return query.endpoint.name, query.workspace_sid
