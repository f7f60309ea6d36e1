"""The kinds of resources that a caller may name by SIDs, records or a listing."""

from collections.abc import AsyncIterable, Collection, Iterable
from typing import Any, Final, cast

from attrs import frozen

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.endpoint import Endpoint
from taskrouter_stats.core.query import Listing, make_listing
from taskrouter_stats.errors import UsageError
from taskrouter_stats.models import TaskQueue, Worker, Workflow, check_sid
from taskrouter_stats.models.record import NamedRecord
from taskrouter_stats.models.sids import sid_of

__all__ = ["TASK_QUEUES", "WORKERS", "WORKFLOWS", "ResourceKind", "check_resources"]


@frozen
class ResourceKind:
    """A kind of resource that has statistics.

    Attributes:
        name: the name of its list, and of the argument that takes some of them.
        one: Twilio's name of one.
        prefix: the beginning of its SIDs.
        model: the record of one.
        endpoint: the operation that lists them.
    """

    name: str
    one: str
    prefix: str
    model: type[NamedRecord]
    endpoint: Endpoint[Any]

    @property
    def sid_name(self) -> str:
        """The name of its SID in answers and rows."""
        return f"{self.name.removesuffix('s')}_sid"

    def listing(self, workspace_sid: str) -> Listing[Any]:
        """Return the list of all of a Workspace."""
        return make_listing(self.endpoint, workspace_sid)

    def named(self, given: object, workspace_sid: str) -> NamedRecord:
        """Return the record of what a caller gave: a record unchanged, or one with this SID.

        Raises:
            InvalidSid: the value is neither.
        """
        if isinstance(given, self.model):
            check_sid(self.sid_name, given.sid, self.prefix)
            return given
        fields: dict[str, Any] = {"workspace_sid": workspace_sid}
        return self.model(sid=check_sid(self.sid_name, given, self.prefix), **fields)


WORKERS: Final = ResourceKind("workers", "Worker", "WK", Worker, endpoints.WORKERS)
TASK_QUEUES: Final = ResourceKind(
    "task_queues", "TaskQueue", "WQ", TaskQueue, endpoints.TASK_QUEUES
)
WORKFLOWS: Final = ResourceKind("workflows", "Workflow", "WW", Workflow, endpoints.WORKFLOWS)


def check_resources(kind: ResourceKind, given: object, workspace_sid: str) -> None:
    """Check a source of resources, without reading an iterator; None means all.

    Raises:
        UsageError: the value is not such a source, or it is a listing of another kind.
        InvalidSid: an item of a collection is neither a record of this kind nor a SID of one.
    """
    if given is None:
        return
    name = kind.name
    if isinstance(given, (str, bytes, kind.model)):
        found = type(given).__name__
        several = name.replace("_", " ")
        raise UsageError(f"{name}= takes an iterable of {several}, not one {found}: use {name}=[…]")
    if isinstance(given, Listing):
        listing = cast("Listing[object]", given)
        same = sid_of(listing.workspace_sid) == sid_of(workspace_sid)
        if listing.endpoint is not kind.endpoint or not same:
            raise UsageError(f"{name}= takes queries.{name}({workspace_sid!r}, …), not {listing!r}")
    elif not isinstance(given, (Iterable, AsyncIterable)):
        raise UsageError(
            f"{name}= takes SIDs, {kind.one}s or a listing of them, not {type(given).__name__}"
        )
    elif isinstance(given, Collection):  # a collection can be read twice, an iterator cannot
        for one in cast("Collection[object]", given):
            if not isinstance(one, kind.model):
                check_sid(kind.sid_name, one, kind.prefix)
