"""Headless Chromium for tests, by its DevTools protocol: https://chromedevtools.github.io/."""

import asyncio
import base64
import itertools
import os
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
from attrs import define, field

__all__ = ["CHROMIUM", "Browser", "chromium", "open_browser"]

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
"""The program, or None."""
_FLAGS = (
    *(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@define(eq=False)
class Browser:
    """One tab.

    Attributes:
        errors: what its console reported: errors, uncaught exceptions, refusals of the CSP.
    """

    socket: aiohttp.ClientWebSocketResponse
    errors: list[str] = field(factory=list)
    _numbers: object = field(factory=itertools.count)
    _calls: dict = field(factory=dict)

    async def listen(self):
        """Read the messages of the tab until it closes."""
        async for message in self.socket:
            said = message.json()
            if "id" in said:
                self._calls.pop(said["id"]).set_result(said)
            elif said["method"] == "Runtime.exceptionThrown":
                self.errors.append(str(said["params"]["exceptionDetails"]))
            elif said["method"] == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
                self.errors.append(str(said["params"]["entry"]))

    async def call(self, method, **parameters):
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        self._calls[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(30):
            said = await self._calls[number]
        assert "error" not in said, said
        return said["result"]

    async def run(self, script):
        """Return the value of a JavaScript expression, after its promise if it is one."""
        options = {"awaitPromise": True, "returnByValue": True}
        result = await self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, script, seconds=20.0):
        """Return the value of an expression as soon as it is true."""
        async with asyncio.timeout(seconds):
            while not (value := await self.run(script)):  # noqa: ASYNC110 (pages send no event)
                await asyncio.sleep(0.02)
        return value

    async def open(self, url):
        """Open a page and wait until it has loaded."""
        await self.call("Page.navigate", url=url)
        await self.until("location.protocol === 'http:' && document.readyState === 'complete'")

    async def resize(self, width, height, *, dark=False):
        """Set the window's size in pixels, and the user's colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Emulation.setScrollbarsHidden", hidden=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, *, whole=False):
        """Return a PNG of the window, or of the whole page."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])


async def _address(folder, process):
    """Return the address of the protocol, once the browser has written it to its folder."""
    file = Path(folder) / "DevToolsActivePort"
    async with asyncio.timeout(30):
        while not (file.exists() and len(lines := file.read_text().splitlines()) == 2):
            assert process.poll() is None
            await asyncio.sleep(0.02)
    return f"127.0.0.1:{lines[0]}{lines[1]}"


@contextmanager
def chromium():
    """Start Chromium and yield the address of its protocol; end it afterwards."""
    none = subprocess.DEVNULL
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = (CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank")
        env = {**os.environ, "TMPDIR": folder}  # it leaves folders there
        with subprocess.Popen(command, stdout=none, stderr=none, env=env) as process:
            try:
                yield asyncio.run(_address(folder, process))
            finally:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()


@asynccontextmanager
async def _connected(http, url):
    """Yield the tab, or the whole browser, of a URL of the protocol."""
    async with http.ws_connect(url, max_msg_size=0) as socket:
        browser = Browser(socket)
        listening = asyncio.create_task(browser.listen())
        yield browser
    await listening


@asynccontextmanager
async def open_browser(address):
    """Yield a tab of the Chromium at this address, with an empty profile of its own."""
    async with (
        aiohttp.ClientSession() as http,
        _connected(http, f"ws://{address}") as whole,
    ):
        profile = await whole.call("Target.createBrowserContext")
        tab = await whole.call("Target.createTarget", url="about:blank", **profile)
        host = address.partition("/")[0]
        try:
            async with _connected(http, f"ws://{host}/devtools/page/{tab['targetId']}") as browser:
                for domain in ("Page", "Runtime", "Log"):
                    await browser.call(f"{domain}.enable")
                yield browser
        finally:
            await whole.call("Target.disposeBrowserContext", **profile)
