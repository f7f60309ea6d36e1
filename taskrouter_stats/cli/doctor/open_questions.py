"""Answers to questions that Twilio's documents leave open."""

from typing import Final

from taskrouter_stats.models.record import ActivityDuration

from .checks import CLOSED_ABOVE, Checks
from .recorder import (
    ANSWERED,
    CONFIG,
    LIMIT,
    REFUSED,
    REMAINING,
    RETRY_AFTER,
    RecordedReply,
    other_limit_headers,
)

__all__ = ["open_questions", "quoted"]

_THREE: Final = (LIMIT, REMAINING, CONFIG)
_STATISTICS: Final = "/Workers/WK…/Statistics"
_MAX_SHOWN: Final = 60
_NO_429: Final = "no 429 was received"


def open_questions(checks: Checks, *, region: str | None) -> list[tuple[str, str]]:
    """Return each open question with its answer, which may be "not known".

    Args:
        checks: the checks and their results.
        region: the region of the options, or None.
    """
    replies = checks.recorder.replies
    refused = [reply for reply in replies if reply.status == REFUSED]
    at_statistics = checks.recorder.at(_STATISTICS)
    statistics = [reply for reply in at_statistics if reply.status == ANSWERED]
    answers = [
        ("rate-limit headers", _headers(replies)),
        ("worker statistics limit", _limit(statistics)),
        ("changes of Remaining", _remaining(statistics)),
        ("headers on a 429", _on_refusals(refused)),
        ("Retry-After on a 429", _retry_after(refused)),
        ("headers on other errors", _on_errors(replies)),
        (f"over {CLOSED_ABOVE} workers", _large(checks)),
        ("retention", checks.retention or "not requested"),
        ("fractions in durations", _fractions(checks)),
    ]
    if region == "ie1":
        known = "TaskRouter answers in ie1" if checks.answered else "no answer from ie1"
        answers.append(("region ie1", known))
    if other := {name: text for one in replies for name, text in other_limit_headers(one).items()}:
        answers.append(("other headers", "; ".join(f"{n}: {quoted(t)}" for n, t in other.items())))
    answers.append(("not tested", "the limit's time window, Minutes with StartDate, OAuth"))
    return answers


def quoted(text: str | None) -> str:
    """Return a header's value in quotes, shortened, or a dash if it is absent."""
    if text is None:
        return "-"
    shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return f"'{shown}'"


def _headers(replies: list[RecordedReply]) -> str:
    successes = [reply for reply in replies if reply.status == ANSWERED]
    if not successes:
        return "not known: no success was received"
    return f"on {_with_headers(successes)} of {len(successes)} successes"


def _limit(statistics: list[RecordedReply]) -> str:
    if not statistics:
        return "not known: no success was received"
    text = statistics[-1].headers.get(LIMIT)
    config = statistics[-1].headers.get(CONFIG)
    if text is None:
        return "absent"
    return f"Limit {quoted(text)}, Config {quoted(config)}, without a unit"


def _remaining(statistics: list[RecordedReply]) -> str:
    if len(statistics) <= 1:
        return "not known: two successes are required"
    first, second = statistics[0], statistics[1]
    apart = (second.received_time - first.received_time).total_seconds()
    texts = [quoted(reply.headers.get(REMAINING)) for reply in (first, second)]
    if texts == ["-", "-"]:
        return "absent"
    return f"{texts[0]}, then {texts[1]} after {apart:.2f} s and one more request"


def _on_refusals(refused: list[RecordedReply]) -> str:
    if not refused:
        return _NO_429
    return f"on {_with_headers(refused)} of {len(refused)} refusals"


def _retry_after(refused: list[RecordedReply]) -> str:
    if not refused:
        return _NO_429
    texts = [
        quoted(reply.headers[RETRY_AFTER]) for reply in refused if RETRY_AFTER in reply.headers
    ]
    return ", ".join(texts) or "absent"


def _on_errors(replies: list[RecordedReply]) -> str:
    """Return which errors had the headers; Twilio documents them for successes only."""
    errors = [reply for reply in replies if reply.status not in {ANSWERED, REFUSED}]
    if not errors:
        return "no other error was received"
    return ", ".join(
        f"HTTP {error.status} {'with' if LIMIT in error.headers else 'without'}" for error in errors
    )


def _with_headers(replies: list[RecordedReply]) -> int:
    return sum(any(name in reply.headers for name in _THREE) for reply in replies)


def _large(checks: Checks) -> str:
    if checks.workers is None:
        return "not known: the workers could not be counted"
    if checks.workers <= CLOSED_ABOVE:
        return f"not known: the workspace has {checks.workers} workers"
    if checks.statistics is not None:
        return "worker statistics are enabled"
    if checks.refused is not None:
        return f"refused with HTTP {checks.refused.status}, code {checks.refused.code}"
    return "not known: no reply"


def _fractions(checks: Checks) -> str:
    """Return whether durations have fractions, which decides the type of a column."""
    cumulative = checks.statistics.cumulative if checks.statistics else None
    durations = (cumulative.activity_durations if cumulative else None) or ()
    numbers = [number for duration in durations for number in _numbers(duration)]
    if not numbers:
        return "not known: no duration was received"
    fractions = sum(number != int(number) for number in numbers)
    return f"in {fractions} of {len(numbers)} numbers"


def _numbers(duration: ActivityDuration) -> list[float]:
    numbers = (duration.avg, duration.min, duration.max, duration.total)
    return [number for number in numbers if number is not None]
