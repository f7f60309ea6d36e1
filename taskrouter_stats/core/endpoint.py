"""A row of the endpoints table, and the functions that check and encode parameters."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, cast

from attrs import Factory, field, frozen

from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.models import check_sid

from .plain_numbers import whole_number

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
"""Prefix of the SID at each named place of a path."""


@frozen(eq=False, repr=False)
class Filter:
    """A query parameter, other than the window.

    Attributes:
        parameter: the name in the URL.
        encode: the function that turns the caller's value into the text in the URL, or raises a
            ``UsageError``; called with the Python name and the value.
        resource_key: the budget of a request with this filter, if it is not the endpoint's.
    """

    parameter: str
    encode: Callable[[str, Any], str]
    resource_key: str | None = None


def _path_sids(row: "Endpoint[Any]") -> tuple[str, ...]:
    return tuple(re.findall(r"{(\w+)}", row.path))


def _sid_prefixes(row: "Endpoint[Any]") -> tuple[str, ...]:
    return tuple(SID_PREFIXES[name] for name in row.path_sids)


_ROWS: Final[dict[str, "Endpoint[Any]"]] = {}
"""Every row by its name: pickles of a row hold the name."""


@frozen(eq=False, repr=False)
class Endpoint(Generic[T_co]):
    """One row of the table. Rows are compared by identity and pickled by name.

    Attributes:
        name: the row's name, which is the name of its constructor in ``queries``.
        path: the path, with SIDs in braces.
        model: the class of the answer, or of one item of a list.
        resource_key: the budget of a request.
        filters: the parameters other than the window, by their names in Python.
        windowed: whether the operation takes a time window.
        items: for a list, the JSON key of its items; None for a single answer.
        item_sid: for a list, the field that holds the SID of an item.
        method: the HTTP method.
        retry_safe: whether a request may be sent twice after a failure. After a 429 it always
            may, since such a request "is never processed"
            (https://www.twilio.com/docs/api/errors/20429).
        add_request_data: a function that adds to an answer what only the query knows, or None.
        path_sids: the names of the SIDs in the path, in order; derived from ``path``.
        sid_prefixes: the prefixes of these SIDs.
        answer_sids: the JSON names under which an answer, or each item of a list, repeats the
            SIDs of the path, in the path's order; ``path_sids`` by default.
        part_sids: where the answer to a bulk query names its TaskQueues: the list's key and the
            SID's name in its items; or None.
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
    path_sids: tuple[str, ...] = field(default=Factory(_path_sids, takes_self=True), init=False)
    sid_prefixes: tuple[str, ...] = field(
        default=Factory(_sid_prefixes, takes_self=True), init=False
    )
    answer_sids: tuple[str, ...] = field(
        default=Factory(operator.attrgetter("path_sids"), takes_self=True)
    )
    part_sids: tuple[str, str] | None = None

    def __attrs_post_init__(self) -> None:
        _ROWS[self.name] = self

    def __reduce__(self) -> tuple[Callable[[str], "Endpoint[Any]"], tuple[str]]:
        return _row, (self.name,)


def _row(name: str) -> Endpoint[Any]:
    return _ROWS[name]


_UNSENDABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]").search


def encode_text(name: str, value: object) -> str:
    """Return text unchanged; refuse empty text and control characters."""
    if isinstance(value, str) and value and not _UNSENDABLE(value):
        return str.__str__(value)  # a subclass, such as an enumeration, may have another str()
    raise InvalidParameter(name, value, "expected text, not empty, without control characters")


def encode_bool(name: str, value: object) -> str:
    """Return ``true`` or ``false``, as Twilio documents them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise InvalidParameter(name, value, "expected True or False")


def encode_thresholds(name: str, value: object) -> str:
    """Return whole seconds separated by commas, ascending, each once."""
    listed = isinstance(value, (list, tuple, range))
    given = cast("Sequence[object]", value) if listed else ()
    seconds = [whole_number(threshold) or 0 for threshold in given]
    if seconds and min(seconds) > 0:
        return ",".join(map(str, sorted(set(seconds))))
    raise InvalidParameter(name, value, "expected a list of whole seconds > 0, such as [5, 30]")


@frozen(eq=False, repr=False)
class EncodeSid:
    """The encoder of a filter that takes SIDs of one kind."""

    prefix: str

    def __call__(self, name: str, value: object) -> str:
        """Return the SID unchanged; refuse a SID of another kind."""
        return check_sid(name, value, self.prefix)
