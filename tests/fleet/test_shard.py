"""Tests of shards: what they carry, and what their reports say, without a cluster."""

import asyncio
import functools
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskrouter_stats import Credentials, Window, etl
from taskrouter_stats.errors import ConfigError, InvalidParameter, InvalidSid, UsageError
from taskrouter_stats.etl.output.locks import hold_lock
from taskrouter_stats.fleet import shard as module
from taskrouter_stats.fleet.shard import export_shard, make_shards
from tests.fleet import accounts

ACCOUNT, WORKSPACE = "AC" + "1" * 32, "WS" + "2" * 32
PLAN = etl.worker_plan(WORKSPACE, Window.last(hours=8))
BY_NAME = {"credentials": accounts.credentials, "session": accounts.session}


def of(account_sid):
    """Return what a closure and a lambda hold."""
    return lambda sid: (sid, account_sid)


class Vault:
    """An object that may hold a secret."""

    def __call__(self, account_sid):
        """Return what it is called with."""
        return account_sid


@pytest.mark.parametrize(
    "function",
    [of("AC"), lambda sid: sid, functools.partial(accounts.credentials), Vault(), "text", None],
    ids=["closure", "lambda", "partial", "object", "text", "none"],
)
@pytest.mark.parametrize("parameter", ["credentials", "session", "sink"])
def test_only_importable_functions_are_taken(parameter, function):
    """What is pickled by value, with all it holds, is refused in a sentence that says why."""
    with pytest.raises(UsageError, match=f"^{parameter}= must be a function of a module"):
        make_shards({ACCOUNT: PLAN}, "lake", **BY_NAME | {parameter: function})


def test_a_scripts_own_function_is_refused(monkeypatch):
    """A function of ``__main__`` is refused, since it would be pickled with what it refers to."""
    monkeypatch.setattr(accounts.plain_token, "__module__", "__main__")
    with pytest.raises(UsageError, match="not of a script or notebook"):
        make_shards({ACCOUNT: PLAN}, "lake", credentials=accounts.plain_token)


def test_a_method_of_a_class_is_taken():
    """A class method is found by its name, as a function is."""
    name = module.name_of("credentials", Credentials.from_env)
    assert name == "taskrouter_stats.models.credentials:Credentials.from_env"


@pytest.mark.parametrize(
    "output", ["s3://key:secret@bucket/lake", "s3://bucket/lake?secret_key=abc"]
)
def test_secrets_in_the_output_are_refused(output):
    """The URI of an output holds no secret, and the error does not repeat it."""
    with pytest.raises(ConfigError, match="environment of the workers") as caught:
        make_shards({ACCOUNT: PLAN}, output, **BY_NAME)
    assert "secret@" not in str(caught.value)
    assert "abc" not in str(caught.value)


async def no_workers():
    """Yield no Worker."""
    return
    yield


def test_wrong_plans_are_refused():
    """Wrong accounts, plans and numbers of shards are refused before anything is submitted."""
    once = etl.worker_plan(WORKSPACE, Window.last(hours=8), workers=no_workers())
    for plans, error, says in (
        ([PLAN], InvalidParameter, "a dict with a plan"),
        ({WORKSPACE: PLAN}, InvalidSid, "Account SID"),
        ({ACCOUNT: [WORKSPACE]}, InvalidParameter, "for each account a plan"),
        ({ACCOUNT: once}, UsageError, "can't leave this process"),
    ):
        with pytest.raises(error, match=says):
            make_shards(plans, "lake", **BY_NAME)
    with pytest.raises(InvalidParameter, match="a whole number > 0"):
        make_shards({ACCOUNT: PLAN}, "lake", **BY_NAME, shards=0)


def test_all_shards_have_the_same_absolute_windows():
    """A relative window becomes absolute once, so that a shard that runs again has the same."""
    before = datetime.now(UTC)
    shards = make_shards({ACCOUNT: PLAN, "AC" + "3" * 32: PLAN}, "lake", **BY_NAME, shards=3)
    (window,) = {window for shard in shards for plan in shard.plans for window in plan.windows}
    assert before - timedelta(hours=9) < window.start < window.end <= datetime.now(UTC)
    assert len({shard.place for shard in shards}) == len(shards) == 6


def test_an_output_has_its_full_name():
    """A folder's name is completed here, since a worker has another current directory."""
    for output, expected in (
        ("lake/", Path.cwd() / "lake"),
        (Path("/data/lake"), "/data/lake"),
        ("s3://bucket/lake/", "s3://bucket/lake"),
    ):
        (shard,) = make_shards({ACCOUNT: PLAN}, output, **BY_NAME)
        assert shard.place == f"{expected}/{ACCOUNT}-1-of-1"
    with pytest.raises(InvalidParameter, match="a folder's name or a URI"):
        make_shards({ACCOUNT: PLAN}, 3, **BY_NAME)


def test_shards_without_queries_are_left_out():
    """Of one Workspace's own statistics, which have no list to divide, there is one shard."""
    plan = etl.plan(WORKSPACE, Window.last(hours=8), ["workspace_statistics"])
    assert len(make_shards({ACCOUNT: plan}, "lake", **BY_NAME, shards=3)) == 1


async def export(shard):
    """Export a shard that nothing stops."""
    return await export_shard(shard, asyncio.Event())


@pytest.fixture
async def simulator(known):
    """Run one simulated account with five Workers."""
    async with accounts.simulated(known, 1, workers=5, limit=500, latency=0.0) as (running,):
        yield running


def shards_of(simulator, output, **options):
    """Return the shards of two hours of a simulator."""
    plans = accounts.plans_of([simulator], accounts.hours(2))
    return make_shards(plans, str(output), **BY_NAME | options)


@pytest.mark.parametrize("sink", [etl.ParquetSink, etl.JsonLinesSink, etl.CsvSink])
async def test_shards_hold_each_query_once(simulator, tmp_path, sink):
    """The shards of an account together export each query once, in every format."""
    shards = shards_of(simulator, tmp_path / "lake", shards=3, sink=sink)
    reports = [await export(shard) for shard in shards]
    assert [report.complete for report in reports] == [True] * 3
    assert sum(report.written for report in reports) == 10
    assert sum(report.sent for report in reports) == simulator.counters.requests
    again = [await export(shard) for shard in shards]
    assert sum(report.already_done for report in again) == 10
    assert sum(report.written for report in again) == 0
    if sink is etl.ParquetSink:
        rows = accounts.stored(tmp_path / "lake")
        assert dict(rows) == accounts.truth([simulator], accounts.hours(2))
        assert len(rows) == 10


@pytest.mark.parametrize(
    ("credentials", "says"),
    [
        (accounts.closed_vault, "raised PermissionError, whose text is not shown"),
        (accounts.other_account, "returned credentials of AC.*0000: expected those of AC"),
        (accounts.unnamed_account, "of a key without account_sid=: expected those of AC"),
        (accounts.plain_token, "returned str: expected Credentials"),
    ],
)
async def test_wrong_credentials_are_reported(simulator, tmp_path, credentials, says):
    """A provider's error, and credentials of another account, are in the report without secrets."""
    (shard,) = shards_of(simulator, tmp_path / "lake", credentials=credentials)
    report = await export(shard)
    assert (report.planned, report.complete, report.sent) == (0, False, 0)
    with pytest.raises(ConfigError, match=says):
        shard.open_session()
    assert report.error.startswith(
        f"ConfigError: credentials= (tests.fleet.accounts:{credentials.__name__})"
    )
    for secret in (accounts.FORBIDDEN, simulator.auth[1]):
        assert secret not in repr(report)
    assert not (tmp_path / "lake").exists()


async def test_what_a_worker_cannot_import_is_reported(simulator, tmp_path):
    """A module that exists on the client alone is named in the report, with what to do."""
    (shard,) = shards_of(simulator, tmp_path / "lake")
    report = await export(module.attrs.evolve(shard, credentials="nowhere:credentials"))
    assert "which this worker can't import (No module named 'nowhere')" in report.error


async def test_a_session_factory_returns_a_session(simulator, tmp_path):
    """What is not a session is refused in the report."""
    (shard,) = shards_of(simulator, tmp_path / "lake", session=accounts.known_url)
    report = await export(shard)
    assert "returned str: expected a TaskRouterSession that is not open" in report.error


async def test_plans_fail_apart(simulator, tmp_path):
    """The error of one plan of an account is reported, and its other plans are exported."""
    lost = etl.worker_plan("WS" + "0" * 32, accounts.hours(2))
    good = etl.worker_plan(simulator.workspace_sid, accounts.hours(2))
    plans = {simulator.account_sid: [lost, good]}
    (shard,) = make_shards(plans, str(tmp_path / "lake"), **BY_NAME)
    report = await export(shard)
    assert report.error.startswith("NotFound: ")
    assert (report.complete, report.written, report.planned) == (False, 10, 10)


async def test_a_stopped_shard_counts_what_it_did_not_ask(simulator, tmp_path):
    """A shard that is stopped before its start sends no query and has no error."""
    stop = asyncio.Event()
    stop.set()
    (shard,) = shards_of(simulator, tmp_path / "lake")
    report = await export_shard(shard, stop)
    assert (report.error, report.complete, report.written) == (None, False, 0)


async def test_an_output_in_use_is_waited_for(simulator, tmp_path, monkeypatch):
    """A shard waits until another process has freed the output, or reports who has it."""
    monkeypatch.setattr(module, "LOCK_INTERVAL", 0.001)
    (shard,) = shards_of(simulator, tmp_path / "lake")
    state = tmp_path / "lake" / shard.name / "_state"
    state.mkdir(parents=True)
    with hold_lock(state / "lock", "lake"):
        monkeypatch.setattr(module, "LOCK_ATTEMPTS", 3)
        assert (await export(shard)).error.startswith("OutputLocked: ")
        monkeypatch.setattr(module, "LOCK_ATTEMPTS", 10**9)
        waiting = asyncio.create_task(export(shard))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert (await waiting).complete


def test_shards_and_reports_are_small():
    """What passes through a scheduler is small, and has neither rows nor failures."""
    (shard,) = make_shards({ACCOUNT: PLAN}, "lake", **BY_NAME)
    assert len(pickle.dumps(shard)) < 3000
    assert len(pickle.dumps(shard.report(ValueError("x" * 10**6)))) < 1500
