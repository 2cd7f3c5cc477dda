"""Webhooks at the panel: made with a secret that is shown once, tried, changed, and sent again."""

from __future__ import annotations

import re
from typing import Any

from models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.crm import webhooks_world as world

URL = "https://hooks.example.com/arzesh"
SECRET = re.compile(r"whsec_[\w+/=]{44}")
FILLED: dict[str, Any] = {"name": "Shop", "url": URL, "event_types": ["order.*", "stage.moved"]}


async def act(desk: Desk, noun: str, key: Any, name: str) -> Any:
    return await desk.post(f"/_api/{noun}/row-action", pk=str(key), name=name)


async def test_a_webhook_is_made_and_its_secret_shown_on_that_page_only(sara: Desk) -> None:
    page = await sara.fill("/webhook_endpoint/create", {**FILLED, "rule_text": 'country = "IR"'})
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    [secret] = set(SECRET.findall(page.text))
    made = await WebhookEndpoint.get()
    assert (made.event_types, made.rule_text, made.personal_data) == (
        ["order.*", "stage.moved"],
        'country = "IR"',
        False,
    )
    for path in ("/webhook_endpoint/list", f"/webhook_endpoint/detail?pk={made.id}", "/audit_entry/list"):
        shown = await sara.client.get(f"/admin{path}")
        assert (shown.status_code, secret in shown.text) == (200, False)


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(sara: Desk) -> None:
    page = await sara.fill("/webhook_endpoint/create", {**FILLED, "url": "http://10.0.0.1/", "name": "Kept"})
    assert (page.status_code, 'value="Kept"' in page.text, "Only https is safe enough" in page.text) == (
        422,
        True,
        True,
    )
    page = await sara.fill("/webhook_endpoint/create", {**FILLED, "rule_text": "nonsense ="})
    assert page.status_code == 422
    assert not await WebhookEndpoint.exists()


async def test_a_webhook_is_changed_and_switched_off_by_its_form(sara: Desk) -> None:
    made, _ = await world.endpoint(URL, "customer.*")
    form = await sara.form("/webhook_endpoint/edit", pk=str(made.id))
    form.pop("enabled")
    page = await sara.post("/webhook_endpoint/edit", {**form, "name": "Renamed"}, pk=str(made.id))
    assert page.status_code == 303, page.text
    now = await WebhookEndpoint.get(id=made.id)
    assert (now.name, now.enabled, now.event_types) == ("Renamed", False, ["customer.*"])
    assert "Switched off by hand" in (await sara.get("/webhook_endpoint/list")).text


async def test_a_test_tells_what_came_back_and_a_failed_delivery_is_sent_again(sara: Desk) -> None:
    async with world.peer(lambda number: (500, b"broken") if number == 0 else world.OK) as peer:
        made, secret = await world.endpoint(peer.url)
        assert "answered 500" in (await act(sara, "webhook_endpoint", made.id, "test")).text
        assert (await act(sara, "webhook_endpoint", made.id, "test")).status_code == 200
        assert peer.told(1, secret)["type"] == "webhook.tested"
        failed = await WebhookDelivery.get(status=DeliveryStatus.FAILED)
        page = await sara.get("/webhook_endpoint/detail", pk=str(made.id))
        assert "answered 500" in page.text
        assert "broken" in (await sara.get("/webhook_delivery/detail", pk=str(failed.id))).text
        assert (await act(sara, "webhook_delivery", failed.id, "again")).status_code == 200
        assert (await WebhookDelivery.get(id=failed.id)).status is DeliveryStatus.PENDING


async def test_a_replaced_secret_is_shown_once_and_an_archived_webhook_offers_nothing(sara: Desk) -> None:
    made, secret = await world.endpoint(URL)
    page = await act(sara, "webhook_endpoint", made.id, "secret")
    [fresh] = set(SECRET.findall(page.text))
    assert fresh != secret
    await act(sara, "webhook_endpoint", made.id, "archive")
    assert (await act(sara, "webhook_endpoint", made.id, "test")).status_code != 200
    assert not await WebhookDelivery.exists()


async def test_a_manager_looks_and_an_agent_does_not(at: At) -> None:
    made, _ = await world.endpoint(URL)
    manager, agent = await at("manager", "Mina"), await at("agent", "Arash")
    assert (await manager.get("/webhook_endpoint/list")).status_code == 200
    assert (await manager.get("/webhook_endpoint/edit", pk=str(made.id))).status_code == 403
    assert (await act(manager, "webhook_endpoint", made.id, "archive")).status_code != 200
    assert (await agent.get("/webhook_endpoint/list")).status_code == 403
    assert (await WebhookEndpoint.get(id=made.id)).archived_at is None
