"""A webhook as staff live with it: made, heard of, its secret replaced, switched off, put aside."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from playwright.async_api import Browser, Page, expect

from crm.settings import Settings
from models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from tests.admin.desk import hire
from tests.crm import webhooks_world
from tests.crm.webhooks_world import Peer
from tests.e2e.conftest import Visit, eventually, serving, visiting
from tests.factories import customer

pytestmark = pytest.mark.browser
SECRET = re.compile(r"whsec_[\w+/=]{44}")


@dataclass
class Neighbour:
    """Somebody at the panel, and the system that is told."""

    visit: Visit
    peer: Peer

    @property
    def page(self) -> Page:
        return self.visit.page

    async def shown_secret(self) -> str:
        """The secret on the page that shows it once."""
        box = self.page.locator("#secret")
        await expect(box).to_have_value(SECRET)
        return await box.input_value()

    async def make(self) -> str:
        """A webhook that hears of customers in Bonn; returns its secret."""
        await self.visit.open("/webhook_endpoint/create")
        await self.page.wait_for_selector("[data-arz-rule][data-ready]")
        await self.page.fill("#name", "Shop")
        await self.page.fill("#url", self.peer.url)
        await self.page.check("input[value='customer.*']")
        await self.page.select_option(".arz-rule-what", "c:city")
        await self.page.fill(".arz-rule-line input[type=text]", "Bonn")
        await expect(self.page.locator("#rule_text")).to_have_value('city = "Bonn"')
        await self.visit.save()
        return await self.shown_secret()

    async def act(self, name: str) -> None:
        """Press an action of the webhook's own page, say yes where it asks, and wait for what follows."""
        button = self.page.locator(f"[data-sa-hook=row-action-item][data-sa-name={name}]")
        if await button.get_attribute("data-bs-toggle") != "modal":
            return await self.visit.follow(f"[data-sa-hook=row-action-item][data-sa-name={name}]")
        await button.click()
        await expect(self.page.locator("#modal-action")).to_be_visible()
        return await self.visit.follow("#actionSubmit")


@pytest.fixture
async def neighbour(chromium: Browser, settings: Settings) -> AsyncIterator[Neighbour]:
    await hire()
    async with (
        webhooks_world.peer() as peer,
        serving(replace(settings, webhook_private_addresses=True)) as site,
        visiting(chromium, site) as visit,
    ):
        await visit.sign_in()
        yield Neighbour(visit, peer)
        assert visit.faults == []


async def delivered() -> int:
    return await WebhookDelivery.filter(status=DeliveryStatus.DELIVERED).count()


async def test_a_webhook_hears_of_whom_its_rule_names_and_its_page_tells_of_it(neighbour: Neighbour) -> None:
    secret = await neighbour.make()
    await neighbour.visit.follow("a.btn-primary:has-text('Done')")
    assert secret not in await neighbour.page.content()
    await customer("Carl", city="Cologne")
    await customer("Bea", city="Bonn")
    await eventually(delivered, 1)
    told = neighbour.peer.told(0, secret)
    assert (told["type"], len(neighbour.peer.heard)) == ("customer.created", 1)
    await neighbour.page.reload()
    deliveries = neighbour.page.get_by_role("region", name="Latest deliveries").locator("tbody tr")
    await expect(deliveries).to_have_count(1)
    await expect(deliveries).to_contain_text(["Customer created"])
    await expect(deliveries).to_contain_text(["Delivered"])
    await neighbour.visit.follow("tbody a:has-text('Customer created')")
    await expect(neighbour.page.get_by_role("definition").filter(has_text="thanks")).to_be_visible()


async def test_a_replaced_secret_signs_what_comes_next_and_is_shown_once(neighbour: Neighbour) -> None:
    before = await neighbour.make()
    await neighbour.visit.follow("a.btn-primary:has-text('Done')")
    await neighbour.act("secret")
    fresh = await neighbour.shown_secret()
    assert fresh != before
    await neighbour.visit.follow("a.btn-primary:has-text('Done')")
    assert fresh not in await neighbour.page.content()
    await neighbour.act("test")
    await expect(neighbour.page.locator(".alert-success")).to_contain_text("The test was taken, with 200")
    assert neighbour.peer.told(0, fresh)["type"] == "webhook.tested"


async def test_a_webhook_is_switched_off_and_put_aside(neighbour: Neighbour) -> None:
    await neighbour.make()
    made = await WebhookEndpoint.get()
    await neighbour.visit.open(f"/webhook_endpoint/edit?pk={made.id}")
    await neighbour.page.wait_for_selector("[data-arz-rule][data-ready]")
    await neighbour.page.uncheck("input[name=enabled]")
    await neighbour.visit.save()
    await neighbour.visit.open(f"/webhook_endpoint/detail?pk={made.id}")
    await expect(neighbour.page.get_by_role("definition").filter(has_text="Switched off by hand")).to_be_visible()
    await neighbour.act("archive")
    await neighbour.visit.open(f"/webhook_endpoint/detail?pk={made.id}")
    await expect(neighbour.page.locator("[data-sa-name=archive]")).to_have_count(0)
    found = await WebhookEndpoint.get(id=made.id)
    assert (found.enabled, found.archived_at is None) == (False, False)
