"""Every error that this package raises, in one tree.

::

    TaskRouterStatsError
    ├ UsageError            the caller's mistake, found before any request
    │ ├ InvalidSid · InvalidWindow · InvalidParameter · ConfigError   (each also a ValueError)
    │ ├ MissingExtra                                                  (also an ImportError)
    │ └ SessionMisuse       wrong loop, forked, unentered, used twice (also a RuntimeError)
    │   └ SessionClosed
    ├ TransportError        no reply came: ConnectionFailed, ServerDown, TimedOut (a TimeoutError)
    │ └ UntrustedCertificate                                          (a ConnectionFailed)
    ├ ApiError              the server answered, and refused
    │ ├ BadRequest · Unauthorized · Forbidden · NotFound · ServerError
    │ └ RateLimited
    ├ PayloadError          a reply that no model understands
    ├ PaceError             the wait for leave would pass ``max_wait``
    └ StorageError          a sink or a checkpoint
      └ OutputLocked

Each error pickles, tells what to do next, and never holds a secret. Whether a request is tried
again is decided in ``core/retry.py``, never by an error's class.
"""

import math
from collections.abc import Mapping, Sequence

__all__ = ["ApiError", "BadRequest", "ConfigError", "ConnectionFailed", "Forbidden"]
__all__ += ["InvalidParameter", "InvalidSid", "InvalidWindow", "MissingExtra", "NotFound"]
__all__ += ["OutputLocked", "PaceError", "PayloadError", "RateLimited", "ServerDown", "ServerError"]
__all__ += ["SessionClosed", "SessionMisuse", "StorageError", "TaskRouterStatsError", "TimedOut"]
__all__ += ["TransportError", "Unauthorized", "UntrustedCertificate", "UsageError"]


class TaskRouterStatsError(Exception):
    """The root: catch it to catch everything that this package raises on purpose."""


_MOST_SHOWN = 200


def _shown(value: object) -> str:
    """A value as a message repeats it, in part when it is long."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


class UsageError(TaskRouterStatsError):
    """The call can't be right; nothing was sent. The message names the call that is."""


class InvalidSid(UsageError, ValueError):
    """A SID that is not two letters and 32 hexadecimal digits of the kind that is asked for."""

    def __init__(self, parameter: str, value: object, prefix: str, hint: str = "") -> None:
        super().__init__(parameter, value, prefix, hint)
        self.parameter = parameter
        self.value = value
        self.prefix = prefix
        self.hint = hint

    def __str__(self) -> str:
        return (
            f"{self.parameter}={_shown(self.value)} is no SID of this kind: "
            f"{self.prefix} and 32 hexadecimal digits are expected{self.hint and f'; {self.hint}'}"
        )


class InvalidWindow(UsageError, ValueError):
    """A time window that can't be: empty, backwards, without a time zone."""


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
    """Credentials, addresses or options that can't work together."""


class MissingExtra(UsageError, ImportError):
    """An optional dependency is not installed; the message is the line that installs it."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(feature, extra)
        self.feature = feature
        self.extra = extra

    def __str__(self) -> str:
        return f'{self.feature} needs more: pip install "taskrouter-stats[{self.extra}]"'


class SessionMisuse(UsageError, RuntimeError):
    """A session or stream used where it can't be: another loop, a fork, unentered, twice."""


class SessionClosed(SessionMisuse):
    """The session was closed, before the call or under it."""


class TransportError(TaskRouterStatsError):
    """No whole reply came; whether the server saw the request is unknown.

    Attributes:
        on_reused_connection: whether a connection that had served an earlier request ended, or
            stayed silent, before the reply's head came. Such a connection may have been dead
            before the send, so this says nothing about the server.
    """

    on_reused_connection: bool = False


class ConnectionFailed(TransportError):
    """The connection could not be made, or broke before the reply was whole."""


class UntrustedCertificate(ConnectionFailed):
    """The server's certificate does not prove that it is the host that was asked.

    Trying again does not help. Check this machine's certificate authorities and clock, and
    whether a proxy replaces the server's certificate with one of its own.
    """

    def __str__(self) -> str:
        return (
            f"the server's certificate is not trusted: {super().__str__()}; check this machine's "
            "certificate authorities and clock, and whether a proxy replaces the certificate"
        )


class ServerDown(TransportError):
    """Nothing was sent: sends before this one brought no reply, ten in a row.

    Attributes:
        down_for: seconds since the first probe that it has not answered.
        retry_after: seconds until the next request goes out to see whether the server is back.
        cause: what the last send met, as text; None when that is not known.
    """

    def __init__(self, down_for: float, retry_after: float, cause: str | None = None) -> None:
        super().__init__(down_for, retry_after, cause)
        self.down_for = down_for
        self.retry_after = retry_after
        self.cause = cause

    def __str__(self) -> str:
        met = f" (the last send met: {self.cause})" if self.cause else ""
        return (
            f"the server has given no reply for {self.down_for:.3g} s{met}; nothing was sent, "
            f"try again in {self.retry_after:.2g} s"
        )


class TimedOut(TransportError, TimeoutError):
    """One attempt took longer than ``timeout`` seconds, from connect to the last byte."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"no whole reply within {self.seconds:g} s; a longer timeout= may help"


class ApiError(TaskRouterStatsError):
    """The server answered with an error.

    Attributes:
        status: HTTP status.
        code: Twilio's error code (https://www.twilio.com/docs/api/errors), or None.
        message: the server's own words, or None.
        more_info: the server's link to its documentation, or None.
        request_id: ``Twilio-Request-Id``, to be quoted to Twilio's support, or None.
        headers: the reply's headers, names in lower case.
        attempts: how many times the request was sent and answered otherwise than by a 429.
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
        said = f": {self.message}" if self.message else ""
        tries = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        return f"HTTP {self.status}{code}{said}{tries}{request} ({self.hint})"


class BadRequest(ApiError):
    """400 and the other 4xx: the server does not accept these parameters."""

    hint = "check the window and the filters"


class Unauthorized(ApiError):
    """401: the credentials are wrong, or belong to another region."""

    hint = "check the SID, its secret, and that both belong to this region"


class Forbidden(ApiError):
    """403: the credentials are known but may not do this."""

    hint = "check the API key's permissions and the workspace's features"


class NotFound(ApiError):
    """404: no such workspace or resource in this account and region.

    Only Twilio's own error body has a ``code``: with ``code`` None, a gateway may have answered.
    """

    hint = "check the SIDs, and that they belong to this account and region"


class ServerError(ApiError):
    """5xx: the server failed."""

    hint = "try again later"


class RateLimited(ApiError):
    """429, more often than the retry policy's ``refusals`` allow.

    Attributes:
        limit: what ``X-Rate-Limit-Limit`` said, or None.
        remaining: what ``X-Rate-Limit-Remaining`` said, or None.
        retry_after: what ``Retry-After`` said, in seconds, or None.
    """

    hint = "something else spends the same budget; lower pace_limit or try later"

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
    """A reply came whole and is not what any model understands.

    Attributes:
        problems: one ``path: what is wrong`` each, such as
            ``$.cumulative.activity_durations[2].total: expected a number, got 'many'``.
        request_id: ``Twilio-Request-Id`` of the reply, or None.
        for_other_query: whether the reply answers another query than the one that was asked.
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
    """Leave to send would come later than ``max_wait`` allows; nothing was sent meanwhile.

    Attributes:
        max_wait: the seconds that the caller allowed, over all attempts.
        retry_after: the seconds after which leave can be expected, as far as is known; infinite
            while only a reply can tell.
    """

    def __init__(self, max_wait: float, retry_after: float) -> None:
        super().__init__(max_wait, retry_after)
        self.max_wait = max_wait
        self.retry_after = retry_after

    def __str__(self) -> str:
        known = self.retry_after < math.inf
        when = f"in about {self.retry_after:.3g} s" if known else "after a reply to those before it"
        return (
            f"the rate limit leaves no room within max_wait={self.max_wait:g} s; try again {when}"
        )


class StorageError(TaskRouterStatsError):
    """Rows could not be stored, or a checkpoint could not be read or written."""


class OutputLocked(StorageError):
    """Another run writes to this output; run again when it has ended.

    Attributes:
        place: the output.
        holder: who holds it, as they wrote it down.
    """

    def __init__(self, place: str, holder: str) -> None:
        super().__init__(place, holder)
        self.place = place
        self.holder = holder

    def __str__(self) -> str:
        return f"{self.place} is being written to by {self.holder}: run again when that has ended"
