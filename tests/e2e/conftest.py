"""The whole product behind a real socket, and a real Chromium in front of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from admin.value import kept
from api.app import create_app
from crm.database import connected
from crm.lifecycle import default
from crm.settings import Settings
from tests.admin.desk import PASSWORD, hire
from tests.conftest import Clone
from tests.e2e import world
from tests.factories import OWNER

T = TypeVar("T")

# A busy machine takes its time; a fault is still one.
expect.set_options(timeout=60_000)
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
]
REMEDY = "the browser tests need Debian's Chromium: run `apt-get install chromium` once as root"


@pytest.fixture(scope="session")
def base_settings(base_settings: Settings) -> Settings:
    """Of servers whose followers hold locks for longer than a second when the machine is busy."""
    return replace(base_settings, lock_timeout=30.0)


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """Parts of pages wait for their figures, however busy the machine is: a part that came shows them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "PATIENCE", 60.0)
        yield


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(REMEDY)
        pytest.skip(REMEDY)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[str]:
    """Address of a running server with an administrator and the default lifecycle."""
    await hire()
    await default.install(OWNER)
    async with serving(settings) as url:
        yield url


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The product behind a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(replace(settings, public_url=url))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3))
        task = asyncio.create_task(server._serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
            await asyncio.sleep(0.01)
        try:
            yield url
        finally:
            server.should_exit = True
            await task


async def eventually(find: Callable[[], Awaitable[T]], wanted: T) -> None:
    """Wait until something is found as wanted: what the server leaves to its background comes a little later."""
    async with asyncio.timeout(60):
        while await find() != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class House:
    """A running server with something of everything in it, shared by the tests that only add to it."""

    url: str
    dsn: str
    ali: str
    """The key of the customer who has everything."""


@pytest.fixture(scope="session")
async def house(
    clone: Clone, base_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    ready: asyncio.Future[House] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    # In a task of its own: what it is connected to is then its own affair, and no other test's.
    async def keep() -> None:
        async with clone() as dsn, connected(dsn, base_settings):
            ali = await world.settle()
            settings = replace(base_settings, database_url=dsn, data_home=tmp_path_factory.mktemp("house"))
            async with serving(settings) as url:
                ready.set_result(House(url, dsn, str(ali.id)))
                await leave.wait()

    keeping = asyncio.create_task(keep())
    await asyncio.wait([ready, keeping], return_when=asyncio.FIRST_COMPLETED)
    if keeping.done():
        await keeping
    yield await ready
    leave.set()
    await keeping


@pytest.fixture
async def connection(house: House, base_settings: Settings) -> AsyncIterator[None]:
    """For a test that looks into the database of the house."""
    async with connected(house.dsn, base_settings):
        yield


@pytest.fixture
async def guest(chromium: Browser, house: House) -> AsyncIterator[Visit]:
    """An administrator who has just signed in to the house."""
    async with visiting(chromium, house.url) as found:
        await found.sign_in()
        yield found
        assert found.faults == []


@dataclass
class Visit:
    """A page, and whatever went wrong on it."""

    page: Page
    site: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        page, faults = self.page, self.faults
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if not self._ours(asked.url) else None)

    def _ours(self, url: str) -> bool:
        return url.startswith((self.site, "data:", "blob:"))

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.site}/admin{path}")

    async def follow(self, selector: str, page: Page | None = None) -> None:
        """Press what leads to another page, and wait until that one is there with its scripts.

        Only then was what the press sent kept, and only then does the next press reach whoever waits for it.
        """
        page = page or self.page
        async with page.expect_navigation():
            await page.click(selector)

    async def save(self, page: Page | None = None) -> None:
        """Send a noun's form, and wait for the page that follows."""
        await self.follow("button.btn-primary[type=submit]:not([name])", page)

    async def sign_in(self, address: str = "sara@example.com") -> None:
        await self.page.wait_for_url(lambda url: "/login" in url)
        await self.page.fill("#username", address)
        await self.page.fill("#password", PASSWORD)
        await self.page.click("button[type=submit]")
        await self.page.wait_for_url(lambda url: "/login" not in url)

    async def shoot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@asynccontextmanager
async def visiting(
    browser: Browser, site: str, *, language: str = "en", theme: str = "light", width: int = 1280
) -> AsyncIterator[Visit]:
    context: BrowserContext = await browser.new_context(
        viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    chosen = {"language": language, "theme": theme, "timezone": "Asia/Tehran"}
    await context.add_cookies([{"name": name, "value": value, "url": site} for name, value in chosen.items()])
    context.set_default_timeout(120_000)
    visit = Visit(await context.new_page(), site)
    visit.watch()
    try:
        await visit.open("/")
        yield visit
    finally:
        await context.close()


@pytest.fixture
async def visit(chromium: Browser, site: str) -> AsyncIterator[Visit]:
    """An administrator who has just signed in."""
    async with visiting(chromium, site) as found:
        await found.sign_in()
        yield found
        assert found.faults == []
