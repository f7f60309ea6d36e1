"""``--retry-failed`` requests the failed queries and no others."""

from datetime import UTC, datetime, timedelta

import attrs
import orjson
import pytest

from taskrouter_stats.cli.fetch.retry_failed import load_failures, retry_plans
from taskrouter_stats.cli.options.selection import Selection
from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl import FailedQuery, JsonLinesSink, Writer

WS, OTHER = "WS" + "1" * 32, "WS" + "2" * 32
START = datetime(2026, 11, 1, tzinfo=UTC)


def failed(worker, hour=0, workspace=WS, channel=None, tz="UTC"):
    """Return a failure of this worker and hour."""
    start = START + timedelta(hours=hour)
    return FailedQuery(
        key=f"k:{worker}:{hour}",
        error="BadRequest",
        message="HTTP 400",
        hint=None,
        status=400,
        code=20001,
        request_id=None,
        workspace_sid=workspace,
        table="worker_statistics",
        sid=f"WK{worker:032x}",
        name=None,
        window_start=start,
        window_end=start + timedelta(hours=1),
        tz=tz,
        task_channel=channel,
    )


def queries_of(plans):
    """Return workspace, channel, worker and hour of each query of the plans."""
    return sorted(
        (plan.workspace_sid, str(plan.tables[0].filters.get("TaskChannel")), sid[-2:],
         (window.start - START) // timedelta(hours=1))
        for plan in plans for sid in plan.given["workers"] for window in plan.windows
    )  # fmt: skip


def test_plans_have_exactly_the_failed_queries():
    """Windows that failed for the same workers make one plan."""
    failures = [failed(1), failed(2), failed(1, 1), failed(2, 1), failed(3, 2), failed(1, 3)]
    failures += [failed(4, workspace=OTHER), failed(5, channel="voice")]
    plans = retry_plans(failures, (), Selection())
    assert queries_of(plans) == sorted(
        (failure.workspace_sid, str(failure.task_channel), failure.sid[-2:],
         (failure.window_start - START) // timedelta(hours=1)) for failure in failures
    )  # fmt: skip
    assert len(plans) == 5


def test_workspaces_workers_and_channel_select_failures():
    """Only failures that fit the options are requested again."""
    failures = [failed(1), failed(2, channel="voice"), failed(3, workspace=OTHER)]
    assert queries_of(retry_plans(failures, [OTHER], Selection())) == [(OTHER, "None", "03", 0)]
    assert queries_of(retry_plans(failures, (), Selection([f"WK{1:032x}"]))) == [
        (WS, "None", "01", 0)
    ]
    assert queries_of(retry_plans(failures, (), Selection(None, None, "voice"))) == [
        (WS, "voice", "02", 0)
    ]
    with pytest.raises(ConfigError, match="--task-queue"):
        retry_plans(failures, (), Selection(None, "queue"))


def test_a_sid_in_another_case_selects_the_same_failures():
    """Options that spell a SID in the other case select the failures of this SID."""
    channel = "TC" + "ab" * 16
    failures = [failed(0xAB, workspace="WS" + "ab" * 16, channel=channel), failed(0xAC)]
    selection = Selection([f"WK{0xAB:032X}"], None, "TC" + "AB" * 16)
    found = retry_plans(failures, ["WS" + "AB" * 16], selection)
    assert queries_of(found) == [("WS" + "ab" * 16, channel, "ab", 0)]
    assert retry_plans(failures, (), Selection(None, None, "VOICE")) == []


def test_the_plan_keeps_the_zone_of_a_failure():
    """A zone without an IANA name, which only Python can give, becomes UTC."""
    (plan,) = retry_plans([failed(1, tz="Asia/Manila")], (), Selection())
    assert str(plan.windows[0].tz) == "Asia/Manila"
    (plan,) = retry_plans([failed(1, tz="UTC-05:00")], (), Selection())
    assert plan.windows[0].tz is UTC


async def test_a_store_keeps_failures_after_its_end(tmp_path):
    """The failures of one run are loaded by the next run."""
    sink = JsonLinesSink(tmp_path / "rows.jsonl")
    async with Writer(sink) as store:
        assert await load_failures(store) == []
        store.failures.append(failed(1, channel="voice"))
    async with Writer(sink) as store:
        assert await load_failures(store) == [failed(1, channel="voice")]


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"tz": 5},
        {"sid": "WS" + "1" * 32},
        {"table": "workers"},
        {"split_by_wait_time": "5,x"},
        "table",
        {"workspace_sid": None},
        {"window_start": "2026-11-01T00:00:00"},
        {"window_end": "2020-11-01T00:00:00Z"},
    ],
)
async def test_a_file_that_is_not_a_list_of_failures_is_a_storage_error(tmp_path, change):
    """A line that this program did not write is refused before any request is sent."""
    sink = JsonLinesSink(tmp_path / "rows.jsonl")
    async with Writer(sink) as store:
        good = attrs.asdict(failed(1))
        line = [1] if change is None else {name: good[name] for name in good if name != change}
        if isinstance(change, dict):
            line |= change
        lines = [orjson.dumps(good), orjson.dumps(line), b""]
        sink.storage.put(f"{sink.state}/failures.jsonl", b"\n".join(lines))
        with pytest.raises(StorageError, match=r"line 2 is not a failed query \(.+\): correct or"):
            await load_failures(store)
