"""Many records are changed as staff do it: chosen in the list, tried, done, with progress and with what was refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from crm import followups, orders, products
from models import FollowUp, FollowUpStatus, Order, OrderStatus, Product
from tests.e2e.conftest import Visit
from tests.factories import NOW, OWNER, customer, order

pytestmark = pytest.mark.browser


async def choose_all(guest: Visit, noun: str, term: str, verb: str) -> None:
    """Search in a list, choose what is found, and say what is to be done with it."""
    page = guest.page
    await guest.open(f"/{noun}/list?q={term}&page_size=100")
    await page.check("#select-all-rows")
    await page.click("#actions-dropdown button")
    await guest.follow("text=Try and change…")
    await page.select_option("#verb", verb)


async def test_what_is_done_already_is_told_apart_from_what_would_be(guest: Visit, connection: None) -> None:
    someone = await customer("Twice Cancelled")
    first, second = await order(someone), await order(someone)
    cancelled: orders.OrderFields = {"status": OrderStatus.CANCELLED}
    await orders.update(OWNER, second.id, expected_version=None, fields=cancelled, now=NOW)
    await choose_all(guest, "order", "twice", "cancel")
    outcome = guest.page.locator("[data-outcome]")
    await guest.page.click("button:has-text('Try it out')")
    await expect(outcome).to_have_text("1 would be changed, 0 would not. 1 are like that already.")
    assert (await Order.get(id=first.id)).status is OrderStatus.COMPLETED
    await guest.page.click("[data-do]")
    await expect(outcome).to_have_text("1 were changed, 0 were not. 1 are like that already.")
    assert (await Order.get(id=first.id)).status is OrderStatus.CANCELLED


async def test_what_is_refused_is_named_with_its_reason_and_the_rest_is_done(guest: Visit, connection: None) -> None:
    someone, due = await customer("Refused Somebody"), NOW + timedelta(days=1)
    made = [await followups.create(OWNER, someone.id, subject=f"Step {n}", due_at=due, now=NOW) for n in (1, 2)]
    await followups.close(OWNER, made[1].id, expected_version=None, now=NOW)
    await choose_all(guest, "follow_up", "refused", "done")
    page = guest.page
    await page.fill("#reason", "settled by telephone")
    await page.click("button:has-text('Try it out')")
    await expect(page.locator("[data-outcome]")).to_have_text("1 would be changed, 1 would not.")
    await expect(page.locator("[data-refused] tbody tr")).to_have_count(1)
    await expect(page.locator("[data-refused] tbody tr")).to_contain_text("Step 2")
    await page.click("[data-do]")
    await expect(page.locator("[data-outcome]")).to_have_text("1 were changed, 1 were not.")
    done = await FollowUp.get(id=made[0].id)
    assert (done.status, done.outcome) == (FollowUpStatus.DONE, "settled by telephone")


async def test_a_bar_follows_a_change_of_more_than_one_request_takes(guest: Visit, connection: None) -> None:
    for number in range(60):
        await products.create(OWNER, fields={"sku": f"BULK{number}", "name": f"Bulky {number}"})
    await choose_all(guest, "product", "bulky", "archive")
    page = guest.page
    await page.click("button:has-text('Try it out')")
    await expect(page.locator("[data-outcome]")).to_have_text("60 would be changed, 0 would not.")
    async with page.expect_response("**/bulk/change"):
        await page.click("[data-do]")
    await expect(page.locator("[data-progress] progress")).to_be_visible()
    await expect(page.locator("[data-outcome]")).to_have_text("60 were changed, 0 were not.")
    assert await page.evaluate("document.querySelector('[data-progress] progress').value") == 60
    assert await Product.filter(sku__startswith="BULK", archived_at=None).count() == 0


async def test_what_was_tried_is_tried_anew_before_something_else_is_done(guest: Visit, connection: None) -> None:
    await products.create(OWNER, fields={"sku": "RETRY1", "name": "Retried"})
    await choose_all(guest, "product", "retried", "archive")
    page = guest.page
    await expect(page.locator("[data-do]")).to_be_disabled()
    await page.click("button:has-text('Try it out')")
    await expect(page.locator("[data-do]")).to_be_enabled()
    await page.select_option("#verb", "delete")
    await expect(page.locator("[data-do]")).to_be_disabled()
