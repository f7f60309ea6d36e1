"""What a run answers of what Twilio's documents leave open, in words fit for a report."""

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
    others_about_limits,
)

__all__ = ["open_questions", "quoted"]

_THREE: Final = (LIMIT, REMAINING, CONFIG)
_STATISTICS: Final = "/Workers/WK…/Statistics"
_LONGEST: Final = 60
_NO_429: Final = "no 429 came"


def open_questions(seen: Checks, *, region: str | None) -> list[tuple[str, str]]:
    """Each open question with its answer, those that have none included.

    Args:
        seen: the run.
        region: the region that was asked, if one was named.
    """
    heard = seen.listener.heard
    refused = [one for one in heard if one.status == REFUSED]
    statistics = [one for one in seen.listener.at(_STATISTICS) if one.status == ANSWERED]
    answers = [
        ("rate-limit headers", _headers(heard)),
        ("worker statistics limit", _limit(statistics)),
        ("what Remaining does", _remaining(statistics)),
        ("headers on a 429", _on_refusals(refused)),
        ("Retry-After on a 429", _retry_after(refused)),
        ("headers on other errors", _on_errors(heard)),
        (f"over {CLOSED_ABOVE} Workers", _large(seen)),
        ("retention", seen.retention or "not asked"),
        ("fractions in durations", _fractions(seen)),
    ]
    if region == "ie1":
        answered = "TaskRouter answers there" if seen.answered else "no answer from there"
        answers.append(("region ie1", answered))
    if others := {name: text for one in heard for name, text in others_about_limits(one).items()}:
        answers.append(("other headers", "; ".join(f"{n}: {quoted(t)}" for n, t in others.items())))
    answers.append(("not asked", "the limit's time window, Minutes with StartDate, OAuth"))
    return answers


def quoted(text: str | None) -> str:
    """A header's text as it came, or a dash when it did not."""
    if text is None:
        return "-"
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"'{shown}'"


def _headers(heard: list[RecordedReply]) -> str:
    successes = [one for one in heard if one.status == ANSWERED]
    if not successes:
        return "no reply that would have them"
    told = [one for one in successes if any(name in one.headers for name in _THREE)]
    return f"on {len(told)} of {len(successes)} successes"


def _limit(statistics: list[RecordedReply]) -> str:
    if not statistics:
        return "not answered"
    text = statistics[-1].headers.get(LIMIT)
    config = statistics[-1].headers.get(CONFIG)
    if text is None:
        return "not told"
    return f"Limit {quoted(text)}, Config {quoted(config)}; the unit is not told"


def _remaining(statistics: list[RecordedReply]) -> str:
    if len(statistics) <= 1:
        return "not known: it takes two answers"
    first, second = statistics[0], statistics[1]
    apart = (second.received_time - first.received_time).total_seconds()
    texts = [quoted(one.headers.get(REMAINING)) for one in (first, second)]
    if texts == ["-", "-"]:
        return "not told"
    return f"{texts[0]}, then {texts[1]} after {apart:.2f} s and one more request"


def _on_refusals(refused: list[RecordedReply]) -> str:
    if not refused:
        return _NO_429
    told = sum(any(name in one.headers for name in _THREE) for one in refused)
    return f"on {told} of {len(refused)} refusals"


def _retry_after(refused: list[RecordedReply]) -> str:
    if not refused:
        return _NO_429
    texts = [quoted(one.headers[RETRY_AFTER]) for one in refused if RETRY_AFTER in one.headers]
    return ", ".join(texts) or "absent"


def _on_errors(heard: list[RecordedReply]) -> str:
    """The description declares them for successes alone."""
    errors = [one for one in heard if one.status not in {ANSWERED, REFUSED}]
    if not errors:
        return "no other error came"
    return ", ".join(
        f"HTTP {one.status} {'with' if LIMIT in one.headers else 'without'}" for one in errors
    )


def _large(seen: Checks) -> str:
    if seen.workers is None:
        return "not known: the Workers could not be counted"
    if seen.workers <= CLOSED_ABOVE:
        return f"not known: {seen.workers} Workers here"
    if seen.statistics is not None:
        return "worker statistics are open"
    if seen.refused is not None:
        return f"refused with HTTP {seen.refused.status}, code {seen.refused.code}"
    return "not known: no answer"


def _fractions(seen: Checks) -> str:
    """Whether seconds come with a fraction, which decides what a column can be."""
    cumulative = seen.statistics.cumulative if seen.statistics else None
    durations = (cumulative.activity_durations if cumulative else None) or ()
    numbers = [number for one in durations for number in _numbers(one)]
    if not numbers:
        return "no duration came"
    broken = sum(number != int(number) for number in numbers)
    return f"in {broken} of {len(numbers)} numbers"


def _numbers(duration: ActivityDuration) -> list[float]:
    told = (duration.avg, duration.min, duration.max, duration.total)
    return [number for number in told if number is not None]
