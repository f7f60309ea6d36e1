"""The workers of the simulated contact centre, and how each of them works.

Three sites lie in three time zones, so some workers are at work at any hour. A worker's *day*
begins at a quiet hour of the site instead of midnight UTC: no shift then spans two days, and a day
can be generated from its number alone.
"""

import hashlib
import random
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["DAY", "HOUR", "WorkProfile", "WorkerProfile", "make_profile", "random_stream", "sid"]

DAY = 86_400
HOUR = 3_600

# fmt: off
_FIRST = (
    "Aoife", "Ben", "Chiara", "Dana", "Efe", "Farah", "Goran", "Hana", "Ines", "Jomar", "Kofi",
    "Lena", "Mateo", "Nadia", "Omar", "Paloma", "Quinn", "Rosa", "Sven", "Tala", "Uma",
    "Viktor", "Wren", "Ximena", "Yusuf", "Zofia", "Anil", "Bea", "Cormac", "Divya", "Elias",
    "Fiona", "Gil", "Hugo", "Imani", "Jun", "Katya", "Luis", "Mira", "Nils",
)
# fmt: on
# fmt: off
_LAST = (
    "Abara", "Brennan", "Castillo", "Dizon", "Egan", "Fischer", "Garcia", "Hughes", "Ito",
    "Jansen", "Kelly", "Lindqvist", "Mendoza", "Novak", "Okafor", "Petrov", "Quigley", "Reyes",
    "Santos", "Tran", "Ueda", "Vargas", "Walsh", "Xu", "Young", "Zapata", "Aquino", "Byrne",
    "Cruz", "Doyle", "Endo", "Flores", "Gallagher", "Haddad", "Ivanova", "Jensen", "Kaur",
    "Lopez", "Murphy", "Nguyen", "Ocampo", "Perez", "Ramos", "Singh", "Torres", "Umali",
    "Villanueva", "Weber", "Yilmaz", "Zhang",
)
# fmt: on
_NAMES = len(_FIRST) * len(_LAST)
_STRIDE = 1_217
"""It shares no factor with the number of names, so each name comes once before any repeats."""

_FIRST_HIRED = 1_672_531_200
"""1 January 2023; the last worker is created in May 2024."""

_SITES = (("Dublin", 4, ("en", "ga")), ("Austin", 10, ("en", "es")), ("Manila", 20, ("en", "tl")))
_SKILLS = ("billing", "sales", "support", "retention", "returns")


@frozen
class WorkProfile:
    """How a worker works: shift, frequency of reservations, acceptance."""

    kind: str
    """``shift``, ``offline`` (never logs in) or ``idle`` (available, without reservations)."""
    offset: int
    """Seconds after midnight UTC at which the worker's day begins."""
    login: int
    """Seconds into that day at which the shift begins."""
    length: int
    """Seconds from login to logout."""
    mean_gap: int
    """Mean seconds between two reservations while the worker is available."""
    acceptance_rate: float
    """Probability that the worker accepts a reservation, 0 to 1."""
    channels: tuple[int, ...]
    """Positions of the task channels that the worker handles; the first is the most frequent."""


@frozen
class WorkerProfile:
    """The unchanging data of a worker."""

    friendly_name: str
    attributes: Mapping[str, Any] = field(hash=False)
    created: int
    profile: WorkProfile


def random_stream(*names: object) -> random.Random:
    """Return a random generator that these names seed: equal names give equal numbers.

    Callers use only its ``random()``, because Python keeps that sequence over versions.
    """
    return random.Random("/".join(map(str, names)))


def sid(prefix: str, *names: object) -> str:
    """Return the SID that follows from these names: the prefix and 32 hexadecimal digits."""
    text = "/".join(map(str, (prefix, *names)))
    return prefix + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def make_profile(seed: int, index: int) -> WorkerProfile:
    """Return the worker at this position of the world with this seed."""
    rng = random_stream(seed, "person", index)
    place, opens, languages = _SITES[int(rng.random() * len(_SITES))]
    name = _name(seed, index)
    channels = _channels(rng.random())
    skills = sorted({_SKILLS[int(rng.random() * len(_SKILLS))] for _ in range(2)})
    attributes = {
        "skills": skills,
        "languages": list(languages[: 1 + int(rng.random() * 2)]),
        "site": place,
        "contact_uri": "client:" + name.lower().replace(" ", "."),
    }
    profile = WorkProfile(
        kind=_kind(index),
        offset=opens * HOUR,
        login=(3 + int(rng.random() * 4)) * HOUR,
        length=7 * HOUR + int(rng.random() * 5) * HOUR // 2,
        mean_gap=300 + int(rng.random() * 600),
        acceptance_rate=0.72 + 0.24 * rng.random(),
        channels=channels,
    )
    created = _FIRST_HIRED + int(rng.random() * 500 * DAY)
    return WorkerProfile(name, attributes, created, profile)


def _name(seed: int, index: int) -> str:
    """Return a name that no other position of this world has, in any letter case."""
    lap, place = divmod(index, _NAMES)
    pick = (seed + place * _STRIDE) % _NAMES
    name = f"{_FIRST[pick % len(_FIRST)]} {_LAST[pick // len(_FIRST)]}"
    return f"{name} {lap + 1}" if lap else name


def _kind(index: int) -> str:
    """Return the kind of profile: of 25 workers one never logs in and one has no reservations."""
    return {7: "offline", 18: "idle"}.get(index % 25, "shift")


def _channels(draw: float) -> tuple[int, ...]:
    """Return a worker's channels: 55% voice, 25% voice, chat and SMS, 20% chat and SMS."""
    if draw < 0.55:  # noqa: PLR2004 - shares of the workers, see the docstring
        return (1,)
    return (1, 2, 3) if draw < 0.8 else (2, 3)  # noqa: PLR2004
