"""``fetch --tables`` and ``plan``: every statistics table by one command."""

import orjson
import pyarrow.parquet as pq
import pytest

from taskrouter_stats.cli.options.selection import (
    ALL_TABLES,
    parse_shard,
    parse_tables,
    parse_thresholds,
)
from taskrouter_stats.errors import ConfigError
from tests.cli.processes import account

LAST = ("--last=2h", "--every=1h")


async def test_one_command_fills_all_tables(simulator, run, tmp_path):
    """A fetch of all tables is told by table, and sends no more requests than the plan said."""
    place, summary = tmp_path / "lake", tmp_path / "run.json"
    tables = ("--tables=all", "--split-by-wait-time=5,20", *LAST, "--headroom=0")
    planned = await run("plan", simulator.workspace_sid, *tables, **account(simulator))
    told = int(planned.out.rpartition(" requests in all")[0].split()[-1].replace(",", ""))
    before = simulator.counters.requests
    ran = await run(
        "fetch", simulator.workspace_sid, *tables, f"--output={place}", f"--summary={summary}",
        **account(simulator),
    )  # fmt: skip
    assert ran.code == 0
    assert simulator.counters.requests - before == told
    queues = len(simulator.world.task_queues)
    assert f"task_queue_statistics: {2 * queues} of {2 * queues} answers" in ran.err
    assert f"task_queue_statistics: {queues} task queues, {2 * queues} requests" in planned.out
    names = {path.name for path in place.iterdir() if path.name != "_state"}
    assert {*ALL_TABLES, "task_queue_wait_splits", "worker_activity_durations"} <= names
    assert pq.read_table(place / "task_queue_wait_splits").num_rows == 4 * queues
    (export,) = orjson.loads(summary.read_bytes())["exports"]
    assert [table["table"] for table in export["tables"]] == list(ALL_TABLES[:5])
    assert sum(table["planned"] for table in export["tables"]) == export["planned"]


async def test_a_file_and_standard_output_hold_any_one_table(simulator, run, tmp_path):
    """A single file of JSON Lines and standard output hold the one table that is named."""
    queues = len(simulator.world.task_queues)
    one = ("fetch", simulator.workspace_sid, "--tables=task_queue_statistics", *LAST[:1])
    path = tmp_path / "queues.jsonl"
    assert (await run(*one, f"--output={path}", **account(simulator))).code == 0
    ran = await run(*one, "--output=-", **account(simulator))
    for lines in (path.read_bytes(), ran.out.encode()):
        rows = [orjson.loads(line) for line in lines.splitlines()]
        assert len({row["task_queue_sid"] for row in rows}) == len(rows) == queues


async def test_several_tables_need_a_folder(simulator, run, tmp_path):
    """Several tables for one file or standard output end with exit code 2, and send nothing."""
    several = ("fetch", simulator.workspace_sid, "--tables=all")
    for output in (tmp_path / "o.jsonl", "-"):
        ran = await run(*several, f"--output={output}", **account(simulator))
        assert (ran.code, "name a folder" in ran.err) == (2, True)
    assert (simulator.counters.requests, list(tmp_path.iterdir())) == (0, [])


async def test_shards_are_parts_of_a_run(simulator, run, tmp_path):
    """The shards of a command fetch each worker once."""
    found = []
    for number in (1, 2):
        path = tmp_path / f"{number}.jsonl"
        ran = await run(
            "fetch", simulator.workspace_sid, "--last=1h", f"--shard={number}/2",
            f"--output={path}", **account(simulator),
        )  # fmt: skip
        assert ran.code == 0
        found += [orjson.loads(line)["worker_sid"] for line in path.read_bytes().splitlines()]
    assert len(set(found)) == len(found) == len(simulator.world.workers)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_tables, "all", ALL_TABLES),
        (parse_tables, "workers, activities,workers", ("workers", "activities")),
        (parse_thresholds, "5,10, 20", (5, 10, 20)),
        (parse_shard, "3/8", (2, 8)),
    ],
)
def test_the_options_are_lists(parse, text, value):
    """Names, thresholds and shards are read from one text."""
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (parse_tables, "queues", "--tables queues: expected all, or names from: worker_statistics"),
        (parse_tables, "", "--tables : expected all"),
        (parse_thresholds, "5,0", "--split-by-wait-time 5,0: expected whole seconds > 0"),
        (parse_thresholds, "x", "expected whole seconds"),
        (parse_shard, "9/8", "--shard 9/8: expected a shard and their number, such as 3/8"),
        (parse_shard, "0/8", "expected a shard"),
        (parse_shard, "3", "expected a shard"),
    ],
)
def test_a_wrong_text_raises_an_error(parse, text, says):
    """A text that is not such a list is refused with what is expected."""
    with pytest.raises(ConfigError, match=says):
        parse(text)
