"""Decoding of a raw reply: returns its payload or raises its error."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from attrs import define, field

from taskrouter_stats import errors
from taskrouter_stats.models.decoding import loads
from taskrouter_stats.models.redaction import SecretRedactor

from . import rate_limit
from .http_date import parse_http_date

__all__ = ["MAX_BODY_BYTES", "RATE_LIMITED", "Reply", "date_of", "decode_reply", "json_object"]

MAX_BODY_BYTES: Final = 16 * 2**20
"""Bytes of a decompressed body, at most; a page of 1,000 Workers has far fewer."""
RATE_LIMITED: Final = 429
"""Status of a request that the server did not process, so it may be sent again."""

_LONGEST_MESSAGE: Final = 500
"""Characters of a text from an error body, at most."""
_LONGEST_QUOTE: Final = 60
"""Bytes of a body that an error shows, at most."""
_READ_FOR_A_QUOTE: Final = 2**16
"""Bytes of a body, or characters of its text, that are redacted before a quote is cut."""
_LONGEST_CODE: Final = 10
"""Digits of an error code given as text, fewer than this."""
_BY_STATUS: Final[Mapping[int, type[errors.ApiError]]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
}


_NO_SECRETS: Final = SecretRedactor(())


@define
class Reply:
    """A complete raw reply; nothing changes it.

    It may repeat our secrets, so redact every part before showing it.

    Attributes:
        status: HTTP status.
        headers: the headers, found by names in lower case; a byte that is not UTF-8 is a lone
            surrogate.
        body: the decompressed body, cut soon after ``MAX_BODY_BYTES`` bytes.
        redactor: removes our secrets from what is shown or kept.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    redactor: SecretRedactor = field(default=_NO_SECRETS, repr=False, eq=False)

    def shown(self, header: str) -> str:
        """Return a name or value of a header without secrets, and without bytes as surrogates."""
        if not header.isascii():
            header = header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return self.redactor.text(header)

    @property
    def request_id(self) -> str | None:
        """``Twilio-Request-Id``, which Twilio's support asks for, or None."""
        found = self.headers.get("twilio-request-id")
        return None if found is None else self.shown(found)

    @property
    def served_at(self) -> datetime | None:
        """The server's time of this reply, from its ``Date`` header; None if it has none."""
        return date_of(self.headers)

    @property
    def is_rate_limited(self) -> bool:
        """Whether it is a 429: the server did not process the request, so it may be sent again."""
        return self.status == RATE_LIMITED


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of the ``Date`` header, UTC; None if it is missing or not readable."""
    return parse_http_date(headers.get("date"))


def decode_reply(
    reply: Reply, limits: rate_limit.RateLimit = rate_limit.NO_HEADERS, attempts: int = 1
) -> Any:
    """Return the decoded JSON of a successful reply. Of a repeated key the last value counts.

    Half a surrogate pair and bytes that are not UTF-8 become U+FFFD, so that one broken character
    does not make the body unreadable. Secrets are redacted from texts, since callers show and
    store records.

    Raises:
        ApiError: the subclass of the status, with the number of attempts so far.
        PayloadError: if the body of a successful reply is not JSON, or is too large.
    """
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise _refusal(reply, limits, attempts)
    if len(reply.body) > MAX_BODY_BYTES:
        raise errors.PayloadError(
            [f"$: expected at most {MAX_BODY_BYTES:,} bytes, got more"], reply.request_id
        )
    redact = reply.redactor
    try:
        payload = loads(reply.body)
    except orjson.JSONDecodeError as error:
        wrong = str(error)
    else:
        return redact.values(payload) if redact.suspects(reply.body) else payload
    # Raised outside the except block: the decoder's error holds the body and would be the context.
    start = redact(reply.body[:_READ_FOR_A_QUOTE])[:_LONGEST_QUOTE].decode("utf-8", "replace")
    kind = reply.shown(reply.headers.get("content-type", "without a content type"))
    raise errors.PayloadError(
        [f"$: not JSON ({wrong}), {len(reply.body)} bytes, {kind}, beginning {start!r}"],
        reply.request_id,
    )


def json_object(value: object) -> dict[str, Any]:
    """Return a decoded JSON object, or an empty one in place of anything else."""
    found: Any = value  # to call ``cast`` would cost more than the rest
    return found if isinstance(value, dict) else {}


def _refusal(reply: Reply, limits: rate_limit.RateLimit, attempts: int) -> errors.ApiError:
    status = reply.status
    code, message, more_info = _error_fields(reply)
    headers = {
        reply.shown(name.lower()): reply.shown(value) for name, value in reply.headers.items()
    }
    details = (status, code, message, more_info, reply.request_id, headers, attempts)
    if reply.is_rate_limited:
        return errors.RateLimited(*details, limits.limit, limits.remaining, limits.retry_after)
    if status in _BY_STATUS:
        return _BY_STATUS[status](*details)
    if status >= 500:  # noqa: PLR2004
        return errors.ServerError(*details)
    if status >= 400:  # noqa: PLR2004
        return errors.BadRequest(*details)
    return errors.ApiError(
        status,
        code,
        "neither success nor error; this package does not follow redirects",
        *details[3:],
    )


def _error_fields(reply: Reply) -> tuple[int | None, str | None, str | None]:
    """Return code, message and link of an error body, classic or RFC 9457; each may be None."""
    try:
        fields = json_object(loads(reply.body))
    except orjson.JSONDecodeError:
        fields = {}
    code = fields.get("code")
    if isinstance(code, str) and code.isascii() and code.isdecimal() and len(code) < _LONGEST_CODE:
        code = int(code)
    message = _text(reply, fields, "message", "detail", "title")
    more_info = _text(reply, fields, "more_info", "type")
    return (code if type(code) is int else None), message, more_info


def _text(reply: Reply, fields: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return reply.redactor.text(value[:_READ_FOR_A_QUOTE])[:_LONGEST_MESSAGE]
    return None
