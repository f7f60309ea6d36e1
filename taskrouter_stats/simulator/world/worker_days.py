"""One worker's days, and the totals of any window of them.

A day holds spells of activity that fill it without a gap, and reservations. It is a pure function
of (seed, worker, day number), and each window cuts the same spells and reservations, so the totals
of two adjacent windows add up to those of both.

Totals do not know whose they are: one worker's statistics count one worker's days, a workspace's
count all workers' days into the same totals, so both agree by construction.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from attrs import define, field, frozen

from .profiles import DAY, HOUR, WorkProfile, random_stream

__all__ = [
    "ACTIVITIES",
    "CHANNELS",
    "OFFLINE",
    "OUTCOMES",
    "Day",
    "ReservationTotals",
    "Reservations",
    "WorkerTotals",
    "count",
    "generate_day",
]

ACTIVITIES = (
    ("Offline", False),
    ("Available", True),
    ("Unavailable", False),
    ("Break", False),
    ("Lunch", False),
    ("Meeting", False),
)
"""Name and availability of each activity; a day holds the position."""
OFFLINE, AVAILABLE, UNAVAILABLE, BREAK, LUNCH, MEETING = range(len(ACTIVITIES))

CHANNELS = ("default", "voice", "chat", "sms")
"""Unique names of the task channels; a profile holds the position."""

OUTCOMES = ("accepted", "rejected", "timed_out", "canceled", "rescinded")
"""Outcomes of a reservation; a day holds the position, or ``UNDECIDED``."""
UNDECIDED = len(OUTCOMES)

_OUTCOME_SHARES = (0.35, 0.65, 0.85, 0.96)
"""Cumulative shares of the other outcomes, among the reservations that are not accepted."""

_BREAKS = ((0.45, BREAK, 420, 900), (0.8, UNAVAILABLE, 60, 660), (1.0, MEETING, 900, 1_800))
"""Interruptions of work: cumulative share, activity, minimum seconds, maximum random seconds."""


@frozen
class Reservations:
    """The reservations of one day in one channel: creation times and outcomes."""

    times: "array[int]"
    outcomes: bytes


@frozen
class Day:
    """One day: spell ``i`` lasts from ``begins[i]`` until the next begins, or the day ends."""

    begins: "array[int]"
    activities: bytes
    reservations: tuple[Reservations | None, ...]
    """By channel position; ``None`` for a channel that the worker does not handle."""


def generate_day(seed: int, index: int, profile: WorkProfile, number: int) -> Day:
    """Generate a worker's day.

    Args:
        seed: The world's seed.
        index: The worker's position.
        profile: The worker's profile.
        number: The day's number: days since 1970, each beginning at the profile's offset.

    Returns:
        The day; its times are seconds since its beginning.
    """
    nothing: tuple[Reservations | None, ...] = (None,) * len(CHANNELS)
    if profile.kind != "shift":
        steady = OFFLINE if profile.kind == "offline" else AVAILABLE
        return Day(array("i", [0]), bytes([steady]), nothing)
    draw = random_stream(seed, index, number).random
    if draw() < _absence(number):
        return Day(array("i", [0]), bytes([OFFLINE]), nothing)
    begins, activities = _spells(profile, draw)
    return Day(
        array("i", begins), bytes(activities), _reservations(profile, begins, activities, draw)
    )


def _absence(number: int) -> float:
    """Return the probability that a worker is absent: low on weekdays, high at weekends."""
    friday = 4
    weekday = (number + 3) % 7  # day 0 was a Thursday
    return 0.7 if weekday > friday else 0.07


def _spells(profile: WorkProfile, draw: Callable[[], float]) -> tuple[list[int], list[int]]:
    """Return the beginning and the activity of each spell; the first and last are ``Offline``."""
    at = profile.login + int(draw() * 900)
    logout = profile.login + profile.length + int(draw() * 1_200)
    noon = at + profile.length * 2 // 5
    begins, activities = [0, at], [OFFLINE, AVAILABLE]
    had_lunch = False
    while True:
        at += 1_200 + int((draw() + draw()) * 2_400)
        if at >= logout - 600:
            break
        activity, seconds = (
            _pause(draw) if had_lunch or at < noon else (LUNCH, 1_800 + int(draw() * 1_800))
        )
        had_lunch = had_lunch or activity == LUNCH
        begins += (at, at + seconds)
        activities += (activity, AVAILABLE)
        at += seconds
    begins.append(max(logout, begins[-1] + 60))
    activities.append(OFFLINE)
    return begins, activities


def _pause(draw: Callable[[], float]) -> tuple[int, int]:
    """Return the activity of an interruption, and its seconds."""
    chance = draw()
    activity, least, spread = next(row[1:] for row in _BREAKS if chance < row[0])
    return activity, least + int(draw() * spread)


def _reservations(
    profile: WorkProfile, begins: list[int], activities: list[int], draw: Callable[[], float]
) -> tuple[Reservations | None, ...]:
    """Return the day's reservations, which need an available worker; most are around midday."""
    made = {channel: (array("i"), bytearray()) for channel in profile.channels}
    busiest = profile.login + profile.length // 2
    for spell, activity in enumerate(activities):
        if activity != AVAILABLE:
            continue
        at, end = begins[spell], begins[spell + 1]
        while True:
            lull = 1.0 + abs(at - busiest) / (4 * HOUR)
            at += 15 + int(profile.mean_gap * lull * (draw() + draw()) / 2)
            if at >= end:
                break
            channel = profile.channels[int(draw() * draw() * len(profile.channels))]
            made[channel][0].append(at)
            made[channel][1].append(_outcome(profile.acceptance_rate, draw()))
    return tuple(
        Reservations(made[channel][0], bytes(made[channel][1])) if channel in made else None
        for channel in range(len(CHANNELS))
    )


def _outcome(acceptance_rate: float, chance: float) -> int:
    """Return the position of a reservation's outcome, or ``UNDECIDED``."""
    if chance < acceptance_rate:
        return 0
    failure = (chance - acceptance_rate) / (1.0 - acceptance_rate)
    for outcome, share in enumerate(_OUTCOME_SHARES, 1):
        if failure < share:
            return outcome
    return UNDECIDED


def _zeros() -> list[int]:
    return [0] * len(ACTIVITIES)


@define
class ReservationTotals:
    """Counts of reservations, by outcome."""

    created: int = 0
    outcomes: list[int] = field(factory=lambda: [0] * len(OUTCOMES))

    def add_reservations(self, reservations: Reservations, begin: int, end: int) -> None:
        """Add the reservations created in ``[begin, end)``, seconds since the day's beginning."""
        first, last = bisect_left(reservations.times, begin), bisect_left(reservations.times, end)
        self.created += last - first
        for outcome in range(len(OUTCOMES)):
            self.outcomes[outcome] += reservations.outcomes.count(outcome, first, last)


@define
class WorkerTotals(ReservationTotals):
    """Totals of workers: reservations by outcome, and spells by activity.

    Attributes:
        spells: The number of spells.
        least: The shortest spell, seconds; 0 without a spell.
        most: The longest spell, seconds.
        total: The sum of all spells, seconds.
    """

    spells: list[int] = field(factory=_zeros)
    least: list[int] = field(factory=_zeros)
    most: list[int] = field(factory=_zeros)
    total: list[int] = field(factory=_zeros)

    def add_activity(self, activity: int, seconds: int) -> None:
        """Add one spell of an activity."""
        self.least[activity] = (
            min(self.least[activity], seconds) if self.spells[activity] else seconds
        )
        self.most[activity] = max(self.most[activity], seconds)
        self.total[activity] += seconds
        self.spells[activity] += 1


def count(
    totals: WorkerTotals,
    day_of: Callable[[int], Day],
    offset: int,
    window: tuple[int, int],
    channels: range = range(len(CHANNELS)),
) -> None:
    """Add one worker's window to totals.

    Args:
        totals: The totals.
        day_of: Returns the worker's day with a number.
        offset: Seconds after midnight UTC at which the worker's days begin.
        window: Start and end, whole seconds since 1970; the end is excluded.
        channels: Positions of the task channels whose reservations count.
    """
    start, end = window[0] - offset, window[1] - offset
    if end <= start:
        return
    current, since = -1, start
    for number in range(start // DAY, (end - 1) // DAY + 1):
        day, midnight = day_of(number), number * DAY
        begin, until = max(0, start - midnight), min(DAY, end - midnight)
        spell = bisect_right(day.begins, begin) - 1
        while spell < len(day.begins) and day.begins[spell] < until:
            activity, at = day.activities[spell], midnight + max(begin, day.begins[spell])
            if activity != current:  # a spell that continues after midnight is one spell
                if current >= 0:
                    totals.add_activity(current, at - since)
                current, since = activity, at
            spell += 1
        for channel in channels:
            reservations = day.reservations[channel]
            if reservations is not None:
                totals.add_reservations(reservations, begin, until)
    totals.add_activity(current, end - since)
