"""Days are typed, read and picked in the reader's own calendar and digits; what is sent is the same for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import jdatetime
import pytest
from playwright.async_api import Browser, Page, expect

from models import Customer
from tests.e2e.conftest import House, Visit, visiting

pytestmark = pytest.mark.browser

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

SHOWN = """days => {
    const field = document.querySelector("#birthday");
    const shown = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").get;
    return days.map((day) => { field.value = day; return shown.call(field); });
}"""
READ = """texts => {
    const field = document.querySelector("#birthday");
    const put = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const told = new Event("input");
    return texts.map((text) => { put.call(field, text); field.dispatchEvent(told); return field.value; });
}"""


@pytest.fixture
async def parisa(chromium: Browser, house: House) -> AsyncIterator[Visit]:
    """Somebody who reads Persian, and so the solar Hijri calendar and its digits."""
    async with visiting(chromium, house.url, language="fa") as found:
        await found.sign_in()
        yield found
        assert found.faults == []


async def ready(page: Page) -> None:
    await expect(page.locator("#birthday[data-arz-date]")).to_be_visible()


async def test_a_birthday_is_typed_as_a_day_of_the_solar_hijri_calendar(parisa: Visit, connection: None) -> None:
    page = parisa.page
    await parisa.open("/customer/create")
    await ready(page)
    await page.fill("#display_name", "Jalali Birthday")
    await page.fill("#birthday", "۱۳۶۹/۲/۱۱")
    await page.press("#birthday", "Tab")
    await expect(page.locator("#birthday")).to_have_value("۱۱ اردیبهشت ۱۳۶۹")
    await parisa.save()
    made = await Customer.get(display_name="Jalali Birthday")
    assert made.birthday == date(1990, 5, 1)
    await parisa.open(f"/customer/edit?pk={made.id}")
    await expect(page.locator("#birthday")).to_have_value("۱۱ اردیبهشت ۱۳۶۹")


async def test_a_day_is_picked_by_keyboard_alone(guest: Visit) -> None:
    page = guest.page
    await guest.open("/customer/create")
    await ready(page)
    await page.fill("#birthday", "2024-02-28")
    await page.press("#birthday", "ArrowDown")
    for key in ("ArrowRight", "ArrowDown", "PageUp", "Home", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator("dialog.arz-calendar")).to_have_count(0)
    await expect(page.locator("#birthday")).to_be_focused()
    await expect(page.locator("#birthday")).to_have_value("Feb 5, 2024")
    await page.press("#birthday", "ArrowDown")
    await page.keyboard.press("Escape")
    await expect(page.locator("#birthday")).to_have_value("Feb 5, 2024")


async def test_a_day_and_its_time_are_picked_together(parisa: Visit) -> None:
    page = parisa.page
    await parisa.open("/follow_up/create")
    await page.fill("#due_at", "1405/12/29")
    await page.press("#due_at", "ArrowDown")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Enter")
    await page.fill("#arz-calendar-time", "۱۶:۴۵")
    await page.keyboard.press("Enter")
    await expect(page.locator("#due_at")).to_have_value("۱ فروردین ۱۴۰۶، ۱۶:۴۵")
    assert await page.evaluate("document.querySelector('#due_at').value") == "2027-03-21T16:45"


async def test_text_that_is_no_day_stays_with_the_reason_and_is_not_sent(parisa: Visit) -> None:
    page = parisa.page
    await parisa.open("/customer/create")
    await ready(page)
    await page.fill("#birthday", "۱۴۰۴/۱۲/۳۱")
    await page.press("#birthday", "Tab")
    await expect(page.locator(".arz-date [role=alert]")).to_contain_text("۱۴۰۵/۰۱/۰۱")
    await expect(page.locator("#birthday")).to_have_attribute("aria-invalid", "true")
    assert not await page.evaluate("document.querySelector('#birthday').form.checkValidity()")
    await page.fill("#birthday", "۱۴۰۴/۱۲/۲۹")
    await page.press("#birthday", "Tab")
    await expect(page.locator("#birthday")).not_to_have_attribute("aria-invalid", "true")


async def test_a_list_is_narrowed_by_a_day_of_the_readers_calendar(parisa: Visit) -> None:
    page = parisa.page
    await parisa.open("/audit_entry/list")
    await page.fill("#by-since", "1404-1-1")
    await parisa.follow("form:has(#by-since) button.btn-primary")
    await page.wait_for_url("**since=2025-03-21*")
    await expect(page.locator("#by-since")).to_have_value("۱ فروردین ۱۴۰۴")


async def test_a_filter_takes_a_day_as_it_is_read_and_a_number_after_it(parisa: Visit) -> None:
    page = parisa.page
    await parisa.open("/order/list")
    await page.click("#filter-builder-dropdown > button")
    await page.select_option("[data-sa-hook=filter-row-field]", "placed_at")
    value = page.locator("[data-sa-hook=filter-row-value]")
    await expect(value).to_have_attribute("data-arz-date", "time")
    await page.select_option("[data-sa-hook=filter-row-field]", "amount")
    await expect(value).to_have_attribute("type", "number")
    await page.select_option("[data-sa-hook=filter-row-field]", "placed_at")
    await expect(value).to_have_attribute("data-arz-date", "time")
    await value.fill("1400/1/1")
    await parisa.follow("#filter-form [type=submit]")
    await page.wait_for_url("**placed_at__since*2021-03-21T00*")


async def test_both_ends_turn_days_alike_for_a_century_and_a_half(parisa: Visit) -> None:
    await parisa.open("/customer/create")
    await ready(parisa.page)
    new_years = [jdatetime.date(year, 1, 1).togregorian() for year in range(1300, 1451)]
    days = [day + timedelta(shift) for day in new_years for shift in (-1, 0, 186)]
    told = [jdatetime.date.fromgregorian(date=day) for day in days]
    shown = await parisa.page.evaluate(SHOWN, [day.isoformat() for day in days])
    assert [text.split()[0] for text in shown] == [str(each.day).translate(PERSIAN) for each in told]
    assert [text.split()[2] for text in shown] == [str(each.year).translate(PERSIAN) for each in told]
    assert await parisa.page.evaluate(READ, shown) == [day.isoformat() for day in days]


async def test_gregorian_days_are_read_in_every_common_order_but_not_where_it_is_ambiguous(guest: Visit) -> None:
    await guest.open("/customer/create")
    await ready(guest.page)
    typed = ["2026-3-5", "2026/03/05", "5 March 2026", "Mar 5, 2026", "2026年3月5日", "20260305", "14 Esfand 1404"]
    assert await guest.page.evaluate(READ, typed) == ["2026-03-05"] * len(typed)
    assert await guest.page.evaluate(READ, ["03/04/2026", "2026-02-30", "soon"]) == ["", "", ""]
