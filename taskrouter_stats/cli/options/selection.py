"""The options that select what a run fetches: tables, workers, Tasks; and their plans."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import click
from attrs import frozen

from taskrouter_stats import Window, queries
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import Plan, plan, shards
from taskrouter_stats.etl.planning.tables import DIMENSIONS, PER_WORKER, STATISTICS

from .workers import read_workers

__all__ = [
    "ALL_TABLES",
    "Selection",
    "parse_shard",
    "parse_tables",
    "parse_thresholds",
    "selection_options",
]

DEFAULT_TABLES: Final = ("worker_statistics",)
ALL_TABLES: Final = (*STATISTICS, *(name for name in DIMENSIONS if name != PER_WORKER))
"""The tables of ``--tables all``: ``worker_channels`` costs one request for each worker."""

_SHARD: Final = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})", re.ASCII)


@frozen
class Selection:
    """What a run fetches.

    Attributes:
        workers: the SIDs, or None for all.
        task_queue: only workers eligible for the TaskQueue of this name, or None.
        task_channel: only tasks of this TaskChannel, or None.
        tables: the tables.
        split_by_wait_time: thresholds in seconds, or None.
        shard: the number of the shard, from 0, and the number of shards; None for all.
    """

    workers: Sequence[str] | None = None
    task_queue: str | None = None
    task_channel: str | None = None
    tables: tuple[str, ...] = DEFAULT_TABLES
    split_by_wait_time: tuple[int, ...] | None = None
    shard: tuple[int, int] | None = None

    def plan(self, workspace_sid: str, windows: Sequence[Window]) -> Plan:
        """Plan the tables of a workspace for these windows, without regard to the shard."""
        listing = None
        if self.task_queue is not None:
            listing = queries.workers(workspace_sid, task_queue_name=self.task_queue)
        return plan(
            workspace_sid,
            windows,
            self.tables,
            workers=listing if self.workers is None else self.workers,
            task_channel=self.task_channel,
            split_by_wait_time=self.split_by_wait_time,
        )

    def plans(self, workspaces: Sequence[str], windows: Sequence[Window]) -> list[Plan]:
        """Plan all workspaces of a run, or this shard's part of them."""
        planned = [self.plan(sid, windows) for sid in workspaces]
        if self.shard is None:
            return planned
        number, count = self.shard
        return shards(planned, count)[number]


def parse_tables(text: str) -> tuple[str, ...]:
    """Return the tables of ``--tables``.

    Raises:
        ConfigError: a name is not a table.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if names == ("all",):
        return ALL_TABLES
    for name in names:
        if name not in STATISTICS and name not in DIMENSIONS:
            known = ", ".join((*STATISTICS, *DIMENSIONS))
            raise ConfigError(f"--tables {name}: expected all, or names from: {known}")
    return names


def parse_thresholds(text: str) -> tuple[int, ...]:
    """Return the thresholds of ``--split-by-wait-time``.

    Raises:
        ConfigError: the text is not a list of whole seconds.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[1-9]\d{0,8}", part, re.ASCII) for part in parts):
        raise ConfigError(
            f"--split-by-wait-time {text}: expected whole seconds > 0, such as 5,10,20"
        )
    return tuple(dict.fromkeys(map(int, parts)))


def parse_shard(text: str) -> tuple[int, int]:
    """Return the number of a shard, from 0, and the number of shards.

    Raises:
        ConfigError: the text is not such as 3/8.
    """
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise ConfigError(f"--shard {text}: expected a shard and their number, such as 3/8")
    return int(found[1]) - 1, int(found[2])


def selection_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that select what it fetches, as one ``selection``."""

    @click.option("--workers", metavar="FILE", help="Only these: one SID (WK…) per line; -: stdin.")
    @click.option("--task-queue", metavar="NAME", help="Only workers eligible for this TaskQueue.")
    @click.option(
        "--task-channel", metavar="NAME", help="Only this TaskChannel: voice, or its SID."
    )
    @click.option(
        "--tables",
        metavar="NAMES",
        default="worker_statistics",
        show_default=True,
        help="Tables to fetch, with commas between, or all.",
    )
    @click.option(
        "--split-by-wait-time",
        metavar="SECONDS",
        help="Thresholds such as 5,10,20, for the tables of waiting times.",
    )
    @click.option("--shard", metavar="I/N", help="Only part I of N, for several jobs.")
    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> int:
        chosen = {name: given.pop(name) for name in _NAMES}
        return command(*args, selection=_selection(**chosen), **given)

    return wrapped


_NAMES: Final = (
    *("workers", "task_queue", "task_channel"),
    *("tables", "split_by_wait_time", "shard"),
)


def _selection(
    *,
    workers: str | None,
    task_queue: str | None,
    task_channel: str | None,
    tables: str,
    split_by_wait_time: str | None,
    shard: str | None,
) -> Selection:
    """Return the selection of these options' texts."""
    if workers is not None and task_queue is not None:
        raise ConfigError("--workers and --task-queue exclude each other: give one of them")
    return Selection(
        None if workers is None else read_workers(workers),
        task_queue,
        task_channel,
        parse_tables(tables),
        None if split_by_wait_time is None else parse_thresholds(split_by_wait_time),
        None if shard is None else parse_shard(shard),
    )
