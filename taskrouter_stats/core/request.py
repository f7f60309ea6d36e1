"""Requests and their budgets, built from queries."""

from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote, urlencode

import orjson
from attrs import define

from .endpoint import Endpoint
from .query import BaseQuery, Listing, Query
from .window import Window

__all__ = ["BudgetKey", "Request", "build_page_request", "build_request", "path_for"]

_Filters: TypeAlias = tuple[tuple[str, str], ...]


class BudgetKey(NamedTuple):
    """The key of a budget: the server counts requests by it, as far as known.

    Twilio's rate-limit event names a Workspace and a resource key
    (https://www.twilio.com/docs/events/event-types/taskrouter/ratelimit); the account is added
    because Twilio sets limits per account.
    """

    account: str
    workspace: str
    resource_key: str


@define
class Request:
    """An HTTP request that the transport can send; nothing changes it.

    To make an object of a frozen class costs twice as much.

    Attributes:
        method: the HTTP method.
        target: path and query, encoded; the transport adds the session's base URL.
        budget: the key of the budget that it uses.
        retry_safe: whether it may be sent twice after a failure.
        body: JSON, or None.
        query: the query to compare the answer with; None to skip the comparison.
    """

    method: str
    target: str
    budget: BudgetKey
    retry_safe: bool
    body: bytes | None = None
    query: BaseQuery[Any] | None = None


def build_request(query: BaseQuery[Any], account: str) -> Request:
    """Build the first, or only, request of a query."""
    page_size = query.page_size if isinstance(query, Listing) else None
    endpoint, sids = query.endpoint, query.sids
    workspace = sids[0] if sids else ""
    target = _target(endpoint, query.filters, query.window, page_size) % sids
    budget = _budget_key(account, workspace, endpoint, query.filters)
    return Request(endpoint.method, target, budget, endpoint.retry_safe, _body(query), query)


def build_page_request(query: BaseQuery[Any], target: str, account: str) -> Request:
    """Build the request for a page that the server named; ``target`` was checked."""
    endpoint = query.endpoint
    budget = _budget_key(account, query.workspace_sid, endpoint, query.filters)
    return Request(endpoint.method, target, budget, endpoint.retry_safe, _body(query), query)


def _body(query: BaseQuery[Any]) -> bytes | None:
    """Return the body of a bulk query; its key is written as in Twilio's example.

    https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics
    """
    if isinstance(query, Query) and query.task_queue_sids:
        return orjson.dumps({"queueSids": query.task_queue_sids})
    return None


def path_for(query: BaseQuery[Any]) -> str:
    """Return the path of a query; its checked SIDs need no quoting."""
    return _template(query.endpoint.path) % query.sids


@lru_cache(maxsize=64)
def _template(path: str) -> str:
    """Return the path with positions for names: ``{worker_sid}`` → ``%s``."""
    return "/".join("%s" if part.startswith("{") else part for part in path.split("/"))


@lru_cache(maxsize=256)
def _target(
    endpoint: Endpoint[Any], filters: _Filters, window: Window | None, page_size: int | None
) -> str:
    """Return the target, with positions for the SIDs.

    It is cached, since most requests of a run differ in their accounts and SIDs alone.
    """
    text = _query_text(filters, window, page_size).replace("%", "%%")
    return _template(endpoint.path) + text


@lru_cache(maxsize=4096)
def _budget_key(
    account: str, workspace: str, endpoint: Endpoint[Any], filters: _Filters
) -> BudgetKey:
    """Return the budget, cached: a process may have sessions for thousands of accounts."""
    return BudgetKey(account, workspace, _resource_key(endpoint, filters))


def _query_text(filters: _Filters, window: Window | None, page_size: int | None) -> str:
    """Return the URL's query text."""
    parameters = filters
    if window is not None:
        parameters += window.parameters()
    if page_size is not None:
        parameters += (("PageSize", str(page_size)),)
    return f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""


def _resource_key(endpoint: Endpoint[Any], filters: _Filters) -> str:
    if filters:
        sent = {name for name, _ in filters}
        for rule in endpoint.filters.values():
            if rule.resource_key is not None and rule.parameter in sent:
                return rule.resource_key
    return endpoint.resource_key
