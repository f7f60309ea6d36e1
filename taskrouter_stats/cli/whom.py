"""The options that choose workers, and the plan that they make."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click
from attrs import frozen

from taskrouter_stats import Window, queries
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import WorkerPlan, worker_plan

from .worker_list import read_workers

__all__ = ["Whom", "whom_options"]


@frozen
class Whom:
    """Which workers, and which of their tasks.

    Attributes:
        workers: their SIDs, or None.
        task_queue: those eligible for the TaskQueue of this name, or None.
        task_channel: only this TaskChannel, or None.
    """

    workers: Sequence[str] | None = None
    task_queue: str | None = None
    task_channel: str | None = None

    def plan(self, workspace_sid: str, windows: Sequence[Window]) -> WorkerPlan:
        """Them by these windows."""
        listing = None
        if self.task_queue is not None:
            listing = queries.workers(workspace_sid, task_queue_name=self.task_queue)
        return worker_plan(
            workspace_sid,
            windows,
            workers=listing if self.workers is None else self.workers,
            task_channel=self.task_channel,
        )


def whom_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command ``--workers``, ``--task-queue`` and ``--task-channel`` as one ``whom``."""

    @click.option("--workers", metavar="FILE", help="Only these: one SID (WK…) a line; - is stdin.")
    @click.option("--task-queue", metavar="NAME", help="Only workers eligible for this TaskQueue.")
    @click.option(
        "--task-channel", metavar="NAME", help="Only this TaskChannel: voice, or its SID."
    )
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        workers: str | None,
        task_queue: str | None,
        task_channel: str | None,
        **rest: Any,
    ) -> int:
        if workers is not None and task_queue is not None:
            raise ConfigError("--workers and --task-queue exclude each other")
        given = None if workers is None else read_workers(workers)
        return command(*args, whom=Whom(given, task_queue, task_channel), **rest)

    return wrapped
