"""From a question to what goes over the wire, and to the budget that it will spend."""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson
from attrs import frozen

from .query import BaseQuery, Listing, Query
from .window import Window

__all__ = ["BudgetKey", "Request", "build_page_request", "build_request", "path_for"]


class BudgetKey(NamedTuple):
    """What the server counts requests by, as far as is known.

    Twilio's rate-limit event names a Workspace and a resource key
    (https://www.twilio.com/docs/events/event-types/taskrouter/ratelimit); the account is added
    because limits are set per account.
    """

    account: str
    workspace: str
    resource_key: str


@frozen
class Request:
    """What the transport sends.

    Attributes:
        method: the HTTP method.
        target: path and query, encoded; asked of the session's base URL and no other.
        budget: what it spends from.
        retry_safe: whether sending it twice does no harm.
        body: JSON, or None.
        ask: the question, which the answer is compared with; None when nobody compares.
    """

    method: str
    target: str
    budget: BudgetKey
    retry_safe: bool
    body: bytes | None = None
    ask: BaseQuery[Any] | None = None


def build_request(ask: BaseQuery[Any], account: str) -> Request:
    """The first, or only, request of a question."""
    page_size = ask.page_size if isinstance(ask, Listing) else None
    text = _query_text(ask.filters, ask.window, page_size)
    return build_page_request(ask, path_for(ask) + text, account)


def build_page_request(ask: BaseQuery[Any], target: str, account: str) -> Request:
    """A request for a page that the server named, ``target`` having been checked."""
    endpoint = ask.endpoint
    budget = BudgetKey(account, ask.workspace_sid, _resource_key(ask))
    return Request(endpoint.method, target, budget, endpoint.retry_safe, _body(ask), ask)


def _body(ask: BaseQuery[Any]) -> bytes | None:
    """The one body that there is; its key is spelled as in Twilio's example.

    https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics
    """
    if isinstance(ask, Query) and ask.task_queue_sids:
        return orjson.dumps({"queueSids": ask.task_queue_sids})
    return None


def path_for(ask: BaseQuery[Any]) -> str:
    """The path of a question: SIDs need no quoting, having been checked."""
    path = ask.endpoint.path
    return _template(path).format(*ask.sids)


@lru_cache(maxsize=64)
def _template(path: str) -> str:
    """The path with positions for names: ``{worker_sid}`` → ``{}``."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@lru_cache(maxsize=256)
def _query_text(
    filters: tuple[tuple[str, str], ...], window: Window | None, page_size: int | None
) -> str:
    """Most requests of a run share one window: its text is made once."""
    parameters = filters
    if window is not None:
        parameters += window.parameters()
    if page_size is not None:
        parameters += (("PageSize", str(page_size)),)
    return f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""


def _resource_key(ask: BaseQuery[Any]) -> str:
    endpoint = ask.endpoint
    if ask.filters:
        sent = {name for name, _ in ask.filters}
        for rule in endpoint.filters.values():
            if rule.resource_key is not None and rule.parameter in sent:
                return rule.resource_key
    return endpoint.resource_key
