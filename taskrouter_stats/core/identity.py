"""Comparison of a reply with its query.

A gateway, a proxy or a late reply on a kept-alive connection can bring the answer of another
query, and the form of the answer does not show it. So the account, the SIDs of the path, the URL
that the answer or the page names, the TaskQueues of a bulk query, the window and the waiting-time
thresholds in the answer are compared with the query. The case of a SID's hexadecimal digits does
not matter. A value that is missing, null or, for thresholds, empty is not compared.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import urlsplit

from attrs import frozen

from taskrouter_stats.models.values import UnreadableError, count, utc_text

from .paging import has_other_filters
from .query import BaseQuery, Listing, Query
from .reply import date_of, json_object
from .request import path_for
from .window import Window

__all__ = ["Served", "differences"]

_MINUTE: Final = timedelta(minutes=1)
_API: Final = "/v1/workspaces"
"""Beginning of every path of the API, in lower case."""
_MAX_SHOWN: Final = 5
"""Differences of a list that an error names, at most, up to the last item's."""


@frozen
class Served:
    """The time of a reply, which only a window that reaches into the future needs.

    Attributes:
        headers: the reply's headers; ``Date`` is the server's clock.
        now: this machine's time when the reply was complete, aware.
        seconds: duration of the attempt.
    """

    headers: Mapping[str, str]
    now: datetime
    seconds: float

    def could_be_now(self, time: datetime) -> bool:
        """Return whether the server's clock may have shown this time during the attempt."""
        end = date_of(self.headers) or self.now
        return -_MINUTE < end - time < _MINUTE + timedelta(seconds=self.seconds)


def differences(
    query: BaseQuery[Any], account: str, payload: object, served: Callable[[], Served]
) -> list[str]:
    """Return how a decoded reply differs from its query, one ``path: what`` for each difference.

    A list answers another query if every item differs; the reader of the items handles a single
    odd item.

    Args:
        query: the query.
        account: the SID of the account or of the API key. In place of an API key's SID, the account
            of the listed resource that the query asks about is compared.
        payload: the decoded JSON.
        served: returns the time of the reply; called only if needed.
    """
    key, answer = query.endpoint.items, json_object(payload)
    if key is None:
        compared = _compare(query, account, answer, served)
        return compared if len(query.sids) > 1 else [*_other_url(query, answer), *compared]
    if isinstance(query, Listing) and (wrong := _other_list(query, answer)):
        return wrong
    items = answer.get(key)
    found: list[str] = []
    for number, item in enumerate(cast("list[object]", items) if isinstance(items, list) else ()):
        wrong = _compare(query, account, json_object(item), served)
        if not wrong:
            return []
        if len(found) < _MAX_SHOWN:
            found += [f"$.{key}[{number}]{problem[1:]}" for problem in wrong]
    return found


def _compare(
    query: BaseQuery[Any], account: str, answer: dict[str, Any], served: Callable[[], Served]
) -> list[str]:
    endpoint = query.endpoint
    found: list[str] = []
    if tuple(map(answer.get, endpoint.answer_sids)) != query.sids:
        for name, sid in zip(endpoint.answer_sids, query.sids, strict=True):
            if not _same(answer.get(name), sid):
                found.append(_other(name, sid, answer[name]))
    if answer.get("account_sid") != account:
        found += _other_account(query, account, answer)
    if endpoint.part_sids is not None and isinstance(query, Query):
        found += _other_parts(endpoint.part_sids, query.task_queue_sids, answer)
    if query.window is not None:
        found += _other_times(query.window, answer, served)
        if query.filters:
            found += _other_thresholds(dict(query.filters), answer)
    return found


def _other_url(query: BaseQuery[Any], answer: dict[str, Any]) -> list[str]:
    """Return how the URL of an answer differs from the query's path.

    In Twilio's description and examples, ``url`` has the path of the request. An answer to another
    operation of the same Workspace may have the same SIDs and form; the answers of one Worker,
    TaskQueue or Workflow differ in these, so their URLs are not compared. Neither is text without
    a path of this API.
    """
    url, path = answer.get("url"), path_for(query)
    if not isinstance(url, str) or url.endswith(path) or _has_path(url, path):
        return []
    return [f"$.url: requested {path}, got {url!r:.200}"]


def _other_list(listing: Listing[Any], answer: dict[str, Any]) -> list[str]:
    """Return how the URL of a page differs from the listing: a page may have no items to compare.

    The URL may name no filter that the listing does not have.
    """
    url, path = json_object(answer.get("meta")).get("url"), path_for(listing)
    if not isinstance(url, str):
        return []
    if not _has_path(url, path):
        return [f"$.meta.url: requested {path}, got {url!r:.200}"]
    if has_other_filters(listing, url.partition("?")[2]):
        return [f"$.meta.url: not the filters of {listing.key}: {url!r:.200}"]
    return []


def _has_path(url: str, path: str) -> bool:
    """Return whether a URL has this path, in either case; True if it has no path of the API."""
    try:
        answered = urlsplit(url).path.lower().rstrip("/")
    except ValueError:
        return True
    start = answered.find(_API)
    return start < 0 or answered[start:] == path.lower()


def _other_account(query: BaseQuery[Any], account: str, answer: dict[str, Any]) -> list[str]:
    answered, hint = answer.get("account_sid"), "; check that the credentials name this account"
    if not account.startswith("AC"):
        resource = query.resource if isinstance(query, Query) else None
        account, hint = getattr(resource, "account_sid", None) or "", ""
    if not account or _same(answered, account):
        return []
    return [_other("account_sid", account, answered) + hint]


def _same(answered: object, requested: str) -> bool:
    """Return whether a SID is absent or equals the requested one, in either case."""
    return answered is None or (isinstance(answered, str) and answered.lower() == requested.lower())


def _other(name: str, requested: str, answered: object) -> str:
    return f"$.{name}: requested {requested}, got {answered!r:.60}"


def _other_parts(
    names: tuple[str, str], requested: tuple[str, ...], answer: dict[str, Any]
) -> list[str]:
    key, name = names
    parts = answer.get(key)
    answered = [
        json_object(part).get(name)
        for part in (cast("list[object]", parts) if isinstance(parts, list) else ())
    ]
    return [
        f"$.{key}[{number}].{name}: got {sid!r:.60}, which was not requested"
        for number, sid in enumerate(answered)
        if sid not in requested and not any(_same(sid, known) for known in requested)
    ]


def _other_thresholds(filters: Mapping[str, str], answer: dict[str, Any]) -> list[str]:
    """Return which thresholds of the query the answer lacks, if it has any thresholds."""
    nested = "cumulative" in answer
    part = json_object(answer.get("cumulative")) if nested else answer
    splits = json_object(part.get("split_by_wait_time"))
    requested, answered = filters.get("SplitByWaitTime", ""), set(map(_seconds, splits))
    if not splits or not requested or answered.issuperset(map(int, requested.split(","))):
        return []
    path = "$.cumulative.split_by_wait_time" if nested else "$.split_by_wait_time"
    return [f"{path}: requested {requested}, got {','.join(splits)!r:.60}"]


def _seconds(threshold: str) -> int | None:
    try:
        return count(threshold, int)
    except UnreadableError:
        return None


def _other_times(window: Window, answer: dict[str, Any], served: Callable[[], Served]) -> list[str]:
    """Return how ``start_time`` and ``end_time`` differ from what can follow from the window.

    Twilio does not document how it rounds a window, so these differences are allowed:

    - each time may differ from the requested one by less than a minute: the server may cut
      fractions of a second or round to whole minutes;
    - for a time in its future, the server may answer its present;
    - the server counts "the last N minutes" back from its present, so it may answer any window
      whose length differs from N minutes by less than one.

    A time that is missing, null or unreadable is not compared.
    """
    times, prefix = json_object(answer.get("cumulative")), "$.cumulative"
    if not times:
        times, prefix = answer, "$"
    answered = times.get("start_time"), times.get("end_time")
    if answered == _texts(window) or answered == (None, None):
        return []
    start, end = _time(answered[0]), _time(answered[1])
    if window.start is None or window.end is None:
        wanted = timedelta(minutes=window.minutes or 0)
        if start is None or end is None or abs(end - start - wanted) < _MINUTE:
            return []
        return [f"{prefix}.end_time: requested the {window}, got {answered[0]} to {answered[1]}"]
    requested = {"start_time": (window.start, start), "end_time": (window.end, end)}
    return [
        f"{prefix}.{name}: requested {utc_text(wanted)}, got {times[name]}"
        for name, (wanted, got) in requested.items()
        if got is not None and not _follows(wanted, got, served)
    ]


def _follows(wanted: datetime, got: datetime, served: Callable[[], Served]) -> bool:
    return abs(got - wanted) < _MINUTE or (got < wanted and served().could_be_now(got))


@lru_cache(maxsize=256)
def _texts(window: Window) -> tuple[str, ...]:
    """Return the times as they were sent: most servers repeat them, so one comparison is enough."""
    return tuple(text for _, text in window.parameters())


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
