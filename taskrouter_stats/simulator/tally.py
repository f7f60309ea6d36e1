"""Cutting a window out of lived days and adding up what lies inside.

A ``Tally`` gathers; it does not know for whom. One worker's statistics are one worker's days
counted into a tally, a workspace's are everybody's days counted into the same one, so the totals
agree by construction.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from attrs import define, field

from taskrouter_stats.simulator.days import ACTIVITIES, CHANNELS, OUTCOMES, Day, Offers
from taskrouter_stats.simulator.people import DAY


def _zeros() -> list[int]:
    return [0] * len(ACTIVITIES)


@define
class Reservations:
    """Reservations counted so far, by outcome."""

    created: int = 0
    outcomes: list[int] = field(factory=lambda: [0] * len(OUTCOMES))

    def offer(self, offers: Offers, begin: int, end: int) -> None:
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
class Tally(Reservations):
    """What has been counted of workers so far: reservations by outcome, and spells by activity."""

    spells: list[int] = field(factory=_zeros)
    least: list[int] = field(factory=_zeros)
    most: list[int] = field(factory=_zeros)
    total: list[int] = field(factory=_zeros)

    def spend(self, activity: int, seconds: int) -> None:
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
    tally: Tally,
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
                    tally.spend(doing, at - since)
                doing, since = activity, at
            spell += 1
        for channel in channels:
            offers = day.offers[channel]
            if offers is not None:
                tally.offer(offers, begin, until)
    tally.spend(doing, end - since)
