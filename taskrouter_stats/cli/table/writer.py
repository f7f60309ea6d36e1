"""The writer of a table: it sums the rows of one window, and shows the table at the end."""

from attrs import define, field
from rich.console import Console

from taskrouter_stats.cli.fetch.run import ExportJob
from taskrouter_stats.cli.fetch.summary import cost_text
from taskrouter_stats.cli.terminal import table_size
from taskrouter_stats.etl import RowWriter
from taskrouter_stats.etl.output.batch import UNWRITABLE, PendingRows

from .render import render_table
from .totals import TopWorkers

__all__ = ["TableWriter"]


@define(eq=False)
class TableWriter(RowWriter):
    """Writer of the workers of one workspace and one window.

    Attributes:
        console: the console that shows the table.
        title: the heading.
        limit: the server's limit, requests per second, if known; headers do not name a unit.
        workers: the rows and the total of the table.
    """

    console: Console
    title: str
    limit: float | None = None
    workers: TopWorkers = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.workers = TopWorkers(table_size(self.console))

    @property
    def place(self) -> str:
        """The name of the output."""
        return "the table"

    @property
    def table(self) -> str:
        """The statistics that the table shows."""
        return "worker_statistics"

    @property
    def format(self) -> str:
        """A table."""
        return "a table"

    async def add(self, item: PendingRows) -> None:
        """Add the rows of one worker to the table."""
        try:
            self.workers.add(item.make())
        except UNWRITABLE as error:
            item.on_stored(error)
        else:
            item.on_stored(None)

    def show(self, job: ExportJob) -> None:
        """Show the table and the cost; nothing if an error came before the first answer."""
        if job.error is not None and not self.workers.workers:
            return
        window = job.export.plan.windows[0]
        self.console.print(render_table(self.console, self.workers, window, self.title))
        cost = cost_text(job.report)
        if self.limit is not None:
            share = job.report.pace / self.limit
            cost = f"{cost}, {share:.0%} of the limit of {self.limit:g}/s"
        elif job.limit is not None:
            cost = f"{cost}; the server sent a limit of {job.limit:g}"
        self.console.print(f" {cost}")
