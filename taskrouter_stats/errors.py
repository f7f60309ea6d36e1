"""Every error that this package raises, in one tree.

::

    TaskRouterStatsError
    ├ UsageError            a mistake of the caller, found before any request
    │ ├ InvalidSid · InvalidWindow · InvalidParameter · ConfigError   (each also a ValueError)
    │ ├ MissingExtra                                                  (also an ImportError)
    │ └ SessionMisuse       wrong loop, forked, unentered, used twice (also a RuntimeError)
    │   └ SessionClosed
    ├ TransportError        no full reply: ConnectionFailed, ServerDown, TimedOut (a TimeoutError)
    │ └ UntrustedCertificate                                          (a ConnectionFailed)
    ├ ApiError              the server answered with an error
    │ ├ BadRequest · Unauthorized · Forbidden · NotFound · ServerError
    │ └ RateLimited
    ├ PayloadError          a reply that no model understands
    ├ PaceError             the wait for a permit would exceed ``max_wait``
    └ StorageError          a sink or a checkpoint
      └ OutputLocked

Each error pickles, says what to do next, and never holds a secret. ``core/retry.py`` decides
whether to retry a request; the class of an error does not.
"""

import math
from collections.abc import Mapping, Sequence

__all__ = ["ApiError", "BadRequest", "ConfigError", "ConnectionFailed", "Forbidden"]
__all__ += ["InvalidParameter", "InvalidSid", "InvalidWindow", "MissingExtra", "NotFound"]
__all__ += ["OutputLocked", "PaceError", "PayloadError", "RateLimited", "ServerDown", "ServerError"]
__all__ += ["SessionClosed", "SessionMisuse", "StorageError", "TaskRouterStatsError", "TimedOut"]
__all__ += ["TransportError", "Unauthorized", "UntrustedCertificate", "UsageError"]


class TaskRouterStatsError(Exception):
    """The root: catch it to catch every error that this package raises on purpose."""


_MAX_SHOWN = 200


def _shown(value: object) -> str:
    """Return the text of a value for a message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


class UsageError(TaskRouterStatsError):
    """A wrong call; nothing was sent. The message names the right call."""


class InvalidSid(UsageError, ValueError):
    """A value that is not a SID of the required kind: its prefix and 32 hexadecimal digits."""

    def __init__(
        self, parameter: str, value: object, prefix: str, hint: str = "", kind: str = "a SID"
    ) -> None:
        super().__init__(parameter, value, prefix, hint, kind)
        self.parameter = parameter
        self.value = value
        self.prefix = prefix
        self.hint = hint
        self.kind = kind

    def __str__(self) -> str:
        rule = f"expected {self.prefix} and 32 hexadecimal digits"
        hint = self.hint and f"; {self.hint}"
        return f"{self.parameter}={_shown(self.value)} is not {self.kind}: {rule}{hint}"


class InvalidWindow(UsageError, ValueError):
    """An impossible time window, such as one that is empty or has no time zone."""


class InvalidParameter(UsageError, ValueError):
    """An argument outside what the endpoint or this package allows."""

    def __init__(self, parameter: str, value: object, rule: str) -> None:
        super().__init__(parameter, value, rule)
        self.parameter = parameter
        self.value = value
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.parameter}={_shown(self.value)}: {self.rule}"


class ConfigError(UsageError, ValueError):
    """Credentials, addresses or options that are missing or contradict each other."""


class MissingExtra(UsageError, ImportError):
    """An optional dependency is not installed; the message is the line that installs it."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(feature, extra)
        self.feature = feature
        self.extra = extra

    def __str__(self) -> str:
        return f'{self.feature} requires an extra: pip install "taskrouter-stats[{self.extra}]"'


class SessionMisuse(UsageError, RuntimeError):
    """A session or stream used in a wrong place: another loop, a fork, unentered, twice."""


class SessionClosed(SessionMisuse):
    """The session was closed before or during the call."""


class TransportError(TaskRouterStatsError):
    """No complete reply arrived; whether the server saw the request is unknown.

    Attributes:
        on_reused_connection: whether the connection had served an earlier request and ended, or
            brought nothing, before the reply's head. Such a connection may have been dead before
            the send, so the failure says nothing about the server.
    """

    on_reused_connection: bool = False


class ConnectionFailed(TransportError):
    """The connection could not be made, or broke before the reply was complete."""


class UntrustedCertificate(ConnectionFailed):
    """The server's certificate does not prove that the server is the requested host.

    A retry does not help. Check this machine's certificate authorities and clock, and whether a
    proxy replaces the server's certificate.
    """

    def __str__(self) -> str:
        check = "check this machine's certificate authorities and clock, and the proxy if any"
        return f"the server's certificate is not trusted: {super().__str__()}; {check}"


class ServerDown(TransportError):
    """The circuit is open, so nothing was sent: earlier requests, ten in a row, had no reply.

    Attributes:
        down_for: seconds since the first probe that the server did not answer.
        retry_after: seconds until the next probe.
        cause: the failure of the last request, as text; None if unknown.
    """

    def __init__(self, down_for: float, retry_after: float, cause: str | None = None) -> None:
        super().__init__(down_for, retry_after, cause)
        self.down_for = down_for
        self.retry_after = retry_after
        self.cause = cause

    def __str__(self) -> str:
        cause = f" (last failure: {self.cause})" if self.cause else ""
        silence = f"the server has not replied for {self.down_for:.3g} s{cause}"
        return f"{silence}; nothing was sent, try again in {self.retry_after:.2g} s"


class TimedOut(TransportError, TimeoutError):
    """One attempt took longer than ``timeout`` seconds, from connect to the last byte."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"no complete reply within {self.seconds:g} s; a longer timeout= may help"


class ApiError(TaskRouterStatsError):
    """The server answered with an error.

    Attributes:
        status: HTTP status.
        code: Twilio's error code (https://www.twilio.com/docs/api/errors), or None.
        message: the server's message, or None.
        more_info: the server's link to its documentation, or None.
        request_id: ``Twilio-Request-Id``, which Twilio's support asks for, or None.
        headers: the reply's headers, names in lower case.
        attempts: sends of the request so far, those answered with a 429 left out.
    """

    hint = "see more_info"

    def __init__(
        self,
        status: int,
        code: int | None = None,
        message: str | None = None,
        more_info: str | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int = 1,
    ) -> None:
        headers = dict(headers or {})
        super().__init__(status, code, message, more_info, request_id, headers, attempts)
        self.status = status
        self.code = code
        self.message = message
        self.more_info = more_info
        self.request_id = request_id
        self.headers = headers
        self.attempts = attempts

    def __str__(self) -> str:
        code = f", code {self.code}" if self.code is not None else ""
        request = f" [{self.request_id}]" if self.request_id else ""
        message = f": {self.message}" if self.message else ""
        attempts = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        return f"HTTP {self.status}{code}{message}{attempts}{request} ({self.hint})"


class BadRequest(ApiError):
    """400 and the other 4xx: the server does not accept these parameters."""

    hint = "check the window and the filters"


class Unauthorized(ApiError):
    """401: the credentials are wrong or belong to another region."""

    hint = "check the SID, its secret, and that both belong to this region"


class Forbidden(ApiError):
    """403: the credentials are valid but not allowed to do this."""

    hint = "check the API key's permissions and the workspace's features"


class NotFound(ApiError):
    """404: the Workspace or resource does not exist in this account and region.

    Twilio's error body has a ``code``: if ``code`` is None, a gateway may have answered.
    """

    hint = "check the SIDs, and that they belong to this account and region"


class ServerError(ApiError):
    """5xx: the server failed."""

    hint = "try again later"


class RateLimited(ApiError):
    """429, more often than the retry policy's ``refusals`` allow.

    Attributes:
        limit: the value of ``X-Rate-Limit-Limit``, or None.
        remaining: the value of ``X-Rate-Limit-Remaining``, or None.
        retry_after: the value of ``Retry-After`` in seconds, or None.
    """

    hint = "another client uses the same rate limit; lower pace_limit or try later"

    def __init__(
        self,
        status: int = 429,
        code: int | None = None,
        message: str | None = None,
        more_info: str | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int = 1,
        limit: float | None = None,
        remaining: float | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, code, message, more_info, request_id, headers, attempts)
        self.args = (*self.args, limit, remaining, retry_after)
        self.limit = limit
        self.remaining = remaining
        self.retry_after = retry_after


class PayloadError(TaskRouterStatsError):
    """A complete reply that no model can hold, or that answers another query.

    Attributes:
        problems: one text per problem, as ``path: what is wrong``, such as
            ``$.cumulative.activity_durations[2].total: expected a number, got 'many'``.
        request_id: ``Twilio-Request-Id`` of the reply, or None.
        for_other_query: whether the reply answers another query.
    """

    def __init__(
        self,
        problems: Sequence[str],
        request_id: str | None = None,
        for_other_query: bool = False,
    ) -> None:
        super().__init__(tuple(problems), request_id, for_other_query)
        self.problems = tuple(problems)
        self.request_id = request_id
        self.for_other_query = for_other_query

    def __str__(self) -> str:
        request = f" [{self.request_id}]" if self.request_id else ""
        wrong = "answers another query" if self.for_other_query else "is not what is documented"
        return f"the reply {wrong}: {'; '.join(self.problems)}{request}"


class PaceError(TaskRouterStatsError):
    """The rate limit would delay this request beyond ``max_wait``; it was not sent.

    Attributes:
        max_wait: the seconds that the caller allowed for waiting, over all attempts.
        retry_after: the estimated seconds until a permit; infinite if that depends on the reply
            to an earlier request.
    """

    def __init__(self, max_wait: float, retry_after: float) -> None:
        super().__init__(max_wait, retry_after)
        self.max_wait = max_wait
        self.retry_after = retry_after

    def __str__(self) -> str:
        known = self.retry_after < math.inf
        when = f"in about {self.retry_after:.3g} s" if known else "after replies to earlier ones"
        limit = f"the rate limit would delay this request beyond max_wait={self.max_wait:g} s"
        return f"{limit}; try again {when}"


class StorageError(TaskRouterStatsError):
    """Rows could not be stored, or a checkpoint could not be read or written."""


class OutputLocked(StorageError):
    """Another run writes to this output; run again when the other run has ended.

    Attributes:
        place: the output.
        holder: the run that holds the lock, as it described itself.
    """

    def __init__(self, place: str, holder: str) -> None:
        super().__init__(place, holder)
        self.place = place
        self.holder = holder

    def __str__(self) -> str:
        return f"{self.place} is locked by {self.holder}: run again when that run has ended"
