"""What hands meet at the panel: menus within reach, a visible focus, one sending for two clicks, pages of a list."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from models import Product
from tests.e2e.conftest import House, Visit, visiting
from tests.factories import customer, order

pytestmark = pytest.mark.browser

REACHED = """item => {
    const box = item.getBoundingClientRect();
    return [0.1, 0.5, 0.9].every(part => item.contains(
        document.elementFromPoint(box.left + box.width * part, box.top + box.height / 2)));
}"""
FOCUSED = "() => getComputedStyle(document.activeElement).outlineStyle"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "fa"])
async def test_nothing_lies_over_the_menu_of_a_row(chromium: Browser, house: House, language: str, width: int) -> None:
    async with visiting(chromium, house.url, language=language, width=width) as visit:
        await visit.sign_in()
        await visit.open("/product/list")
        await visit.page.locator("tbody [data-bs-toggle=dropdown]").first.click()
        items = visit.page.locator("tbody .dropdown-menu.show .dropdown-item")
        await expect(items.first).to_be_visible()
        assert await items.count() > 1
        for item in await items.all():
            assert await item.evaluate(REACHED), await item.inner_text()


async def test_a_button_shows_that_it_has_the_focus(guest: Visit) -> None:
    await guest.open("/product/create")
    await guest.page.locator("#name").focus()
    for _ in range(20):
        await guest.page.keyboard.press("Tab")
        if await guest.page.evaluate("document.activeElement.matches('button[type=submit]')"):
            break
    assert await guest.page.evaluate(FOCUSED) == "solid"


async def test_two_clicks_send_a_form_once(visit: Visit) -> None:
    sent: list[str] = []
    visit.page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    await visit.open("/product/create")
    await visit.page.fill("#sku", "T1")
    await visit.page.fill("#name", "Tea")
    button = "button.btn-primary[type=submit]:not([name])"
    async with visit.page.expect_navigation():
        await visit.page.locator(button).evaluate("one => { one.click(); one.click(); }")
    await expect(visit.page.locator("tbody")).to_contain_text("Tea")
    assert len(sent) == 1
    assert await Product.all().count() == 1


async def test_titles_name_the_record_and_the_back_button_leads_back_to_the_list(visit: Visit) -> None:
    ali = await customer("Ali Rezaei")
    await order(ali, "120")
    await visit.open("/order/list?page_size=50")
    await visit.follow("tbody td[data-column=placed_at]")
    await expect(visit.page).to_have_title("Order of Nov 20, 2026, $120.00 · Orders · Arzesh")
    await visit.page.go_back()
    await expect(visit.page).to_have_title("Orders · Arzesh")
    assert visit.page.url.endswith("page_size=50")
