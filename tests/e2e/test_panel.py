"""A day at the panel, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from models import Customer, StaffSession
from tests.e2e.conftest import Visit, visiting
from tests.factories import customer, email, order

pytestmark = pytest.mark.browser


async def test_a_customer_is_created_edited_and_found_in_the_audit_trail(visit: Visit) -> None:
    page = visit.page
    await visit.open("/customer/create")
    await page.fill("#given_name", "Ali")
    await page.fill("#family_name", "Rezaei")
    await page.click("[data-arz-add]")
    await page.fill("[name='identities.value']", "ali@example.com")
    await visit.save()
    await visit.follow("tbody >> text=Ali Rezaei")
    await visit.follow(".arz-head a:has-text('Edit')")
    await page.fill("#city", "Tehran")
    await visit.save()
    await visit.open("/audit_entry/list")
    await expect(page.locator("tbody tr").first).to_contain_text("Customer changed")
    assert (await Customer.get()).city == "Tehran"


async def test_a_call_is_logged_and_stands_in_the_timeline(visit: Visit) -> None:
    ali = await customer("Ali Rezaei")
    await visit.open(f"/customer/detail?pk={ali.id}")
    await visit.page.fill("form[data-arz-form] [name=subject]", "Asked about delivery")
    await visit.page.click("button:has-text('Log')")
    await expect(visit.page.locator(".arz-timeline").first).to_contain_text("Asked about delivery")


async def test_a_move_says_beforehand_what_it_needs(visit: Visit) -> None:
    ali = await customer("Ali Rezaei")
    await visit.open(f"/customer/detail?pk={ali.id}")
    await visit.page.select_option("[name=to]", "lost")
    outcome = visit.page.locator("[data-arz-outcome]")
    await expect(outcome).to_contain_text("needs a reason")
    await visit.page.fill("[name=reason]", "no answer")
    await visit.page.press("[name=reason]", "Tab")
    await expect(outcome).to_contain_text("Nothing stands in the way")
    await visit.page.click("button:has-text('Move')")
    await expect(visit.page.locator(".arz-path .here")).to_have_text("Lost")


async def test_a_session_that_ended_comes_back_to_the_form_with_the_text_kept(visit: Visit) -> None:
    await visit.open("/product/create")
    await visit.page.fill("#sku", "T1")
    await visit.page.fill("#name", "Tea")
    await StaffSession.all().delete()
    await visit.save()
    await visit.sign_in()
    await expect(visit.page.locator("#name")).to_have_value("Tea")
    await expect(visit.page.locator(".arz-meanwhile")).to_contain_text("What you had typed is back")


async def test_two_people_at_one_customer_see_each_other(visit: Visit) -> None:
    ali = await customer("Ali Rezaei", city="Tehran")
    await visit.open(f"/customer/edit?pk={ali.id}")
    other = await visit.page.context.new_page()
    await other.goto(f"{visit.site}/admin/customer/edit?pk={ali.id}")
    await other.fill("#city", "Shiraz")
    await visit.save(other)
    await visit.page.fill("#acquisition_source", "fair")
    await visit.save()
    await expect(visit.page.locator(".arz-meanwhile")).to_contain_text("Tehran → Shiraz")
    await expect(visit.page.locator("#acquisition_source")).to_have_value("fair")
    visit.faults.clear()  # the browser reports the refusal, a 422, as an error


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("fa", "light"), ("zh", "light"), ("en", "dark")])
async def test_pages_fit_the_screen_in_every_language(
    chromium: Browser, site: str, language: str, theme: str, width: int
) -> None:
    ali = await customer("علی Rezaei", email("ali@example.com"), country="IR", city="تهران")
    await order(ali, "120")
    async with visiting(chromium, site, language=language, theme=theme, width=width) as visit:
        await visit.sign_in()
        for name, path in {"home": "/", "list": "/customer/list", "customer": f"/customer/detail?pk={ali.id}"}.items():
            await visit.open(path)
            await visit.shoot(f"{name}-{language}-{theme}-{width}")
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert visit.faults == []
