"""A duckdb that the dlt source fills from a simulator, for the tests of the source."""

import asyncio
from datetime import UTC, date, datetime

import duckdb

from taskrouter_stats.etl.dlt_source import taskrouter_source
from taskrouter_stats.simulator import Simulator

NEW_YORK = "America/New_York"


class Warehouse:
    """A pipeline into a duckdb, a simulator, and the clock of both."""

    def __init__(self, folder):
        self.folder = folder
        self.now = datetime(2026, 11, 4, 9, tzinfo=UTC)
        self.simulator = Simulator(workers=7, window="none", latency=0, clock=self.clock)
        self.seen = {}
        self.database = duckdb.connect(str(folder / "warehouse.duckdb"))  # opening it costs 50 ms

    def clock(self):
        """Return the seconds since 1970 of the time that ``now`` holds."""
        return self.now.timestamp()

    def source(self, **options):
        """Return a source of the simulator's Workspace, from the last day of October."""
        given = {
            "first_day": date(2026, 10, 31),
            "tz": NEW_YORK,
            "credentials": self.simulator.credentials,
            "base_url": self.simulator.base_url,
            "now": lambda: self.now,
        }
        given |= options
        workspace = given.pop("workspace_sid", self.simulator.workspace_sid)
        return taskrouter_source(workspace, **given)

    async def load(self, *tables, **options):
        """Run the pipeline in a thread, and return the number of requests of each kind."""
        source = self.source(**options)
        source = source.with_resources(*tables) if tables else source
        await asyncio.to_thread(lambda: self.pipeline().run(source).raise_on_failed_jobs())
        counts = {key: one.requests for key, one in self.simulator.counters.by_key.items()}
        before, self.seen = self.seen, counts
        return {key: n - before.get(key, 0) for key, n in counts.items() if n != before.get(key)}

    def pipeline(self):
        """Return the pipeline as a new process would open it."""
        import dlt  # noqa: PLC0415 (only once telemetry is off)

        return dlt.pipeline(
            "test",
            pipelines_dir=str(self.folder / "pipelines"),
            destination=dlt.destinations.duckdb(str(self.folder / "warehouse.duckdb")),
            dataset_name="lake",
        )

    def sql(self, text):
        """Return the rows of a query in the warehouse; a pipeline would need ten times as long."""
        self.database.execute("SET TimeZone = 'UTC'; SET schema = 'lake'")
        return self.database.sql(text).fetchall()
