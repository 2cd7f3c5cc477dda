"""The portfolio in a real browser: charts, a what-if, a cell that becomes a segment, the value card."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from playwright.async_api import Browser, expect

from crm.value import runs
from models import Segment, ValueRun, ValueSnapshot
from tests.crm.value_world import bought, newcomers, rhythm, run_at
from tests.e2e.conftest import Visit, eventually, visiting
from tests.factories import NOW, OWNER

pytestmark = pytest.mark.browser

PAGES = {
    "home": "/",
    "value": "/value",
    "value-rfm": "/value/rfm",
    "value-changes": "/value/changes",
    "value-cohorts": "/value/cohorts?grain=QUARTER",
    "value-what-if": "/value/what-if?retention=-10",
    "value-quality": "/value/quality",
    "value-runs": "/value/runs",
}


@pytest.fixture
async def shop(site: str) -> str:
    await bought(rhythm(await newcomers(200)))
    await run_at(date(2026, 8, 1))
    await runs.recompute(OWNER, now=NOW)
    return site


@pytest.fixture
async def clerk(chromium: Browser, shop: str) -> AsyncIterator[Visit]:
    async with visiting(chromium, shop) as found:
        await found.sign_in()
        yield found
        assert found.faults == []


async def settled(visit: Visit) -> None:
    """Every part of the page has come."""
    await expect(visit.page.locator("[aria-busy]")).to_have_count(0)


async def test_a_what_if_answers_as_its_lever_moves_and_its_address_can_be_sent(clerk: Visit) -> None:
    await clerk.open("/value/what-if")
    await settled(clerk)
    gain = clerk.page.locator("[data-arz-gain] b")
    await expect(gain).to_have_text("As it is")
    await clerk.page.locator("#w-retention").fill("-20")
    await expect(gain).to_contain_text("+$")
    said = await gain.text_content()
    assert "retention=-20" in clerk.page.url
    await clerk.page.reload()
    await settled(clerk)
    await expect(gain).to_have_text(said or "")
    await expect(clerk.page.locator("[data-arz-twin=retention]")).to_have_value("-20")


async def test_a_lever_moves_by_keyboard(clerk: Visit) -> None:
    await clerk.open("/value/what-if")
    await settled(clerk)
    await clerk.page.locator("[data-arz-twin=frequency]").focus()
    await clerk.page.keyboard.press("ArrowRight")
    await expect(clerk.page.locator("#w-frequency")).to_have_value("1")
    await expect(clerk.page.locator("[data-arz-gain] b")).to_contain_text("+$")


async def test_a_cell_of_the_heat_map_becomes_a_segment(clerk: Visit) -> None:
    run = await ValueRun.get(is_current=True)
    cell = max(run.portfolio["rfm"], key=lambda one: one["customers"])
    await clerk.open("/value/rfm")
    await clerk.follow(f"a[href*='recency={cell['recency']}&frequency={cell['frequency']}']")
    await expect(clerk.page.locator(".arz-big b")).to_have_text(str(cell["customers"]))
    await clerk.page.fill("#key", "of-the-map")
    await clerk.follow("button:has-text('Make the segment')")
    assert "/segment/detail" in clerk.page.url

    async def size() -> int:
        return (await Segment.get(key="of-the-map")).size

    await eventually(size, cell["customers"])


async def test_a_chart_is_drawn_and_its_table_says_the_same(clerk: Visit) -> None:
    await clerk.open("/value")
    await settled(clerk)
    figure = clerk.page.locator("figure[data-chart=lines]").first
    await expect(figure.locator("svg path").first).to_be_attached()
    await figure.locator("summary").focus()
    await clerk.page.keyboard.press("Enter")
    await expect(figure.locator("tbody tr")).to_have_count(11)


async def test_the_value_card_says_why(clerk: Visit) -> None:
    best = await ValueSnapshot.all().order_by("-clv").first()
    assert best
    await clerk.open(f"/customer/detail?pk={best.customer_id}")
    await clerk.page.click("text=Why is that?")
    await expect(clerk.page.locator("[data-arz-why]")).to_contain_text("every figure is the stored one")


async def test_a_strategic_customer_is_proposed_and_confirmed(clerk: Visit) -> None:
    await clerk.open("/value/strategic")
    await clerk.follow("button:has-text('Propose from the published run')")
    name = await clerk.page.locator("article h2").first.text_content()
    await clerk.follow("article >> nth=0 >> button:has-text('Confirm')")
    await clerk.follow("a:has-text('Confirmed')")
    await expect(clerk.page.locator("article h2")).to_have_text(name or "")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("fa", "dark"), ("zh", "light")])
async def test_value_fits_the_screen_in_every_language(
    chromium: Browser, shop: str, language: str, theme: str, width: int
) -> None:
    async with visiting(chromium, shop, language=language, theme=theme, width=width) as visit:
        await visit.sign_in()
        for name, path in PAGES.items():
            await visit.open(path)
            await settled(visit)
            await visit.shoot(f"{name}-{language}-{theme}-{width}")
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert visit.faults == []
