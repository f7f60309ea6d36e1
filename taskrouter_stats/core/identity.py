"""Whether a reply answers the query that was asked: compared before the reply is believed.

A gateway, a proxy or a stray reply on a kept-alive connection can bring the answer of another
query, and nothing in its form shows that. So whatever an answer says of itself is compared with
the question: the account, the SIDs of the path, the TaskQueues of a bulk call, the window. SIDs
hold hexadecimal digits, whose case does not matter. What an answer leaves
out, or calls null, is not compared.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final, cast

from attrs import frozen

from .query import BaseQuery, Query
from .reply import json_object
from .window import Window

__all__ = ["Served", "differences"]

_MINUTE: Final = timedelta(minutes=1)
_LARGEST_SHOWN: Final = 5
"""Items of a list that an error names."""


@frozen
class Served:
    """When a reply was made, which only a window that reaches into the future needs.

    Attributes:
        headers: the reply's, whose ``Date`` is the server's own clock.
        now: this machine's time when the reply was whole, aware.
        seconds: how long the attempt took.
    """

    headers: Mapping[str, str]
    now: datetime
    seconds: float

    def could_be_now(self, time: datetime) -> bool:
        """Return whether the server's clock may have shown this time while it answered."""
        try:
            end = parsedate_to_datetime(self.headers.get("date", ""))
            end = end.replace(tzinfo=UTC) if end.tzinfo is None else end
        except (ValueError, OverflowError):
            end = self.now
        return -_MINUTE < end - time < _MINUTE + timedelta(seconds=self.seconds)


def differences(
    ask: BaseQuery[Any], account: str, payload: object, served: Callable[[], Served]
) -> list[str]:
    """Return how a decoded reply differs from its question, one ``path: what`` each.

    A list answers another question when each of its items does; a single odd item is the business
    of whoever reads the items.

    Args:
        ask: the question.
        account: the SID of the account or of the API key that asked; a key names no account.
        payload: the decoded JSON.
        served: tells when the reply was made, if that matters.
    """
    key, answer = ask.endpoint.items, json_object(payload)
    if key is None:
        return _compare(ask, account, answer, served)
    items = answer.get(key)
    found: list[str] = []
    for number, item in enumerate(cast("list[object]", items) if isinstance(items, list) else ()):
        wrong = _compare(ask, account, json_object(item), served)
        if not wrong:
            return []
        if len(found) < _LARGEST_SHOWN:
            found += [f"$.{key}[{number}]{problem[1:]}" for problem in wrong]
    return found


def _compare(
    ask: BaseQuery[Any], account: str, answer: dict[str, Any], served: Callable[[], Served]
) -> list[str]:
    endpoint, found = ask.endpoint, list[str]()
    for name, sid in zip(endpoint.answer_sids, ask.sids, strict=True):
        if answer.get(name, sid) != sid and not _same(answer[name], sid):
            found.append(_other(name, sid, answer[name]))
    said = answer.get("account_sid")
    if account.startswith("AC") and said != account and not _same(said, account):
        hint = "; check that the credentials name this account"
        found.append(_other("account_sid", account, said) + hint)
    if endpoint.part_sids is not None and isinstance(ask, Query):
        found += _other_parts(endpoint.part_sids, ask.task_queue_sids, answer)
    if ask.window is not None:
        found += _other_times(ask.window, answer, served)
    return found


def _same(said: object, asked: str) -> bool:
    """Return whether a SID is absent, or the one asked for: hexadecimal digits in either case."""
    return said is None or (isinstance(said, str) and said.lower() == asked.lower())


def _other(name: str, asked: str, said: object) -> str:
    return f"$.{name}: asked for {asked}, got {said!r:.60}"


def _other_parts(
    names: tuple[str, str], asked: tuple[str, ...], answer: dict[str, Any]
) -> list[str]:
    key, name = names
    parts = answer.get(key)
    said = [
        json_object(part).get(name)
        for part in (cast("list[object]", parts) if isinstance(parts, list) else ())
    ]
    return [
        f"$.{key}[{number}].{name}: got {sid!r:.60}, which was not asked for"
        for number, sid in enumerate(said)
        if sid not in asked and not any(_same(sid, one) for one in asked)
    ]


def _other_times(window: Window, answer: dict[str, Any], served: Callable[[], Served]) -> list[str]:
    """Return how ``start_time`` and ``end_time`` differ from what can follow from the window.

    Twilio documents the window's parameters and not how they are rounded, so this is allowed:

    - each time may lie less than a minute from the one asked for, on either side: fractions of a
      second cut, or whole minutes, rounded down or up;
    - a time that lies in the server's future may come back as the server's present;
    - "the last N minutes" are counted back by the server from its own present: they may come back
      as any window whose length differs from N minutes by less than one.

    A time that is missing, null or unreadable is not compared here.
    """
    times, prefix = json_object(answer.get("cumulative")), "$.cumulative"
    if not times:
        times, prefix = answer, "$"
    said = times.get("start_time"), times.get("end_time")
    if said in (_texts(window), (None, None)):
        return []
    start, end = _time(said[0]), _time(said[1])
    if window.start is None or window.end is None:
        wanted = timedelta(minutes=window.minutes or 0)
        if start is None or end is None or abs(end - start - wanted) < _MINUTE:
            return []
        return [f"{prefix}.end_time: asked for the {window}, got {said[0]} to {said[1]}"]
    asked = {"start_time": (window.start, start), "end_time": (window.end, end)}
    return [
        f"{prefix}.{name}: asked for {_text(wanted)}, got {times[name]}"
        for name, (wanted, got) in asked.items()
        if got is not None and not _follows(wanted, got, served)
    ]


def _follows(asked: datetime, got: datetime, served: Callable[[], Served]) -> bool:
    return abs(got - asked) < _MINUTE or (got < asked and served().could_be_now(got))


@lru_cache(maxsize=256)
def _texts(window: Window) -> tuple[str, ...]:
    """The times as they were sent: a server mostly repeats them, which costs one comparison."""
    return tuple(text for _, text in window.parameters())


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
