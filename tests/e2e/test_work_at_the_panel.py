"""More of a day at the panel: finding, keeping lists, changing many, importing and correcting; by keyboard too."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from crm import customers
from models import Customer, ImportRun
from tests.e2e.conftest import House, Visit
from tests.factories import OWNER, customer

pytestmark = pytest.mark.browser

PEOPLE = "Name,Mail\nParvin Etesami,parvin@example.com\nBad Mail,not-an-address\n"


async def test_ctrl_k_finds_and_opens_by_keyboard_alone(guest: Visit) -> None:
    page = guest.page
    await page.keyboard.press("Control+k")
    await expect(page.locator("[role=combobox]")).to_be_focused()
    await page.keyboard.type("علی")
    await expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Rezaei")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Rezaei")
    await page.wait_for_load_state()  # before that, nobody listens for keys
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Audit tr")
    await expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Audit trail")
    await page.keyboard.press("Escape")
    await expect(page.locator("#arz-palette")).to_be_hidden()


async def test_a_list_is_kept_and_opened_again(guest: Visit) -> None:
    page = guest.page
    await guest.open("/product/list?q=tea&cols=name,sku")
    await page.click("button:has-text('Views')")
    await page.fill("#view-name", "Only teas")
    await guest.follow("button:has-text('Save the view')")
    views = page.locator("button:has(.fa-bookmark)")
    await expect(views).to_contain_text("Only teas")
    await guest.open("/product/list")
    await views.click()
    await guest.follow(".arz-view >> text=Only teas")
    await page.wait_for_url("**/product/list?*q=tea*")
    await expect(views).to_contain_text("Only teas")


async def test_a_broken_file_is_imported_and_its_bad_row_corrected(guest: Visit, connection: None) -> None:
    page = guest.page
    await guest.open("/imports")
    await page.set_input_files("#file", {"name": "poets.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()})
    await page.click("button:has-text('Read the file')")
    await page.select_option("[aria-label='Meaning of Mail']", "identity.email")
    await page.click("button:has-text('Try it out')")
    await expect(page.locator("[data-part=try]")).to_contain_text("not an e-mail address")
    await guest.follow("button:has-text('Import now')")
    await page.fill("input[value='not-an-address']", "forough@example.com")
    await guest.follow("button:has-text('Take the corrected rows in')")
    await expect(page.locator("body")).to_contain_text("1 row was taken in.")
    assert (await ImportRun.get(file_name="poets.csv")).rows_refused == 0


async def test_many_are_changed_after_a_trial(guest: Visit, connection: None) -> None:
    made = [await customer(f"Bulk Person{number}") for number in range(3)]
    page = guest.page
    await guest.open("/customer/list?q=bulk")
    await page.check("#select-all-rows")
    await page.click("#actions-dropdown button")
    await guest.follow("text=Try and change…")
    await page.select_option("#verb", "archive")
    await page.click("button:has-text('Try it out')")
    await expect(page.locator("[data-outcome]")).to_have_text("3 would be changed, 0 would not.")
    assert (await Customer.get(id=made[0].id)).archived_at is None
    await page.click("[data-do]")
    await expect(page.locator("[data-outcome]")).to_have_text("3 were changed, 0 were not.")
    assert (await Customer.get(id=made[0].id)).archived_at is not None


async def test_a_cell_that_somebody_else_changed_meanwhile_says_so(guest: Visit, connection: None) -> None:
    made = await customer("Inline Person", city="Qom")
    page = guest.page
    await guest.open("/customer/list?q=inline")
    await page.click("td[data-sa-inline-editable]")
    await page.wait_for_selector(".inline-edit-popover input[name=city]")
    fields: customers.CustomerFields = {"city": "Yazd"}
    await customers.update(OWNER, made.id, expected_version=1, fields=fields, now=made.created_at)
    await page.fill(".inline-edit-popover input[name=city]", "Shiraz")
    await page.keyboard.press("Enter")
    await expect(page.locator(".inline-edit-popover")).to_contain_text("Somebody set this to: Yazd")
    assert (await Customer.get(id=made.id)).city == "Yazd"
    guest.faults.clear()  # the browser reports the refusal, a 422, as an error


async def test_the_timeline_shows_what_is_asked_for(guest: Visit, house: House) -> None:
    await guest.open(f"/customer/detail?pk={house.ali}")
    page = guest.page
    await expect(page.locator(".arz-graph")).to_be_visible()
    await expect(page.locator("[data-arz-timeline]")).to_contain_text("Asked about delivery")
    await page.uncheck("[data-arz-kinds] [value=interaction]")
    await expect(page.locator("[data-arz-timeline]")).not_to_contain_text("Asked about delivery")
    await expect(page.locator("[data-arz-timeline]")).to_contain_text("Order")


async def test_the_menu_and_a_form_are_worked_by_keyboard(guest: Visit) -> None:
    page = guest.page
    await guest.open("/product/create")
    await page.keyboard.press("Tab")
    await expect(page.locator(".arz-skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    for text in ("K1", "Keyboard tea"):
        while not await page.evaluate("document.activeElement.matches('#sku, #name') && !document.activeElement.value"):
            await page.keyboard.press("Tab")
        await page.keyboard.type(text)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await guest.open("/product/list?q=keyboard")
    await expect(page.locator("tbody")).to_contain_text("Keyboard tea")
