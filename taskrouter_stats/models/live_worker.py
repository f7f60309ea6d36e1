"""A Worker at the time of a reply: what it does now, and for how long it has done so."""

from datetime import datetime
from typing import Final, Self

import attrs
from attrs import frozen

from .resources import Worker

__all__ = ["LiveWorker"]

_ROUNDING: Final = 60.0
"""Seconds by which ``as_of`` may lie before the change of the Activity: two clocks, rounded."""


@frozen(eq=False, repr=False, kw_only=True)
class LiveWorker(Worker):
    """A Worker as the server listed it, with the time that it has spent in its Activity.

    The JSON of ``to_dict`` and ``to_json`` has the fields below beside the server's own.
    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Attributes:
        seconds_in_activity: seconds from ``date_status_changed`` to ``as_of``, >= 0; None if the
            server does not say when the Activity changed, or says a time after ``as_of``.
        as_of: when the server listed the Worker, UTC: the reply's ``Date``, in whole seconds, or
            this machine's time when it read the reply, if the reply has no readable ``Date``.
        by_server_clock: whether ``as_of`` is the server's time.
    """

    seconds_in_activity: float | None
    as_of: datetime
    by_server_clock: bool

    @classmethod
    def listed(cls, worker: Worker, served_at: datetime | None, now: datetime) -> Self:
        """Return a Worker of a list as it was then.

        Args:
            worker: the Worker.
            served_at: the server's time of the reply, aware; None if unknown.
            now: this machine's time, aware, which counts if ``served_at`` is unknown.
        """
        as_of, since = served_at or now, worker.date_status_changed
        seconds = None if since is None else (as_of - since).total_seconds()
        if seconds is not None:
            seconds = max(0.0, seconds) if seconds > -_ROUNDING else None
        return cls(
            **attrs.asdict(worker, recurse=False),
            seconds_in_activity=seconds,
            as_of=as_of,
            by_server_clock=served_at is not None,
        )
