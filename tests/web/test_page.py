"""The page itself: safe by its source, and in headless Chromium."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest

from taskrouter_stats import RetryPolicy, TaskRouterSession, models
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Dashboard
from tests.support.browser import open_browser

FOLDER = files("taskrouter_stats.web").joinpath("page")
PAGE = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
TOKEN = "correct-horse-battery"
NAMES = "[...document.querySelectorAll('#workers tbody th')].map(cell => cell.textContent)"
HAS_DATA = f"{NAMES}.length > 0"
STATE = "document.getElementById('state').dataset.state"
WORDS = "document.getElementById('state-text').textContent"
AXE_RUN = "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))"


def find_axe():
    """Return axe-core's file from a package that bundles it, or None."""
    for name in ("axe_playwright_python", "axe_core_python"):
        found = find_spec(name)
        if found is not None and found.origin is not None:
            return Path(found.origin).with_name("axe.min.js")
    return None


AXE = find_axe()


def test_the_page_needs_nothing_from_elsewhere():
    """No file names another host, except the namespace of SVG and the example of an address."""
    for text in PAGE.values():
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg|host/#token)\S+|url\(", text) == []


def test_text_never_becomes_markup():
    """The scripts parse no text as HTML or code, and the page has no inline script or style."""
    parsers = r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|DOMParser"
    inline = r"\son\w+=|\sstyle=|<style|<script(?! type=\"module\" src=\"dashboard\.js\"></script>)"
    for text in PAGE.values():
        assert re.findall(parsers, text) == []
    assert re.findall(inline, PAGE["index.html"]) == []


async def test_names_stay_text(simulator, session, browser_address):
    """Names with markup are shown as they are, and nothing in them runs."""
    names = ["<img src=x onerror=hacked=1>", "</th><script>hacked=1</script>", "\u202e\"'&amp;"]
    world = simulator.world
    named = [
        attrs.evolve(worker, friendly_name=name)
        for worker, name in zip(world.workers, names, strict=False)
    ]
    world.workers = (*named, *world.workers[len(names) :])
    page = Dashboard(session, simulator.workspace_sid)
    async with page.serve() as url, open_browser(browser_address) as browser:
        await browser.open(url)
        await browser.until(HAS_DATA)
        for name in names:
            await browser.run(
                "input = document.querySelector('#workers input');"
                f"input.value = {name!r}; input.dispatchEvent(new Event('input'))"
            )
            await browser.until(f"{NAMES}.length === 1")
            await browser.until(f"{NAMES}[0] === {name!r}")
        assert await browser.run("window.hacked") is None
        assert browser.errors == []


async def test_the_page_survives_a_restart(session, simulator, browser_address):
    """A lost server is said in words, and the page continues with the next one at its address."""
    page = Dashboard(session, simulator.workspace_sid, refresh=1.0)
    async with open_browser(browser_address) as browser:
        async with page.serve() as url:
            await browser.open(url)
            await browser.until(HAS_DATA)
            assert browser.errors == []
        await browser.until(f"{STATE} === 'lost'")
        lost = r"Data of \d\d:\d\d:\d\d, stale: no connection to the dashboard; trying again"
        assert re.fullmatch(lost, await browser.run(WORDS))
        async with page.serve(port=int(url.strip("/").rsplit(":", 1)[1])):
            await browser.until(f"{STATE} === 'live'")


async def test_errors_of_the_server_are_shown_in_words(browser_address):
    """When Twilio cannot be reached, the page keeps its data and says that they are stale."""
    async with (
        Simulator(workers=30, latency=0.0) as simulator,
        open_browser(browser_address) as browser,
    ):
        place, once = simulator.base_url, RetryPolicy(attempts=1)
        session = TaskRouterSession(simulator.credentials, base_url=place, retry=once)
        page = Dashboard(session, simulator.workspace_sid, refresh=1.0)
        async with session, page.serve() as url:
            await browser.open(url)
            await browser.until(HAS_DATA)
            await simulator.__aexit__(None, None, None)
            await browser.until("!document.getElementById('problems').hidden")
            problems = await browser.run("document.getElementById('problems').textContent")
            words = await browser.run(WORDS)
            assert await browser.run(HAS_DATA)
        await simulator.__aenter__()
    assert "cannot connect" in problems.lower()
    assert re.fullmatch(r"Data of \d\d:\d\d:\d\d, stale", words)


async def test_the_page_asks_for_the_token(dashboard, browser_address):
    """A wrong token is refused in words; the right one is in no address and in no element."""
    async with open_browser(browser_address) as browser, dashboard(token=TOKEN).serve() as url:
        await browser.open(f"{url}#token=wrong-horse-battery")
        error = "document.getElementById('token-error')?.textContent"
        await browser.until(f"{error} === 'This is not the token.'")
        assert await browser.run("location.href") == url
        await browser.run(
            f"document.getElementById('token').value = '{TOKEN}';"
            "document.querySelector('#token-form button').click()"
        )
        await browser.until(HAS_DATA)
        assert TOKEN not in await browser.run("document.documentElement.outerHTML")


@pytest.mark.skipif(AXE is None, reason="axe-core is missing: pip install axe-core-python")
async def test_axe_finds_no_serious_fault(dashboard, browser_address):
    """On a phone and on a large screen, light and dark, axe-core finds no serious fault."""
    async with open_browser(browser_address) as browser, dashboard().serve() as url:
        await browser.open(url)
        await browser.until(HAS_DATA)
        await browser.run(AXE.read_text("utf-8"))
        for width, dark in ((360, False), (1920, True)):
            await browser.resize(width, 900, dark=dark)
            found = await browser.run(AXE_RUN)
            assert [fault for fault in found if fault[0] in {"serious", "critical"}] == []


async def test_nothing_is_wider_than_the_window(dashboard, browser_address):
    """On a phone, a tablet and a large screen nothing needs sideways scrolling."""
    wide = (
        "[...document.querySelectorAll('html, .scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    )
    async with open_browser(browser_address) as browser, dashboard().serve() as url:
        await browser.open(url)
        await browser.until(HAS_DATA)
        for width in (360, 768, 1024, 1440, 1680, 1920):
            await browser.resize(width, 900)
            assert await browser.run(f"{wide}.map(e => e.outerHTML.slice(0, 200))") == []


async def test_the_keyboard_reaches_everything(dashboard, browser_address):
    """A slash goes to the search, and Enter on a heading sorts."""
    async with open_browser(browser_address) as browser, dashboard().serve() as url:
        await browser.open(url)
        await browser.until(HAS_DATA)
        slash = {"key": "/", "text": "/", "code": "Slash"}
        await browser.call("Input.dispatchKeyEvent", type="keyDown", **slash)
        assert await browser.run("document.activeElement.placeholder") == "Search workers"
        assert await browser.run("document.activeElement.value") == ""
        head = "document.querySelector('#workers th[data-sort=name]')"
        await browser.run(f"{head}.querySelector('button').focus()")
        enter = {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}
        for kind in ("keyDown", "keyUp"):
            await browser.call("Input.dispatchKeyEvent", type=kind, **enter)
        await browser.until(f"{head}.ariaSort === 'ascending'")
        await browser.until(f"{NAMES}.every((name, i, all) => !i || all[i - 1] <= name)")


async def test_ten_thousand_workers_are_25_rows(simulator, session, monkeypatch, browser_address):
    """With 10,000 Workers the page holds one page of rows, and search finds the last one."""
    now = datetime.now(UTC)
    workers = [
        models.LiveWorker(
            sid=f"WK{number:032x}",
            friendly_name=f"Worker {number}",
            activity_name=f"Activity {number % 7}",
            available=number % 7 == 0,
            seconds_in_activity=float(number),
            as_of=now,
            by_server_clock=True,
        )
        for number in range(10_000)
    ]

    async def live_workers(_):
        return workers

    monkeypatch.setattr(session, "live_workers", live_workers)
    page = Dashboard(session, simulator.workspace_sid)
    async with page.serve() as url, open_browser(browser_address) as browser:
        await browser.open(url)
        place = "document.querySelector('#workers nav').textContent"
        await browser.until(f"{place}.includes('10,000 found, page 1 of 400')")
        assert await browser.run("document.querySelectorAll('*').length") < 1_000
        await browser.run(
            "input = document.querySelector('#workers input');"
            "input.value = 'WORKER 9999'; input.dispatchEvent(new Event('input'))"
        )
        await browser.until(f"{NAMES}.join() === 'Worker 9999'")
