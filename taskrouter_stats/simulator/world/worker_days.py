"""One worker's day: spells of activity that fill it without a gap, and its reservations.

A day is a pure function of (seed, worker, day number). Whatever window is asked for, the same
spells and the same reservations are cut by it; that is why the statistics of two adjacent windows
add up to those of both.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from .profiles import DAY, HOUR, WorkProfile, random_stream

__all__ = []

ACTIVITIES = (
    ("Offline", False),
    ("Available", True),
    ("Unavailable", False),
    ("Break", False),
    ("Lunch", False),
    ("Meeting", False),
)
"""Name and availability of each activity; days hold its position."""
OFFLINE, AVAILABLE, UNAVAILABLE, BREAK, LUNCH, MEETING = range(len(ACTIVITIES))

CHANNELS = ("default", "voice", "chat", "sms")
"""Unique names of the task channels; habits hold the position."""

OUTCOMES = ("accepted", "rejected", "timed_out", "canceled", "rescinded")
"""What becomes of a reservation; a day holds the position, or ``UNDECIDED``."""
UNDECIDED = len(OUTCOMES)

_FAILURES = (0.35, 0.65, 0.85, 0.96)
"""Of the reservations not accepted, the share up to and including each of the other outcomes."""

_PAUSES = ((0.45, BREAK, 420, 900), (0.8, UNAVAILABLE, 60, 660), (1.0, MEETING, 900, 1_800))
"""Why work is interrupted: cumulative share, activity, least seconds, what chance adds."""


@frozen
class Reservations:
    """The reservations of one day on one channel: when each was created, what became of it."""

    times: "array[int]"
    outcomes: bytes


@frozen
class Day:
    """One lived day: spell ``i`` lasts from ``begins[i]`` until the next one, or the day's end."""

    begins: "array[int]"
    activities: bytes
    offers: tuple[Reservations | None, ...]
    """By channel position; ``None`` where the person handles nothing."""


def generate_day(seed: int, index: int, habit: WorkProfile, number: int) -> Day:
    """Live the day with that number (days since 1970, counted from the habit's own beginning).

    Args:
        seed: The world's seed.
        index: The worker's position.
        habit: The worker's habit.
        number: Which day.

    Returns:
        The day; times in it are seconds since its beginning.
    """
    nothing: tuple[Reservations | None, ...] = (None,) * len(CHANNELS)
    if habit.kind != "shift":
        steady = OFFLINE if habit.kind == "offline" else AVAILABLE
        return Day(array("i", [0]), bytes([steady]), nothing)
    draw = random_stream(seed, index, number).random
    if draw() < _absence(number):
        return Day(array("i", [0]), bytes([OFFLINE]), nothing)
    begins, activities = _spells(habit, draw)
    return Day(array("i", begins), bytes(activities), _offers(habit, begins, activities, draw))


def _absence(number: int) -> float:
    """Return the probability of not coming in: a few on weekdays, most at weekends."""
    friday = 4
    weekday = (number + 3) % 7  # day 0 was a Thursday
    return 0.7 if weekday > friday else 0.07


def _spells(habit: WorkProfile, draw: Callable[[], float]) -> tuple[list[int], list[int]]:
    """Return where the day's spells begin and what is done in each, offline before and after."""
    at = habit.login + int(draw() * 900)
    logout = habit.login + habit.length + int(draw() * 1_200)
    noon = at + habit.length * 2 // 5
    begins, activities = [0, at], [OFFLINE, AVAILABLE]
    fed = False
    while True:
        at += 1_200 + int((draw() + draw()) * 2_400)
        if at >= logout - 600:
            break
        activity, seconds = (
            _pause(draw) if fed or at < noon else (LUNCH, 1_800 + int(draw() * 1_800))
        )
        fed = fed or activity == LUNCH
        begins += (at, at + seconds)
        activities += (activity, AVAILABLE)
        at += seconds
    begins.append(max(logout, begins[-1] + 60))
    activities.append(OFFLINE)
    return begins, activities


def _pause(draw: Callable[[], float]) -> tuple[int, int]:
    """Return why work is interrupted now, and for how many seconds."""
    chance = draw()
    activity, least, spread = next(row[1:] for row in _PAUSES if chance < row[0])
    return activity, least + int(draw() * spread)


def _offers(
    habit: WorkProfile, begins: list[int], activities: list[int], draw: Callable[[], float]
) -> tuple[Reservations | None, ...]:
    """Return the day's reservations: made while the worker is available, most around midday."""
    made = {channel: (array("i"), bytearray()) for channel in habit.channels}
    busiest = habit.login + habit.length // 2
    for spell, activity in enumerate(activities):
        if activity != AVAILABLE:
            continue
        at, end = begins[spell], begins[spell + 1]
        while True:
            lull = 1.0 + abs(at - busiest) / (4 * HOUR)
            at += 15 + int(habit.mean_gap * lull * (draw() + draw()) / 2)
            if at >= end:
                break
            channel = habit.channels[int(draw() * draw() * len(habit.channels))]
            made[channel][0].append(at)
            made[channel][1].append(_outcome(habit.acceptance_rate, draw()))
    return tuple(
        Reservations(made[channel][0], bytes(made[channel][1])) if channel in made else None
        for channel in range(len(CHANNELS))
    )


def _outcome(diligence: float, chance: float) -> int:
    """Return what becomes of an offer."""
    if chance < diligence:
        return 0
    failure = (chance - diligence) / (1.0 - diligence)
    for outcome, share in enumerate(_FAILURES, 1):
        if failure < share:
            return outcome
    return UNDECIDED


def _zeros() -> list[int]:
    return [0] * len(ACTIVITIES)


@define
class ReservationTotals:
    """Reservations counted so far, by outcome."""

    created: int = 0
    outcomes: list[int] = field(factory=lambda: [0] * len(OUTCOMES))

    def add_reservations(self, offers: Reservations, begin: int, end: int) -> None:
        """Count the reservations created in ``[begin, end)``, seconds since the day's beginning."""
        first, last = bisect_left(offers.times, begin), bisect_left(offers.times, end)
        self.created += last - first
        for outcome in range(len(OUTCOMES)):
            self.outcomes[outcome] += offers.outcomes.count(outcome, first, last)

    def reservations(self) -> dict[str, int]:
        """Return the six counts under their names in the JSON."""
        counts = zip(OUTCOMES, self.outcomes, strict=True)
        return {
            "reservations_created": self.created,
            **{f"reservations_{name}": count for name, count in counts},
        }


@define
class WorkerTotals(ReservationTotals):
    """What has been counted of workers so far: reservations by outcome, and spells by activity."""

    spells: list[int] = field(factory=_zeros)
    least: list[int] = field(factory=_zeros)
    most: list[int] = field(factory=_zeros)
    total: list[int] = field(factory=_zeros)

    def add_activity(self, activity: int, seconds: int) -> None:
        """Count one spell of that activity."""
        self.least[activity] = (
            min(self.least[activity], seconds) if self.spells[activity] else seconds
        )
        self.most[activity] = max(self.most[activity], seconds)
        self.total[activity] += seconds
        self.spells[activity] += 1

    def durations(self, sids: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return ``activity_durations``: every activity, those never entered with zeros."""
        return [
            {
                "sid": sid,
                "friendly_name": ACTIVITIES[activity][0],
                "min": self.least[activity],
                "max": self.most[activity],
                "avg": self.total[activity] // (self.spells[activity] or 1),
                "total": self.total[activity],
            }
            for activity, sid in enumerate(sids)
        ]


def count(
    tally: WorkerTotals,
    day_of: Callable[[int], Day],
    offset: int,
    window: tuple[int, int],
    channels: range = range(len(CHANNELS)),
) -> None:
    """Count one worker's window into the tally.

    Args:
        tally: Where it is added.
        day_of: Gives that worker's day by its number.
        offset: Seconds after midnight UTC at which that worker's days begin.
        window: Start and end, whole seconds since 1970; the end is left out.
        channels: The task channels whose reservations count.
    """
    start, end = window[0] - offset, window[1] - offset
    if end <= start:
        return
    doing, since = -1, start
    for number in range(start // DAY, (end - 1) // DAY + 1):
        day, midnight = day_of(number), number * DAY
        begin, until = max(0, start - midnight), min(DAY, end - midnight)
        spell = bisect_right(day.begins, begin) - 1
        while spell < len(day.begins) and day.begins[spell] < until:
            activity, at = day.activities[spell], midnight + max(begin, day.begins[spell])
            if activity != doing:  # a spell that runs on over midnight is one spell
                if doing >= 0:
                    tally.add_activity(doing, at - since)
                doing, since = activity, at
            spell += 1
        for channel in channels:
            offers = day.offers[channel]
            if offers is not None:
                tally.add_reservations(offers, begin, until)
    tally.add_activity(doing, end - since)
