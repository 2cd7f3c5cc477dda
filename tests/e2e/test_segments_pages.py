"""Segments as staff build and read them, in a real browser."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, Page, Route, expect

from crm.segments import definitions
from models import Segment, SegmentKind, SegmentMembership
from tests.e2e.conftest import Visit, visiting
from tests.factories import NOW, OWNER, customer, email, segment

pytestmark = pytest.mark.browser
SAVE = "button.btn-primary[type=submit]:not([name])"


async def begin(visit: Visit, key: str = "bonn", mode: str = "Form") -> Page:
    """The form of a new segment by rule, with the editor ready."""
    page = visit.page
    await visit.open("/segment/create")
    await page.wait_for_selector("[data-arz-rule][data-ready]")
    await page.fill("#name", key.title())
    await page.fill("#key", key)
    await page.select_option("#kind", "DYNAMIC")
    await page.click(f"[role=tab]:has-text('{mode}')")
    return page


async def bonn() -> Segment:
    return await definitions.create_by_rule(
        OWNER, key="bonn", kind=SegmentKind.DYNAMIC, rule='city = "Bonn"', fields={"name": "Bonn"}, now=NOW
    )


async def test_a_segment_is_built_by_form_and_counted_meanwhile(visit: Visit) -> None:
    ali = await customer("Ali", city="Bonn")
    page = await begin(visit)
    await page.select_option(".arz-rule-what", "c:city")
    await page.fill(".arz-rule-line input[type=text]", "Bonn")
    await expect(page.locator(".arz-rule-count b")).to_have_text("1")
    await expect(page.locator("#rule_text")).to_have_value('city = "Bonn"')
    await page.click(SAVE)
    await page.wait_for_url("**/segment/list**")
    assert (await SegmentMembership.get(segment__key="bonn")).customer_id == ali.id


async def test_groups_of_conditions_nest_and_turn_round(visit: Visit) -> None:
    page = await begin(visit)
    await page.select_option(".arz-rule-what", "r:orders")
    await page.get_by_label("How", exact=True).select_option("count")
    await page.get_by_label("Value", exact=True).first.fill("2")
    await page.click(".arz-rule-form > .arz-rule-group > .arz-rule-add >> text=Add a group")
    inner = page.locator(".arz-rule-form > .arz-rule-group > .arz-rule-items > .arz-rule-item").nth(1)
    await inner.locator(":scope > .arz-rule-not input").check()
    await inner.locator("text=Add a condition").click()
    await inner.locator(".arz-rule-what").select_option("c:country")
    await inner.get_by_label("Value", exact=True).select_option("IR")
    await expect(page.locator("#rule_text")).to_have_value('orders.count() >= 2\nand not country = "IR"')


async def test_a_segment_is_built_by_text_with_completion_and_a_mended_fault(visit: Visit) -> None:
    page = await begin(visit, mode="Text")
    await page.click("#rule_text")
    await page.keyboard.type("countr")
    await expect(page.locator(".arz-rule-option").first).to_contain_text("country")
    await page.keyboard.press("Tab")
    await page.keyboard.type('= "IR" and citi = "Tehran"')
    await page.keyboard.press("Escape")
    await page.click("text=Write city")
    await expect(page.locator("#rule_text")).to_have_value('country = "IR" and city = "Tehran"')
    await expect(page.locator(".arz-rule-said")).to_have_count(0)
    await page.click("[role=tab]:has-text('Form')")
    await expect(page.locator(".arz-rule-row")).to_have_count(2)
    await page.click(SAVE)
    await page.wait_for_url("**/segment/list**")
    assert (await Segment.get()).rule_text == 'country = "IR" and city = "Tehran"'


async def test_what_is_written_while_the_editor_is_still_loading_stays(visit: Visit) -> None:
    made, page, slow = await bonn(), visit.page, asyncio.Event()

    async def late(route: Route) -> None:
        await slow.wait()
        await route.continue_()

    await page.route("**/rules/read", late)
    await visit.open(f"/segment/edit?pk={made.id}")
    await expect(page.locator(".arz-rule-form")).to_have_attribute("inert", "")
    await page.click("[role=tab]:has-text('Text')")
    await page.fill("#rule_text", 'city = "Jena"')
    slow.set()
    await page.wait_for_selector("[data-arz-rule][data-ready]")
    await page.click("[role=tab]:has-text('Form')")
    await expect(page.locator(".arz-rule-line input[type=text]")).to_have_value("Jena")
    await expect(page.locator("#rule_text")).to_have_value('city = "Jena"')


async def test_the_difference_in_members_is_shown_before_a_version_goes_live(visit: Visit) -> None:
    await customer("Ali", city="Bonn")
    made, page = await bonn(), visit.page
    await visit.open(f"/segment/edit?pk={made.id}")
    await expect(page.locator(".arz-rule-count b")).to_have_text("1")
    await page.fill(".arz-rule-line input[type=text]", "Köln")
    await expect(page.locator(".arz-rule-side.leaving b")).to_contain_text("1")
    await visit.shoot("segment_difference")


async def test_members_are_pasted_and_an_unknown_one_is_told_at_the_box(visit: Visit) -> None:
    await customer("Ali", email("ali@example.com"))
    made, page = await segment("vip"), visit.page
    await visit.open(f"/segment/detail?pk={made.id}")
    await page.fill("#identities", "ali@example.com\nnobody@example.com")
    visit.faults.clear()
    await page.click("text=Go >> nth=-1")
    await expect(page.locator("#identities + .arz-error, #identities ~ .arz-error")).to_contain_text(
        "nobody@example.com"
    )
    visit.faults.clear()  # the browser tells of the refusal
    await page.check("[name=skip]")
    await page.click("#pick-title >> xpath=ancestor::section >> button[type=submit]")
    await expect(page.locator("[data-arz-rows]")).to_contain_text("Ali")


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "dark", 390), ("zh", "light", 1280)])
async def test_the_editor_speaks_every_language_on_every_screen(
    chromium: Browser, site: str, language: str, theme: str, width: int
) -> None:
    await customer("Ali", city="Bonn")
    async with visiting(chromium, site, language=language, theme=theme, width=width) as visit:
        await visit.sign_in()
        made = await bonn()
        await visit.open(f"/segment/edit?pk={made.id}")
        await visit.page.wait_for_selector(".arz-rule-count b")
        wide = await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (wide <= 0, visit.faults) == (True, [])
        await visit.shoot(f"segment_{language}_{theme}_{width}")
