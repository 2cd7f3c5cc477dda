"""Take the pictures of the panel that the README and the docs show, from a running demo.

`arzesh demo --simulate 3000 --serve` prints the address and the login; then
`python -m scripts.take_pictures http://127.0.0.1:8000 LOGIN PASSWORD`. Needs Debian's Chromium.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import BrowserContext, Page, async_playwright, expect

IMAGES = Path(__file__).parents[1] / "docs/images"
SIZE = {"width": 1280, "height": 820}
MUCH_WORTH = "/value_snapshot/list?filter=clv__gte=100"
PICTURES = (
    ("panel-customer", "en", "light", MUCH_WORTH),
    ("panel-customer-persian", "fa", "light", MUCH_WORTH),
    ("panel-value", "en", "light", "/value"),
    ("panel-value-chinese", "zh", "dark", "/value"),
    ("panel-segment", "en", "light", "/segment/list?q=could+buy"),
)
"""File, language, colours, and the page; of lists the first record, a segment's in its editor."""


async def picture(page: Page, site: str, name: str, path: str) -> None:
    """One page with its figures, as it stands when nothing on it is busy any more."""
    await page.goto(f"{site}/admin{path}")
    if path == MUCH_WORTH:
        await page.click("tbody tr td[data-column=customer] a")
    elif path.startswith("/segment/list"):
        await page.click("tbody tr a.arz-opens")
        await page.click("a[href*='/segment/edit']")
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    await page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")


async def sign_in(page: Page, site: str, login: str, password: str) -> None:
    await page.goto(f"{site}/admin/login")
    await page.fill("#username", login)
    await page.fill("#password", password)
    await page.click("button[type=submit]")
    await page.wait_for_url(lambda url: "/login" not in url)


async def choose(context: BrowserContext, site: str, language: str, theme: str) -> None:
    zone = {"fa": "Asia/Tehran", "zh": "Asia/Shanghai"}.get(language, "Europe/London")
    chosen = {"language": language, "theme": theme, "timezone": zone}
    await context.add_cookies([{"name": key, "value": value, "url": site} for key, value in chosen.items()])


async def main(site: str, login: str, password: str, *only: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = await browser.new_context(viewport=SIZE, reduced_motion="reduce")  # type: ignore[arg-type]
        context.set_default_timeout(120_000)
        page = await context.new_page()
        await sign_in(page, site, login, password)
        for name, language, theme, path in PICTURES:
            if not only or name in only:
                await choose(context, site, language, theme)
                await picture(page, site, name, path)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
