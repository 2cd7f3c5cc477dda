"""Lifecycles as staff draw them, and the board on which customers are moved, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from crm.lifecycle import definitions, positions
from crm.lifecycle.definition import EdgeDefinition
from models import Customer, Lifecycle, StageEdge, StagePosition, StageTransition
from tests.e2e.conftest import Visit, visiting
from tests.factories import NOW as THEN
from tests.factories import OWNER, customer

pytestmark = pytest.mark.browser


async def stage_of(who: Customer) -> str:
    return (await StagePosition.get(customer_id=who.id).prefetch_related("stage")).stage.key


async def test_a_card_is_moved_by_keyboard_with_its_reason(visit: Visit) -> None:
    ali, page = await customer("Ali"), visit.page
    await visit.open("/lifecycle-board")
    await page.focus(".arz-card [data-arz-moves]")
    await page.keyboard.press("Enter")
    await page.locator("[role=menuitem]:has-text('Lost')").focus()
    await page.keyboard.press("Enter")
    await page.fill("#move-reason", "Moved away")
    await page.keyboard.press("Enter")
    await expect(page.locator("#column-lost .arz-card")).to_contain_text("Ali")
    assert (await stage_of(ali), (await StageTransition.all().order_by("-id").first()).reason) == ("lost", "Moved away")


async def test_a_card_is_dragged_to_another_column(visit: Visit) -> None:
    ali, page = await customer("Ali"), visit.page
    await visit.open("/lifecycle-board")
    await page.drag_and_drop(".arz-card", "#column-prospect .arz-cards")
    await expect(page.locator("#column-prospect .arz-card")).to_contain_text("Ali")
    await expect(page.locator("[data-arz-note]")).to_contain_text("Prospect")
    await visit.shoot("board")
    assert await stage_of(ali) == "prospect"


async def test_a_blocked_move_says_what_was_expected_and_found(visit: Visit) -> None:
    await customer("Ali", city="Bonn")
    found = await Lifecycle.get()
    guarded = definitions.with_edge(EdgeDefinition("suspect", "prospect", 'city = "Köln"'))
    await definitions.change(OWNER, found.id, guarded, expected_version=None, now=THEN)
    page = visit.page
    await visit.open("/lifecycle-board")
    await page.drag_and_drop(".arz-card", "#column-prospect .arz-cards")
    dialog = page.locator("#move-dialog")
    await expect(dialog).to_contain_text('city = "Köln"')
    await expect(dialog).to_contain_text("bonn", ignore_case=True)
    await page.keyboard.press("Escape")
    await expect(page.locator("#column-suspect .arz-card")).to_contain_text("Ali")


async def test_a_move_that_somebody_else_made_first_is_told(visit: Visit) -> None:
    ali, page = await customer("Ali"), visit.page
    await visit.open("/lifecycle-board")
    await positions.move(OWNER, ali.id, to="lost", reason="Moved away", now=(await StagePosition.get()).entered_at)
    await page.drag_and_drop(".arz-card", "#column-prospect .arz-cards")
    await expect(page.locator("[data-arz-note] .alert-warning")).to_contain_text("Lost")
    await expect(page.locator("#column-lost .arz-card")).to_contain_text("Ali")
    visit.faults.clear()  # the browser tells of the conflict


async def test_a_lifecycle_is_edited_on_its_drawing(visit: Visit) -> None:
    found, page = await Lifecycle.get(), visit.page
    await visit.open(f"/lifecycle/detail?pk={found.id}")
    await page.click("text=Add a stage")
    await page.fill("#stage-name", "Trial user")
    await expect(page.locator("#stage-key")).to_have_value("trial-user")
    await page.select_option("#before-box", "client")
    await visit.follow("#stage-dialog button[type=submit]")
    await expect(page.locator("a.arz-stage:has-text('Trial user')")).to_be_visible()
    await page.click("text=Allow a move >> nth=0")
    await page.select_option("#from-box", "repeat_buyer")
    await page.select_option("#to-box", "trial-user")
    await page.locator("#edge-dialog .arz-rule-what").select_option("c:city")
    await page.locator("#edge-dialog .arz-rule-line input[type=text]").fill("Bonn")
    await expect(page.locator("#edge-guard")).to_have_value('city = "Bonn"')
    await page.check("#edge-dialog [name=automatic]")
    await visit.follow("#edge-dialog button[type=submit]")
    await expect(page.locator("#edge-dialog")).to_be_hidden()
    made = await StageEdge.get(to_stage__key="trial-user")
    assert (made.guard_text, made.automatic, (await Lifecycle.get()).version) == ('city = "Bonn"', True, 3)
    await visit.shoot("lifecycle_drawing")


async def test_a_stage_of_the_drawing_opens_its_dialog(visit: Visit) -> None:
    found, page = await Lifecycle.get(), visit.page
    await visit.open(f"/lifecycle/detail?pk={found.id}")
    await page.focus("a.arz-stage >> nth=1")
    await page.keyboard.press("Enter")
    await expect(page.locator("#stage-name")).to_have_value("Prospect")
    await page.fill("#stage-days", "soon")
    await page.click("#stage-dialog button[type=submit]")
    await expect(page.locator("#stage-days ~ .arz-error")).to_be_visible()
    visit.faults.clear()  # the browser tells of the refusal
    await expect(page.locator("#stage-days")).to_have_value("soon")


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 1280), ("zh", "dark", 390)])
async def test_reports_board_and_drawing_fit_every_screen(
    chromium: Browser, site: str, language: str, theme: str, width: int
) -> None:
    await customer("Ali")
    found = await Lifecycle.get()
    async with visiting(chromium, site, language=language, theme=theme, width=width) as visit:
        await visit.sign_in()
        for name, path in (
            ("board", "/lifecycle-board"),
            ("drawing", f"/lifecycle/detail?pk={found.id}"),
            ("funnel", "/lifecycle-reports"),
        ):
            await visit.open(path)
            await expect(visit.page.locator("[data-arz-load] .spinner-border")).to_have_count(0)
            wide = await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path, wide <= 0, visit.faults) == (path, True, [])
            await visit.shoot(f"{name}_{language}_{theme}_{width}")
