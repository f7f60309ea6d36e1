"""What an export needs of its output, and what an output without state gives it."""

from datetime import timedelta

import pytest

from taskrouter_stats import etl, queries
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.output.row_writer import RowWriter
from taskrouter_stats.etl.state.overlaps import planned_windows
from taskrouter_stats.simulator import Simulator
from tests.etl.export_runs import days, session_at
from tests.etl.state.test_checkpoint import worker_key

WS = "WS" + "1" * 32
QUERY = queries.worker_statistics(WS, "WK" + "1" * 32)


class ListWriter(RowWriter):
    """A writer into a list."""

    place = "the list"
    format = "a list"

    def __init__(self):
        super().__init__()
        self.rows = []

    async def add(self, item):
        """Keep the rows of ``worker_statistics``."""
        self.rows += item.make()["worker_statistics"]
        item.on_stored(None)


async def test_exports_share_an_output_without_state():
    """Of two exports with the same plan, one sends each query, and no query counts as done."""
    async with (
        Simulator(workers=6, limit=200, latency=0.0) as simulator,
        session_at(simulator) as session,
        ListWriter() as writer,
    ):
        plan = etl.worker_plan(simulator.workspace_sid, days(2))
        reports = [await etl.Export(session, plan, writer).run() for _ in range(2)]
    assert [report.written for report in reports] == [12, 0]
    assert [report.not_asked for report in reports] == [0, 12]
    assert reports[0].place == "the list"
    assert reports[0].complete
    assert len({(row["worker_sid"], row["window_start"]) for row in writer.rows}) == 12
    assert not any(writer.is_done(worker_key(number)) for number in range(6))


def test_a_released_query_can_be_claimed_again():
    """Case does not matter to claims, and only a release makes a query free."""
    writer = ListWriter()
    assert writer.claim(worker_key(1))
    assert not writer.claim(worker_key(1))
    assert writer.claim(worker_key(2))
    writer.release(worker_key(1))
    assert writer.claim(worker_key(1))


def test_an_expired_query_is_resolved():
    """Without state, a query is resolved only if this run found it expired or gone."""
    writer = ListWriter()
    assert not writer.is_resolved(worker_key(1))
    writer.unavailable.add_expired(worker_key(1), "HTTP 400, code 14241")
    assert writer.is_resolved(worker_key(2))


def test_two_plans_with_overlapping_windows_are_refused():
    """An output without state refuses windows of another length, as stored outputs do."""
    (day,) = days(1)
    writer = ListWriter()
    writer.check_windows(planned_windows(QUERY, [day]))
    hours = day.split(hours=1)
    assert hours[0].end - hours[0].start == timedelta(hours=1)
    with pytest.raises(ConfigError, match=r"^the list: .* overlap"):
        writer.check_windows(planned_windows(QUERY, hours))


def test_each_writer_has_a_run_of_its_own():
    """Two runs never have the same name."""
    assert ListWriter().run != ListWriter().run
