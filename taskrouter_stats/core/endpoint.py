"""What a row of the endpoints table is, and how its parameters are checked."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, cast

from attrs import Factory, field, frozen

from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.models import check_sid

from .plain import whole_number

__all__ = [
    "SID_PREFIXES",
    "EncodeSid",
    "Endpoint",
    "Filter",
    "encode_bool",
    "encode_text",
    "encode_thresholds",
]

T_co = TypeVar("T_co", covariant=True)

SID_PREFIXES: Final = {
    "workspace_sid": "WS",
    "worker_sid": "WK",
    "task_queue_sid": "WQ",
    "workflow_sid": "WW",
}
"""Which kind of SID stands at each place of a path."""


@frozen(eq=False, repr=False)
class Filter:
    """A query parameter beside the window.

    Attributes:
        wire: its name in the URL.
        encode: from the caller's value to the text in the URL; raises a UsageError.
        resource_key: the budget that a request with this filter spends from, when that is
            another one than the endpoint's.
    """

    parameter: str
    encode: Callable[[str, Any], str]
    resource_key: str | None = None


def _names_in_path(row: "Endpoint[Any]") -> tuple[str, ...]:
    return tuple(re.findall(r"{(\w+)}", row.path))


_ROWS: Final[dict[str, "Endpoint[Any]"]] = {}
"""Every row by its name, filled as the table is made."""


@frozen(eq=False, repr=False)
class Endpoint(Generic[T_co]):
    """One row of the table. Rows are compared by identity and pickled by name.

    Attributes:
        name: the row's name, that of its constructor in ``queries``.
        path: the path, SIDs in braces.
        model: what one item of the answer becomes.
        resource_key: the budget that a request spends from.
        filters: the parameters beside the window, by their names in Python.
        windowed: whether a time window is taken.
        items: for a list, the key that its items stand under.
        item_sid: for a list, the field that holds the SID of an item.
        method: the HTTP method.
        retry_safe: whether sending twice does no harm. A 429 is always safe, since it "is never
            processed" (https://www.twilio.com/docs/api/errors/20429).
        complete: what an answer learns from its question, or None.
        answer_sids: the JSON names under which an answer, or each item of a list, repeats the
            SIDs of the path, in the path's order; the path's own names by default.
        part_sids: where an answer to a question about many TaskQueues names them: the list's key
            and the SID's name in its items; or None.
    """

    name: str
    path: str
    model: type[T_co]
    resource_key: str
    filters: Mapping[str, Filter] = field(factory=dict[str, Filter], repr=False)
    windowed: bool = False
    items: str | None = None
    item_sid: str = "sid"
    method: str = "GET"
    retry_safe: bool = True
    add_request_data: Callable[[Any, tuple[str, ...]], Any] | None = field(default=None, repr=False)
    answer_sids: tuple[str, ...] = field(default=Factory(_names_in_path, takes_self=True))
    part_sids: tuple[str, str] | None = None

    def __attrs_post_init__(self) -> None:
        _ROWS[self.name] = self

    def __reduce__(self) -> tuple[Callable[[str], "Endpoint[Any]"], tuple[str]]:
        return _row, (self.name,)


def _row(name: str) -> Endpoint[Any]:
    return _ROWS[name]


_UNSENDABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]").search


def encode_text(name: str, value: object) -> str:
    """Text as it is, when it can stand in a URL."""
    if isinstance(value, str) and value and not _UNSENDABLE(value):
        return str.__str__(value)  # a subclass may show itself otherwise, as enumerations do
    raise InvalidParameter(name, value, "text without control characters is expected, not empty")


def encode_bool(name: str, value: object) -> str:
    """``true`` or ``false``, the words of Twilio's documents."""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise InvalidParameter(name, value, "True or False is expected")


def encode_thresholds(name: str, value: object) -> str:
    """Seconds, separated by commas."""
    listed = isinstance(value, (list, tuple, range))
    given = cast("Sequence[object]", value) if listed else ()
    seconds = [whole_number(one) or 0 for one in given]
    if seconds and min(seconds) > 0:
        return ",".join(str(one) for one in seconds)
    raise InvalidParameter(name, value, "whole seconds above 0 are expected, such as [5, 30]")


@frozen(eq=False, repr=False)
class EncodeSid:
    """A SID of one kind."""

    prefix: str

    def __call__(self, name: str, value: object) -> str:
        """The SID as it is, once checked."""
        return check_sid(name, value, self.prefix)
