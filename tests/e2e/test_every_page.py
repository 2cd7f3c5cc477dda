"""What holds on every page of the panel, found by its routes, its menu and its links."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e import axe, crawl
from tests.e2e.conftest import House, Visit, visiting

pytestmark = pytest.mark.browser

TABS = 3
Check = Callable[[Visit], Awaitable[list[str]]]


@pytest.fixture(scope="session")
async def every_page(house: House) -> list[str]:
    found, broken = await crawl.pages(house.url, "sara@example.com")
    assert broken == []
    return found


@pytest.fixture(scope="session")
async def axe_source() -> str:
    return await axe.script()


async def on_all(first: Visit, paths: list[str], check: Check) -> dict[str, list[str]]:
    """Page → what a check finds on it, in several tabs of one session; what the browser complains of counts too."""
    queue = list(paths)
    found: dict[str, list[str]] = {}

    async def tab() -> None:
        visit = Visit(await first.page.context.new_page(), first.site)
        visit.watch()
        while queue:
            path = queue.pop()
            await visit.page.goto(f"{first.site}{path}")
            await expect(visit.page.locator("[data-arz-rule]:not([data-ready])"), path).to_have_count(0)
            await expect(visit.page.locator("[aria-busy=true]"), path).to_have_count(0)
            faults = [*await check(visit), *visit.faults]
            visit.faults.clear()
            if faults:
                found[crawl.shape(path)] = faults

    await asyncio.gather(*(tab() for _ in range(TABS)))
    return found


async def too_wide(page: Page, width: int) -> list[str]:
    """What is said of a page that stays wider than its screen; charts follow a moment later."""
    for _ in range(50):
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide <= width:
            return []
        await page.wait_for_timeout(100)
    return [f"{wide} pixels wide, on a screen of {width}"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["en", "fa"])
async def test_every_page_is_accessible_in_light_and_dark_and_fits_a_telephone(
    chromium: Browser, house: House, every_page: list[str], axe_source: str, language: str
) -> None:
    async def check(visit: Visit) -> list[str]:
        page = visit.page
        faults = await axe.violations(page, axe_source)
        await page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        faults += [f"dark {fault}" for fault in await axe.violations(page, axe_source, ["color-contrast"])]
        await page.set_viewport_size({"width": 390, "height": 800})
        faults += await too_wide(page, 390)
        await page.set_viewport_size({"width": 1280, "height": 900})
        return faults

    async with visiting(chromium, house.url, language=language) as visit:
        await visit.sign_in()
        found = await on_all(visit, every_page, check)
    assert not found, "\n".join(f"{page}: {fault}" for page, faults in sorted(found.items()) for fault in faults)
