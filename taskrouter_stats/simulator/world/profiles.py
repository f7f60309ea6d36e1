"""Who works in the simulated contact centre, and what each one's habits are.

Three sites follow the sun, so that some people are at work whatever the hour. A person's *day*
begins at the site's own quiet hour instead of at midnight UTC: a night shift then never straddles
two days, and a day can be lived from its number alone.
"""

import hashlib
import random

import orjson
from attrs import frozen

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
_STRIDE = (
    1_217  # shares no factor with the number of names, so every name comes once before one repeats
)

_SITES = (("Dublin", 4, ("en", "ga")), ("Austin", 10, ("en", "es")), ("Manila", 20, ("en", "tl")))
_SKILLS = ("billing", "sales", "support", "retention", "returns")


@frozen
class WorkProfile:
    """How someone works: the shift, the pace, and what becomes of what they are offered."""

    kind: str
    """``shift``, ``offline`` (never logs in) or ``idle`` (available, never offered anything)."""
    offset: int
    """Seconds after midnight UTC at which this person's day begins."""
    login: int
    """Seconds into that day at which the shift begins."""
    length: int
    """Seconds from login to logout."""
    mean_gap: int
    """Mean seconds between two offers while available."""
    acceptance_rate: float
    """Probability that an offer is accepted."""
    channels: tuple[int, ...]
    """Which task channels this person is offered, by position; the first one comes most often."""


@frozen
class WorkerProfile:
    """One worker's unchanging side."""

    friendly_name: str
    attributes: str
    created: int
    habit: WorkProfile


def random_stream(*names: object) -> random.Random:
    """Return the random stream of that name: the same names always give the same numbers.

    Callers use only its ``random()``, whose sequence Python promises to keep over versions.
    """
    return random.Random("/".join(map(str, names)))


def sid(prefix: str, *names: object) -> str:
    """Return the SID that belongs to these names: the prefix and 32 hexadecimal digits."""
    text = "/".join(map(str, (prefix, *names)))
    return prefix + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def make_profile(seed: int, index: int) -> WorkerProfile:
    """Return the worker at that position of the world with that seed."""
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
    habit = WorkProfile(
        kind=_kind(index),
        offset=opens * HOUR,
        login=(3 + int(rng.random() * 4)) * HOUR,
        length=7 * HOUR + int(rng.random() * 5) * HOUR // 2,
        mean_gap=300 + int(rng.random() * 600),
        acceptance_rate=0.72 + 0.24 * rng.random(),
        channels=channels,
    )
    created = 1_672_531_200 + int(
        rng.random() * 500 * DAY
    )  # some day from January 2023 to May 2024
    return WorkerProfile(name, orjson.dumps(attributes).decode(), created, habit)


def _name(seed: int, index: int) -> str:
    """Return a name that no other index of this world has, in any letter case."""
    lap, place = divmod(index, _NAMES)
    pick = (seed + place * _STRIDE) % _NAMES
    name = f"{_FIRST[pick % len(_FIRST)]} {_LAST[pick // len(_FIRST)]}"
    return f"{name} {lap + 1}" if lap else name


def _kind(index: int) -> str:
    """Return the kind of habit: one worker in 25 never logs in, one in 25 never gets anything."""
    return {7: "offline", 18: "idle"}.get(index % 25, "shift")


def _channels(draw: float) -> tuple[int, ...]:
    """Return what someone handles: mostly voice, sometimes chat and SMS as well, or only those."""
    if draw < 0.55:  # noqa: PLR2004 - shares of the staff, told by the docstring
        return (1,)
    return (1, 2, 3) if draw < 0.8 else (2, 3)  # noqa: PLR2004
