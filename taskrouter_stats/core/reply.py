"""From what came over the wire to a payload, or to the error that it tells of."""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from attrs import field, frozen

from taskrouter_stats import errors
from taskrouter_stats.models.decoding import loads
from taskrouter_stats.models.redaction import SecretRedactor

from . import rate_limit

__all__ = ["MAX_BODY_BYTES", "Reply", "decode_reply", "json_object"]

MAX_BODY_BYTES: Final = 16 * 2**20
"""Bytes of a body, decompressed; a page of 1,000 workers is a fraction of that."""

_LONGEST_MESSAGE: Final = 500
_LONGEST_QUOTE: Final = 60
_READ_FOR_A_QUOTE: Final = 2**16
"""Bytes of a body of which a quote shows the beginning, secrets having been taken out of them."""
_LONGEST_CODE: Final = 10
_BY_STATUS: Final[Mapping[int, type[errors.ApiError]]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
}


_NO_SECRETS: Final = SecretRedactor(())


@frozen
class Reply:
    """A whole reply, as it came: it may repeat our secrets, which what is shown of it may not.

    Attributes:
        status: HTTP status.
        headers: found by their names in lower case.
        body: decompressed, otherwise untouched; one over ``LARGEST_BODY`` bytes is cut after them.
        blotter: takes our secrets out of what is shown or kept.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    blotter: SecretRedactor = field(default=_NO_SECRETS, repr=False, eq=False)

    @property
    def request_id(self) -> str | None:
        """``Twilio-Request-Id``, which Twilio's support asks for."""
        found = self.headers.get("twilio-request-id")
        return None if found is None else self.blotter.text(found)

    @property
    def is_rate_limited(self) -> bool:
        """Whether the rate limit refused it: it was not processed, and may be sent again."""
        return self.status == 429  # noqa: PLR2004


def decode_reply(
    reply: Reply, limits: rate_limit.RateLimit = rate_limit.NO_HEADERS, attempts: int = 1
) -> Any:
    """The decoded JSON of a successful reply. A key that stands twice has its last value.

    Half a surrogate pair and bytes that are not UTF-8 are read as U+FFFD, so that one odd
    character never costs the whole body. Texts in it that repeat a secret are blotted out, since
    records are shown and stored.

    Raises:
        ApiError: the subclass that the status names, with the number of attempts so far.
        PayloadError: when a successful reply's body is no JSON, or too large.
    """
    if not 200 <= reply.status < 300:  # noqa: PLR2004
        raise _refusal(reply, limits, attempts)
    if len(reply.body) > MAX_BODY_BYTES:
        raise errors.PayloadError(
            [f"$: the body is over {MAX_BODY_BYTES:,} bytes"], reply.request_id
        )
    blot = reply.blotter
    try:
        payload = loads(reply.body)
    except orjson.JSONDecodeError as error:
        wrong = str(error)
    else:
        return blot.values(payload) if blot.suspects(reply.body) else payload
    # Raised here and not above: that error holds the whole body, and would be this one's context.
    start = blot(reply.body[:_READ_FOR_A_QUOTE])[:_LONGEST_QUOTE].decode("utf-8", "replace")
    kind = blot.text(reply.headers.get("content-type", "without a content type"))
    raise errors.PayloadError(
        [f"$: no JSON ({wrong}), {len(reply.body)} bytes, {kind}, beginning {start!r}"],
        reply.request_id,
    )


def json_object(value: object) -> dict[str, Any]:
    """A decoded JSON object, or an empty one in place of anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _refusal(reply: Reply, limits: rate_limit.RateLimit, attempts: int) -> errors.ApiError:
    status = reply.status
    code, message, more_info = _error_fields(reply)
    blot = reply.blotter.text
    headers = {blot(name.lower()): blot(value) for name, value in reply.headers.items()}
    told = (status, code, message, more_info, reply.request_id, headers, attempts)
    if reply.is_rate_limited:
        return errors.RateLimited(*told, limits.limit, limits.remaining, limits.retry_after)
    if status in _BY_STATUS:
        return _BY_STATUS[status](*told)
    if status >= 500:  # noqa: PLR2004
        return errors.ServerError(*told)
    if status >= 400:  # noqa: PLR2004
        return errors.BadRequest(*told)
    return errors.ApiError(
        status, code, "neither success nor error; redirects are not followed", *told[3:]
    )


def _error_fields(reply: Reply) -> tuple[int | None, str | None, str | None]:
    """Code, message and link of an error body, classic or RFC 9457; anything may be missing."""
    try:
        told = json_object(loads(reply.body))
    except orjson.JSONDecodeError:
        told = {}
    code = told.get("code")
    if isinstance(code, str) and code.isascii() and code.isdecimal() and len(code) < _LONGEST_CODE:
        code = int(code)
    message = _text(reply, told, "message", "detail", "title")
    more_info = _text(reply, told, "more_info", "type")
    return (code if type(code) is int else None), message, more_info


def _text(reply: Reply, told: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = told.get(name)
        if isinstance(value, str) and value:
            return reply.blotter.text(value)[:_LONGEST_MESSAGE]
    return None
