"""``taskrouter-stats report`` in a process."""

import re

import pyarrow.parquet as pq
import pytest

from tests.support.stored_rows import StoredRows, row

TABLE = "worker_statistics"


@pytest.fixture
def lake(tmp_path):
    """Return a folder with rows of two Workers, fetched for New York."""
    rows = [
        row(TABLE, worker_sid=f"WK{n}", worker_name=f"W{n}", tz="America/New_York") for n in (1, 2)
    ]
    return StoredRows((TABLE, rows)).write(tmp_path / "lake")


async def test_report_writes_a_page_of_what_fetch_stored(simulator, run, tmp_path):
    """The page's sums are those of the stored rows, and an older page is replaced."""
    lake, page = tmp_path / "lake", tmp_path / "report.html"
    page.write_text("old")
    env = {
        "TASKROUTER_STATS_BASE_URL": simulator.base_url,
        "TWILIO_ACCOUNT_SID": simulator.auth[0],
        "TWILIO_AUTH_TOKEN": simulator.auth[1],
    }
    tables = ("--tables=worker_statistics,task_queue_statistics", "--split-by-wait-time=20")
    command = ("fetch", simulator.workspace_sid, "--last=4h", "--every=1h", *tables)
    assert (await run(*command, "--output", str(lake), **env)).code == 0
    ran = await run("report", str(lake), "--html", str(page), "--busy=Meeting", "--idle=Available")
    assert (ran.code, ran.err) == (0, "")
    text = page.read_text("utf-8")
    accepted = sum(pq.read_table(lake / TABLE)["reservations_accepted"].to_pylist())
    assert f"<dt>Accepted Reservations</dt><dd>{accepted:,}</dd>" in text
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == [
        "Occupancy by hour",
        "Activity mix by hour",
        "Reservations",
        "TaskQueues",
        "12 Workers",
        "What this page contains",
    ]
    rows = sum(
        pq.read_table(lake / name).num_rows
        for name in (
            TABLE,
            "worker_activity_durations",
            "task_queue_statistics",
            "task_queue_wait_splits",
        )
    )
    assert ran.out == f"{page}: a report of {rows:,} rows.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "report.html"]


@pytest.mark.parametrize(
    ("options", "shown"),
    [((), "2026-11-02 04:00"), (("--tz=Asia/Tokyo",), "2026-11-02 18:00")],
)
def test_times_are_in_the_rows_zone_or_the_given_one(here, lake, tmp_path, options, shown):
    """Without ``--tz`` the page has the zone for which the rows were fetched."""
    page = tmp_path / "out.html"
    assert here(("report", str(lake), "--html", str(page), *options), {})[0] == 0
    assert f"<p>{shown} to " in page.read_text("utf-8")


def test_wrong_calls_are_one_clear_line(here, lake, tmp_path):
    """A wrong place, an empty output and wrong options end with exit code 2 and write no page."""
    page = tmp_path / "out.html"
    empty = StoredRows().write(tmp_path / "empty")
    odd = StoredRows((TABLE, [row(TABLE, tz="Mars")])).write(tmp_path / "odd")
    cases = [
        ((tmp_path / "elsewhere",), "elsewhere is not an output of this program: it has no _state"),
        ((empty,), "empty has no rows of worker_statistics, "),
        ((lake, "--tz=Mars"), "--tz Mars: expected an IANA name"),
        ((odd,), "does not know the rows' zone 'Mars': give --tz"),
        ((lake, "--busy=Busy"), "occupancy requires both --busy and --idle"),
        ((lake, "--busy=Busy", "--idle=Idle"), "'Busy' is not an Activity of these rows: "),
    ]
    for arguments, words in cases:
        code, out, err = here(("report", *map(str, arguments), "--html", str(page)), {})
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert words in err
    assert here(("report", str(lake)), {})[0] == 2
    assert not page.exists()
    code, _, err = here(("report", str(lake), "--html", str(tmp_path / "no" / "out.html")), {})
    assert (code, err.count("\n")) == (4, 1)
    assert "does not exist" in err
