"""Activities that stand twice in one answer, whose rows would have one key.

A warehouse that merges rows by key fails on two rows with one key, or keeps either of them. An
entry that repeats another one is one row. Two different entries for one Activity contradict each
other, so the answer is not stored: its query fails, and a later run asks again.
"""

from collections.abc import Iterable
from typing import Any

from taskrouter_stats.core.outcome import Failure, Outcome, Success
from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import ActivityDuration

__all__ = ["each_once", "without_contradictions"]


def each_once(durations: Iterable[ActivityDuration] | None) -> tuple[ActivityDuration, ...]:
    """Return the entries without those that repeat another one; without a SID all stay."""
    found = tuple(durations or ())
    sids = {duration.sid for duration in found}
    if len(sids) == len(found):
        return found
    named = dict.fromkeys(duration for duration in found if duration.sid is not None)
    return (*named, *(duration for duration in found if duration.sid is None))


def without_contradictions(outcome: Outcome[Any]) -> Outcome[Any]:
    """Return the outcome; a failure if the answer has two different entries for one Activity."""
    if not isinstance(outcome, Success):
        return outcome
    statistics = getattr(outcome.value, "cumulative", outcome.value)
    found = getattr(statistics, "activity_durations", None) or ()
    named = [duration for duration in found if duration.sid is not None]
    sids = {duration.sid.lower() for duration in named}
    if len(sids) == len(named) or len(sids) == len(set(named)):
        return outcome
    problem = "$.cumulative.activity_durations: one Activity has two different entries"
    error = PayloadError([problem], outcome.meta.request_id)
    return Failure(outcome.query, error, outcome.meta)
