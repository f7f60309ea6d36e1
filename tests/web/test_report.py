"""The page of a report: complete in one file, safe, and readable for all."""

import re
from contextlib import asynccontextmanager
from datetime import UTC

import pytest
from aiohttp import web

from taskrouter_stats.etl.reading import ParquetReader
from taskrouter_stats.web.report import report_page
from taskrouter_stats.web.report_data import TABLES, read_report
from tests.support.browser import open_browser
from tests.support.stored_rows import START, WORKSPACE, StoredRows, row
from tests.web.test_page import AXE, AXE_RUN

EVIL = "<img src=x onerror=hacked=1></style><script>hacked=1</script>\"'&amp;"
NAMES = {
    "worker_statistics": {"worker_sid": "WK1", "worker_name": EVIL},
    "worker_activity_durations": {"worker_sid": "WK1", "activity_name": EVIL, "total": 60.0},
    "task_queue_statistics": {"task_queue_sid": "WQ1", "task_queue_name": EVIL},
    "task_queue_wait_splits": {"task_queue_sid": "WQ1", "task_queue_name": EVIL, "threshold": 20},
}


def page(*tables, place="lake/", **options):
    """Return the page of an output with a row in each of these tables."""
    parts = [(table, [row(table, hour, **NAMES[table]) for hour in (0, 1)]) for table in tables]
    data = read_report(ParquetReader(StoredRows(*parts)), place)
    return report_page(data, place, UTC, made=START, **options)


def test_the_page_needs_nothing_from_elsewhere():
    """The page has no script, no address and no file besides itself, and its policy allows none."""
    text = page(*TABLES, busy=[EVIL], idle=["Idle"])
    assert re.findall(r"https?:|url\(|src=(?!x onerror)|<link|<script|@import", text) == []
    assert "default-src 'none'; style-src 'unsafe-inline'" in text


def test_no_name_becomes_markup():
    """Names of Workers, Activities, TaskQueues and the output itself are text."""
    text = page(*TABLES, place=EVIL, busy=[EVIL], idle=["Idle"])
    assert "<img" not in text
    assert text.count("<style>") == text.count("</style>") == 1
    assert text.count("&lt;img src=x") >= len(TABLES)


@pytest.mark.parametrize(
    ("tables", "missing", "options"),
    [
        (TABLES, [], []),
        (TABLES[:2], TABLES[2:], ["--tables task_queue_statistics", "--split-by-wait-time 20,60"]),
        (TABLES[2:], TABLES[:1], ["--tables worker_statistics"]),
    ],
)
def test_the_page_says_how_to_fetch_what_it_lacks(tables, missing, options):
    """Each table that the output lacks is named with a command that fetches it."""
    text = page(*tables)
    assert re.findall(r"no rows of <code>(\w+)", text) == list(missing)
    for option in options:
        assert re.search(rf"<code>taskrouter-stats fetch {WORKSPACE} .*{option}", text)


def test_the_page_says_what_it_contains():
    """The page names the windows, the zone, and the rows of each table."""
    text = page(*TABLES[:1])
    assert "2026-11-02 09:00 to 2026-11-02 11:00 (<bdi>UTC</bdi>)" in text
    cells = re.findall(
        r'<code>worker_statistics</code></th>(?:<td class="number">([^<]+)</td>)+', text
    )
    assert len(cells) == 1
    assert "Made of <bdi>lake/</bdi> at 2026-11-02 09:00." in text


def test_rows_that_lack_a_number_are_counted():
    """A row in which a count is null is in no sum, and the page counts such rows."""
    rows = [row(TABLES[0], worker_sid=f"WK{n}", reservations_created=n or None) for n in range(3)]
    data = read_report(ParquetReader(StoredRows((TABLES[0], rows))), "lake")
    text = report_page(data, "lake", UTC, made=START)
    assert "1 rows of <code>worker_statistics</code> lack a number and add to no sum." in text
    assert "3 Reservations were created" in text


@asynccontextmanager
async def served(text):
    """Serve a page and yield its URL."""

    async def answer(_):
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.skipif(AXE is None, reason="axe-core is missing: pip install axe-core-python")
async def test_the_page_is_readable_on_a_phone_and_on_a_screen(browser_address):
    """At 360 and 1024 pixels nothing is cut off, and axe-core finds no serious fault."""
    text = page(*TABLES, busy=[EVIL], idle=["Idle"])

    async with served(text) as url, open_browser(browser_address) as browser:
        await browser.open(url)
        await browser.run(AXE.read_text("utf-8"))
        for width, dark in ((360, False), (1024, True)):
            await browser.resize(width, 900, dark=dark)
            found = await browser.run(AXE_RUN)
            assert [fault for fault in found if fault[0] in {"serious", "critical"}] == []
            assert await browser.run("document.documentElement.scrollWidth") <= width
        assert await browser.run("window.hacked") is None
