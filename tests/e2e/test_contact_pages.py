"""Reports on contact, and the hand-over of what a leaver has, as staff see them in Persian."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from crm import interactions
from models import Customer, Goal, RatingKind
from tests.crm.test_followups import staff
from tests.e2e.conftest import Visit, visiting
from tests.factories import OWNER, customer

pytestmark = pytest.mark.browser


async def test_what_a_leaver_has_is_handed_over_in_persian(chromium: Browser, site: str) -> None:
    carol, dave = await staff("carol"), await staff("dave")
    ali = await customer("Ali", owner_id=carol.id)
    async with visiting(chromium, site, language="fa") as visit:
        await visit.sign_in()
        await visit.open(f"/hand-over/{carol.id}")
        await expect(visit.page.locator("form.card")).to_contain_text("۱ مشتری")
        await visit.page.get_by_label("dave").check()
        await visit.follow("form.card button[type=submit]")
        await expect(visit.page.locator(".alert-success")).to_contain_text("۱ مشتری و ۰ پیگیری واگذار شد")
        assert visit.faults == []
    assert (await Customer.get(id=ali.id)).owner_id == dave.id


async def test_a_hand_over_to_nobody_is_refused_and_changes_nothing(visit: Visit) -> None:
    carol, _dave = await staff("carol"), await staff("dave")
    ali = await customer("Ali", owner_id=carol.id)
    await visit.open(f"/hand-over/{carol.id}")
    await visit.follow("form.card button[type=submit]")
    await expect(visit.page.locator("#to-error")).to_be_visible()
    assert (await Customer.get(id=ali.id)).owner_id == carol.id
    visit.faults.clear()  # the browser tells of the refusal


async def test_feedback_is_read_and_narrowed_in_persian(chromium: Browser, site: str) -> None:
    ali, now = await customer("Ali"), datetime.now(UTC)
    nine: Any = {
        "kind": "SURVEY",
        "channel": "PHONE",
        "direction": "INBOUND",
        "rating_kind": RatingKind.NPS,
        "rating": 9,
    }
    await interactions.log(OWNER, ali.id, fields=nine, now=now)
    async with visiting(chromium, site, language="fa") as visit:
        await visit.sign_in()
        page = visit.page
        await visit.open("/touch-reports")
        await expect(page.locator("[data-chart] .arz-canvas svg")).to_be_visible()
        await expect(page.locator("h2.card-title").first).to_contain_text("شاخص خالص مروجان")
        await page.select_option("#by", "CHANNEL")
        await visit.follow("form button[type=submit]:has-text('نمایش')")
        await expect(page.locator("tbody").last).to_contain_text("تلفن")
        await visit.follow("nav.nav-pills a:has-text('شکایت')")
        await expect(page.locator("[data-arz-load] .arz-empty")).to_be_visible()
        assert visit.faults == []


async def test_a_goal_shows_how_far_it_is_where_goals_are_listed(visit: Visit) -> None:
    await visit.open("/goal/create")
    page = visit.page
    await page.fill("[name=name]", "Better known")
    await page.select_option("[name=figure]", "DATA_QUALITY")
    await page.fill("[name=baseline]", "0")
    await page.fill("[name=target]", "100")
    for name, day in (("starts_on", "2026-01-01"), ("due_on", "2099-01-01")):
        await page.locator(f"[name={name}]").evaluate("(field, day) => { field.value = day; }", day)
    await visit.save()
    await expect(page.locator(".arz-goal progress")).to_be_visible()
    await visit.open(f"/goal/detail?pk={(await Goal.get()).id}")
    await expect(page.locator(".arz-figures")).to_contain_text("Baseline")
