"""Logs the events of a session."""

import logging
from typing import Final

from taskrouter_stats.core import events

__all__ = ["LoggingHook"]

_ENDED: Final = (
    "after {event.meta.elapsed:.3f} s, {event.waited:.3f} s of them waiting; "
    "{event.meta.attempts} sends, {event.meta.refused} refused"
)
_BUDGET: Final = (
    "{event.budget.resource_key} in {event.budget.workspace}: limit {event.limit}, "
    "remaining {event.remaining}, pace {event.pace:.3g} requests per second"
)
_TEXTS: Final[dict[type, tuple[int, str]]] = {
    events.QueryStarted: (logging.DEBUG, "started"),
    events.QueryWaiting: (logging.DEBUG, "waits {event.seconds:.3g} s ({event.reason})"),
    events.RequestSent: (logging.DEBUG, "sends {event.method} {event.url}"),
    events.ReplyReceived: (logging.DEBUG, "reply {event.status} after {event.seconds:.3f} s"),
    events.NoReply: (logging.DEBUG, "no reply after {event.seconds:.3f} s: {event.error}"),
    events.QueryRetried: (logging.INFO, "retried in {event.seconds:.3g} s: {event.error}"),
    events.QueryEnded: (logging.DEBUG, f"answered {_ENDED}"),
    events.CacheRead: (logging.DEBUG, "cache has {event.found} for {event.query.key}"),
    events.CircuitOpened: (logging.WARNING, "the server seems to be down: {event.cause}"),
    events.CircuitClosed: (logging.INFO, "the server replies again"),
    events.BudgetChanged: (logging.INFO, f"new limit of {_BUDGET}"),
}
"""The level and the text of each kind of event."""
_FAILED: Final = logging.WARNING, f"failed {_ENDED}: {{event.error}}"
_CANCELLED: Final = logging.DEBUG, f"cancelled {_ENDED}"
_REFUSED: Final = logging.INFO, f"429 for {_BUDGET}"


class LoggingHook:
    """Writes one log record for each event, with the event as ``record.event``.

    Steps of a query are at DEBUG; retries, changes of a budget and a server that is back at INFO;
    queries that fail and a server that is down at WARNING.

    Args:
        logger: where to log; the logger ``taskrouter_stats.events`` by default.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("taskrouter_stats.events")

    def __call__(self, event: events.Event) -> None:
        """Log an event."""
        level, text = _template(event)
        if self._logger.isEnabledFor(level):
            text = text.format(event=event)
            if isinstance(event, events.QueryEvent):
                text = f"query {event.number} ({event.query.key}): {text}"
            self._logger.log(level, "%s", text, extra={"event": event})


def _template(event: events.Event) -> tuple[int, str]:
    if isinstance(event, events.QueryEnded):
        if event.error is not None:
            return _FAILED
        if event.cancelled:
            return _CANCELLED
    if isinstance(event, events.BudgetChanged) and event.refused:
        return _REFUSED
    return _TEXTS[type(event)]
