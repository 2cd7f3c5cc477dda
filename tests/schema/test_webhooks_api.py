"""Webhooks through GraphQL: made, tried, read and sent again by who may."""

from __future__ import annotations

from typing import Any

from crm.access import Scope
from models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from tests import factories
from tests.crm import webhooks_world as world
from tests.schema.asking import ask

CREATE = """mutation ($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input) {
    secret webhookEndpoint { id name url eventTypes ruleText personalData enabled actor { label } version }
    problems { code path missingScope message } } }"""
INPUT: dict[str, Any] = {
    "name": "Shop",
    "url": "https://hooks.example.com/arzesh",
    "eventTypes": ["order.*", "stage.moved"],
    "ruleText": 'country = "IR"',
    "idempotencyKey": "one",
}


async def create(**changed: Any) -> dict[str, Any]:
    answer = await ask(CREATE, {"input": {**INPUT, **changed}})
    payload: dict[str, Any] = answer.data["webhookEndpointCreate"]
    return payload


async def test_a_webhook_is_made_and_its_secret_told_once(db: str) -> None:
    first, second = await create(), await create()
    assert first["secret"].startswith("whsec_")
    assert second == {**first, "secret": None}
    assert first["webhookEndpoint"] == {
        "id": first["webhookEndpoint"]["id"],
        **{name: INPUT[name] for name in ("name", "url", "eventTypes", "ruleText")},
        "personalData": False,
        "enabled": True,
        "actor": {"label": "owner"},
        "version": 1,
    }


async def test_what_is_wrong_stands_at_its_place(db: str) -> None:
    wrong = await create(url="http://127.0.0.1/")
    assert [(each["code"], each["path"]) for each in wrong["problems"]] == [("VALIDATION_FAILED", ["url"])]
    wrong = await create(eventTypes=["order.recoded"])
    assert "did you mean order.recorded?" in wrong["problems"][0]["message"]
    assert not await WebhookEndpoint.exists()


async def test_a_webhook_is_changed_switched_off_and_archived(db: str) -> None:
    made = (await create())["webhookEndpoint"]
    document = """mutation ($id: ID!) {
        a: webhookEndpointUpdate(input: {id: $id, expectedVersion: 1, ruleText: null, enabled: false}) {
            webhookEndpoint { ruleText disabledReason version } }
        b: webhookEndpointRotateSecret(input: {id: $id, expectedVersion: 2}) { secret problems { code } }
        c: webhookEndpointUpdate(input: {id: $id, expectedVersion: 2, name: "x"}) { problems { code currentVersion } }
        d: webhookEndpointArchive(input: {id: $id, expectedVersion: 3}) { webhookEndpoint { enabled version } } }"""
    data = (await ask(document, {"id": made["id"]})).data
    assert data["a"]["webhookEndpoint"] == {"ruleText": None, "disabledReason": "BY_HAND", "version": 2}
    assert data["b"]["secret"].startswith("whsec_")
    assert data["c"]["problems"] == [{"code": "VERSION_CONFLICT", "currentVersion": 3}]
    assert data["d"]["webhookEndpoint"] == {"enabled": False, "version": 4}
    assert (await ask("{ webhookEndpoints { nodes { id } } }")).data["webhookEndpoints"]["nodes"] == []


async def test_a_trial_tells_what_was_answered_and_a_delivery_is_sent_again(fresh_db: str) -> None:
    async with world.peer(lambda number: (503, b"later") if number == 0 else world.OK) as peer:
        made = (await create(url=peer.url, ruleText=None))["webhookEndpoint"]
        document = """mutation ($id: ID!) { webhookEndpointTest(input: {id: $id}) { problems { code }
            webhookDelivery { id eventType status responseStatus responseExcerpt attempts event { type } } } }"""
        tried = (await ask(document, {"id": made["id"]})).data["webhookEndpointTest"]["webhookDelivery"]
        key = tried.pop("id")
        assert tried == {
            **{"eventType": "webhook.tested", "status": "FAILED", "responseStatus": 503, "attempts": 1},
            **{"responseExcerpt": "later", "event": {"type": "webhook.tested"}},
        }
        again = "mutation ($id: ID!) { webhookDeliveryRetry(input: {id: $id}) { webhookDelivery { status } } }"
        data = (await ask(again, {"id": key})).data
        assert data["webhookDeliveryRetry"]["webhookDelivery"] == {"status": "PENDING"}
        await world.sent()
        listed = "query ($id: ID) { webhookDeliveries(endpointId: $id, status: DELIVERED) { nodes { tries } } }"
        [found] = (await ask(listed, {"id": made["id"]})).data["webhookDeliveries"]["nodes"]
        assert [each["status"] for each in found["tries"]] == [503, 200]


async def test_deliveries_of_customers_who_cannot_be_seen_do_not_exist(fresh_db: str) -> None:
    await world.endpoint(INPUT["url"], "customer.created")
    tail = await world.follower()
    for country in ("IR", "US"):
        await factories.customer(country=country)
    assert len(await world.relayed(tail)) == 2
    narrow = factories.actor(Scope.WEBHOOK_READ, row_filter={"country": {"eq": "IR"}})
    answer = await ask("{ webhookDeliveries { nodes { status } } }", actor=narrow)
    assert answer.data["webhookDeliveries"]["nodes"] == [{"status": "PENDING"}]


async def test_without_the_scope_nothing_is_read_and_nothing_sent_again(db: str) -> None:
    endpoint, _ = await world.endpoint(INPUT["url"])
    failed: Any = {"event_id": endpoint.id, "event_type": "order.recorded", "status": DeliveryStatus.FAILED}
    await WebhookDelivery.create(endpoint=endpoint, **failed)
    answer = await ask("{ webhookEndpoints { nodes { url } } }", actor=factories.everything_but(Scope.WEBHOOK_READ))
    assert answer.code == "FORBIDDEN"
    document = """mutation ($id: ID!) { webhookDeliveryRetryFailed(
        input: {endpointId: $id, since: "2020-01-01T00:00:00Z"}) { resent problems { missingScope } } }"""
    lacking = factories.everything_but(Scope.WEBHOOK_WRITE)
    payload = (await ask(document, {"id": f"whk_{endpoint.id}"}, lacking)).data["webhookDeliveryRetryFailed"]
    assert payload == {"resent": 0, "problems": [{"missingScope": "webhook:write"}]}
    assert (await WebhookDelivery.get()).status is DeliveryStatus.FAILED
