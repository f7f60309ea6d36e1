"""Detector of failures that end a bulk run, because they would repeat for every query.

One bad Worker never ends a run. Four things do: a 401; a 403 before any success of that operation
in that Workspace; an untrusted certificate before any success; and the same error for each of the
first 20 distinct Workers. The last rule is for the documented default that closes Worker
statistics in Workspaces of more than 100 Workers
(https://www.twilio.com/docs/taskrouter/limits); Twilio does not document the status of that error.
"""

from typing import Any, Final

from attrs import define, field

from taskrouter_stats.errors import ApiError, Forbidden, Unauthorized, UntrustedCertificate

from .outcome import Failure, Success
from .query import Query

__all__ = ["FatalErrorDetector"]

_MAX_EQUAL_ERRORS: Final = 20
"""Distinct Workers with the same error that end a run."""


@define(eq=False, repr=False)
class FatalErrorDetector:
    """Detector for the outcomes of one run."""

    _succeeded: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    _repeated: tuple[int, int | None] | None = None
    _sids: set[str] = field(factory=set[str])
    _varied: bool = False

    def check(self, outcome: Success[Any] | Failure) -> Exception | None:
        """Return the error if every other query would fail the same way."""
        scope = _scope(outcome.query)
        if isinstance(outcome, Success):
            self._succeeded.add(scope)
            self._varied = True
            return None
        error = outcome.error
        if isinstance(error, Unauthorized):
            return error
        if isinstance(error, Forbidden) and scope not in self._succeeded:
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
        return len(self._sids) >= _MAX_EQUAL_ERRORS


def _scope(query: Query[Any]) -> tuple[str, str]:
    return query.endpoint.name, query.workspace_sid
