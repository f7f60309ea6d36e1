"""A shard: the plans of one account that one task exports, in any process of a fleet.

A shard is a value that pickles and holds no secret. It holds the *names* of the functions that make
credentials, session and sink, so nothing of them is pickled: not what a closure or a script's own
function refers to either. The process that exports the shard imports and calls them.
"""

import asyncio
import os
import pickle
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pkgutil import resolve_name
from typing import Any, Final, NotRequired, Required, TypedDict, Unpack, cast

import attrs
from attrs import frozen

from taskrouter_stats.errors import (
    ConfigError,
    InvalidParameter,
    OutputLocked,
    TaskRouterStatsError,
    UsageError,
)
from taskrouter_stats.etl import Export, ParquetSink, Plan, Sink, Writer, shards
from taskrouter_stats.etl.failed_query import reason_of
from taskrouter_stats.etl.output.storage import shown_uri
from taskrouter_stats.etl.report import QueryCounts
from taskrouter_stats.etl.sinks.arguments import text_of
from taskrouter_stats.models import Credentials, check_sid
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession

__all__ = ["Output", "Plans", "Shard", "ShardOptions", "ShardReport", "export_shard", "make_shards"]

Plans = Mapping[str, Plan | Iterable[Plan]]
"""A plan, or several, for each account SID (AC…)."""

Output = str | os.PathLike[str]
"""A URI, or the name of a folder."""

LOCK_INTERVAL: Final = 1.0
"""Seconds between two attempts to open an output that another process writes to."""

LOCK_ATTEMPTS: Final = 120
"""Attempts to open it: a process that lost its cluster stops, and NFS frees a dead host's locks
after about 90 seconds."""

_COUNTS: Final = tuple(attrs.fields_dict(QueryCounts))


class ShardOptions(TypedDict, total=False):
    """How a fleet exports. Each function is one that every worker can import by its name.

    Attributes:
        credentials: returns the credentials of an account SID; called once for each task, there.
        session: makes the session, not open, from these credentials: the place for ``base_url=``,
            ``region=``, ``headroom=`` or a shared pacer.
        sink: makes the sink of a place.
        shards: tasks for each account, >= 1; keep it the same from run to run.
    """

    credentials: Required[Callable[[str], Credentials]]
    session: NotRequired[Callable[[Credentials], TaskRouterSession]]
    sink: NotRequired[Callable[[str], Sink]]
    shards: NotRequired[int]


@frozen(kw_only=True)
class ShardReport(QueryCounts):
    """What became of the queries of one shard; small, without rows and without failures.

    The output's ``_state/failures.jsonl`` has each failed query with its reason.

    Attributes:
        account_sid: the account (AC…).
        shard: the shard, ``1`` to ``shards``.
        shards: number of shards of the account.
        place: the output.
        sent: requests, of this run.
        complete: whether each query of the plans is durably written, gone or expired.
        error: the error that ended the shard or one of its plans early, or None.
    """

    account_sid: str
    shard: int
    shards: int
    place: str
    sent: int = 0
    complete: bool = False
    error: str | None = None


@frozen(kw_only=True)
class Shard:
    """The plans of one account that one task exports into one output.

    Attributes:
        account_sid: the account (AC…).
        plans: the plans, with absolute windows.
        number: the shard, ``1`` to ``count``.
        count: number of shards of the account.
        output: the folder or URI that holds the output of every shard.
        credentials: ``module:name`` of the function that returns the account's credentials.
        session: ``module:name`` of the function that makes a session of credentials.
        sink: ``module:name`` of the function that makes a sink of a place.
    """

    account_sid: str
    plans: tuple[Plan, ...]
    number: int = 1
    count: int = 1
    output: str = ""
    credentials: str
    session: str
    sink: str = ""

    @property
    def name(self) -> str:
        """The name of the shard and of its folder."""
        return f"{self.account_sid}-{self.number}-of-{self.count}"

    @property
    def place(self) -> str:
        """The place of the shard's output."""
        return f"{self.output.rstrip('/')}/{self.name}"

    def report(self, error: BaseException | str | None = None, **counts: Any) -> ShardReport:
        """Return a report of this shard."""
        if isinstance(error, BaseException):
            error = f"{type(error).__name__}: {reason_of(error)}"
        return ShardReport(
            account_sid=self.account_sid,
            shard=self.number,
            shards=self.count,
            place=self.place,
            error=error,
            **counts,
        )

    def open_session(self) -> TaskRouterSession:
        """Return a session that is not open, with the credentials of the account.

        Raises:
            ConfigError: a function can't be imported, raised an error, or returned what it should
                not. The text of an error that is not ours is left out: it may hold a secret.
        """
        credentials: Any = _call("credentials", self.credentials, self.account_sid)
        if not isinstance(credentials, Credentials):
            raise _wrong("credentials", self.credentials, type(credentials).__name__, "Credentials")
        if credentials.account_sid is None or sid_of(credentials.account_sid) != self.account_sid:
            found = f"credentials of {credentials.account_sid or 'a key without account_sid='}"
            raise _wrong("credentials", self.credentials, found, f"those of {self.account_sid}")
        session: Any = _call("session", self.session, credentials)
        if not isinstance(session, TaskRouterSession):
            kind = type(session).__name__
            raise _wrong("session", self.session, kind, "a TaskRouterSession that is not open")
        return session


def make_shards(plans: Plans, output: Output, **options: Unpack[ShardOptions]) -> list[Shard]:
    """Return the shards of all accounts; relative windows become absolute, the same for all.

    Args:
        plans: a plan, or several, for each account SID (AC…).
        output: the folder or URI for the outputs of all shards, one folder each. The name of a
            folder is completed by this process's current directory.
        options: see ``ShardOptions``.

    Raises:
        UsageError, InvalidParameter, InvalidSid, ConfigError: an argument is wrong.
    """
    if not isinstance(plans, Mapping):
        rule = "a dict with a plan, or several, for each account SID"
        raise InvalidParameter("plans", type(plans).__name__, rule)
    text = text_of(output, "a folder's name or a URI")
    if "://" not in text:
        text = os.path.abspath(text)  # noqa: PTH100 (links may be others on the workers)
    if shown_uri(masked(text)) != text:
        raise ConfigError(
            "output= holds user, password or options, which every worker and dashboard would see: "
            "set the storage's credentials in the environment of the workers"
        )
    named = {
        "credentials": name_of("credentials", options["credentials"]),
        "session": name_of("session", options.get("session", TaskRouterSession)),
        "sink": name_of("sink", options.get("sink", ParquetSink)),
    }
    now, count = datetime.now(UTC), options.get("shards", 1)
    made: list[Shard] = []
    for account, given in plans.items():
        sid = sid_of(check_sid("plans", account, "AC"))
        several = [_portable(plan, now) for plan in ([given] if isinstance(given, Plan) else given)]
        made += [
            Shard(
                account_sid=sid,
                plans=tuple(part),
                number=number,
                count=count,
                output=text,
                **named,
            )
            for number, part in enumerate(shards(several, count), 1)
            if part
        ]
    return made


def name_of(parameter: str, function: object) -> str:
    """Return ``module:name`` of a function that other processes can import.

    Raises:
        UsageError: it is a lambda, a closure, an object, or of a script or notebook.
    """
    module = str(getattr(function, "__module__", None))
    name = f"{module}:{getattr(function, '__qualname__', '')}"
    with suppress(ImportError, AttributeError, ValueError):
        if module != "__main__" and resolve_name(name) == function:
            return name
    raise UsageError(
        f"{parameter}= must be a function of a module that the workers can import, since only its "
        "name is sent to them: not a lambda, partial or object, and not of a script or notebook"
    )


async def export_shard(shard: Shard, stop: asyncio.Event) -> ShardReport:
    """Export a shard and return its counts; an error is part of the report.

    An output that another process writes to is waited for, two minutes at most.

    Args:
        shard: what to export.
        stop: once set, no new query is sent; the answers of those in flight are stored.
    """
    runs: list[Export] = []
    errors: list[BaseException] = []
    try:
        session = shard.open_session()
        async with AsyncExitStack() as stack:
            writer = await _open_output(stack, shard, stop)
            await stack.enter_async_context(session)
            runs += [Export(session, plan, writer, stop) for plan in shard.plans]
            ended = await asyncio.gather(*(run.run() for run in runs), return_exceptions=True)
            errors += [error for error in ended if isinstance(error, BaseException)]
    except Exception as error:  # noqa: BLE001 (the report of this shard has it; others go on)
        errors.append(error)
    reports = [run.report for run in runs]
    counts = {name: sum(getattr(report, name) for report in reports) for name in _COUNTS}
    complete = not errors and all(report.complete for report in reports)
    sent = sum(report.sent for report in reports)
    return shard.report(next(iter(errors), None), complete=complete, sent=sent, **counts)


async def _open_output(stack: AsyncExitStack, shard: Shard, stop: asyncio.Event) -> Writer:
    """Open the output; wait while a task that lost its cluster still ends in another process."""
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        sink: Any = _call("sink", shard.sink, shard.place)
        try:
            return await stack.enter_async_context(Writer(sink))
        except OutputLocked:
            if attempt == LOCK_ATTEMPTS or stop.is_set():
                raise
            await asyncio.sleep(LOCK_INTERVAL)
    raise AssertionError


def _portable(plan: Plan, now: datetime) -> Plan:
    """Return a plan with absolute windows, if another process can have it."""
    if not isinstance(plan, Plan):
        rule = "for each account a plan from etl.plan(…) or etl.worker_plan(…), or several"
        raise InvalidParameter("plans", type(plan).__name__, rule)
    try:
        pickle.dumps(plan)
    except Exception:  # noqa: BLE001 (anything that an object's own pickling raises)
        raise UsageError(
            f"the plan of {plan.workspace_sid} can't leave this process: give it SIDs or records, "
            "not an async iterator"
        ) from None
    return plan.at(now)


def _call(parameter: str, name: str, argument: object) -> object:
    """Import and call a function; of an error that is not ours, only the kind is told."""
    try:
        function = cast("Callable[[object], object]", resolve_name(name))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (importing runs code of any kind)
        why = str(error) if isinstance(error, ModuleNotFoundError) else type(error).__name__
        raise ConfigError(
            f"{parameter}= is {name}, which this worker can't import ({why}): install the module "
            "there, or send it with Client.upload_file"
        ) from None
    try:
        return function(argument)
    except TaskRouterStatsError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 (any, and exit would end the worker)
        raise ConfigError(
            f"{parameter}= ({name}) raised {type(error).__name__}, whose text is not shown, since "
            "it may hold a secret"
        ) from None


def _wrong(parameter: str, name: str, found: str, expected: str) -> ConfigError:
    return ConfigError(f"{parameter}= ({name}) returned {found}: expected {expected}")
