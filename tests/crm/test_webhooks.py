"""Endpoints and what is noted for them: who may make them, which events they hear of, and whose."""

from datetime import timedelta
from typing import Any

import pytest

from crm import customers, products
from crm.access import Scope
from crm.dependents import users_of_segment
from crm.errors import Blocked, Forbidden, IdempotencyConflict, NotFound, ValidationFailed, VersionConflict
from crm.rules.faults import RuleInvalid
from crm.webhooks import backlog, deliveries, endpoints, relay
from crm.webhooks.schedule import MOST_ATTEMPTS, WAITS, wait_after
from models import AuditEntry, DeliveryStatus, DisabledReason, Event, WebhookDelivery, WebhookEndpoint
from tests import factories
from tests.crm import webhooks_world as world
from tests.factories import NOW, OWNER

URL = "https://hooks.example.com/arzesh"


async def types_of(endpoint: WebhookEndpoint) -> list[str]:
    found = await WebhookDelivery.filter(endpoint_id=endpoint.id).order_by("id")
    return [each.event_type for each in found]


async def test_each_event_is_noted_once_for_each_endpoint_that_wants_it(fresh_db: str) -> None:
    every, _ = await world.endpoint(URL)
    some, _ = await world.endpoint(URL, "customer.*")
    one, _ = await world.endpoint(URL, "customer.updated")
    tail = await world.follower()
    alice = await factories.customer()
    await customers.update(OWNER, alice.id, expected_version=1, fields={"city": "Shiraz"}, now=NOW)
    events = await tail.read(100)
    for _again in range(2):
        await relay.react(events, world.now())
    assert await types_of(one) == ["customer.updated"]
    assert await types_of(some) == ["customer.created", "customer.updated"]
    assert await types_of(every) == [event.type for event in events]


async def test_a_rule_says_of_which_customers_an_endpoint_hears(fresh_db: str) -> None:
    endpoint, _ = await world.endpoint(URL, rule='country = "IR"')
    assert endpoint.rule_text == 'country = "IR"'
    tail = await world.follower()
    await factories.customer("Ali", country="IR")
    await factories.customer("Bob", country="US")
    await products.create(OWNER, fields={"sku": "A", "name": "A"})  # concerns no customer
    assert {each.event_type for each in await world.relayed(tail)} == {"customer.created"}
    assert len(await types_of(endpoint)) == 1


async def test_an_endpoint_sees_no_more_customers_than_its_maker(fresh_db: str) -> None:
    narrow = factories.everything_but()
    narrow = factories.actor(*narrow.scopes, row_filter={"country": {"eq": "IR"}})
    await world.endpoint(URL, "customer.created", "product.created", by=narrow)
    tail = await world.follower()
    ali = await factories.customer("Ali", country="IR")
    await factories.customer("Bob", country="US")
    await products.create(OWNER, fields={"sku": "A", "name": "A"})
    noted = await world.relayed(tail)
    assert [(each.event_type, each.customer_id) for each in noted] == [
        ("customer.created", ali.id),
        ("product.created", None),
    ]


async def test_nobody_leads_away_what_he_may_not_read(db: str) -> None:
    clear, _ = await world.endpoint(URL, personal_data=True)
    narrow = factories.actor(*factories.everything_but().scopes, row_filter={"country": {"eq": "IR"}})
    elsewhere: Any = {"fields": {"url": "https://evil.example.com/"}, "now": NOW, "expected_version": None}
    with pytest.raises(Forbidden, match="pii:read"):
        await endpoints.update(factories.everything_but(Scope.PII_READ), clear.id, **elsewhere)
    with pytest.raises(Forbidden, match="cannot see"):
        await endpoints.update(narrow, clear.id, **elsewhere)
    assert (await WebhookEndpoint.get(id=clear.id)).url == URL


@pytest.mark.parametrize("scope", [Scope.WEBHOOK_WRITE, Scope.EVENT_READ])
async def test_without_the_scope_nothing_happens(db: str, scope: Scope) -> None:
    endpoint, _ = await world.endpoint(URL)
    lacking = factories.everything_but(scope)
    before = (await AuditEntry.all().count(), await Event.all().count())
    for attempt in (
        world.endpoint(URL, by=lacking),
        endpoints.update(lacking, endpoint.id, expected_version=None, fields={"name": "x"}, now=NOW),
        endpoints.rotate_secret(lacking, endpoint.id, expected_version=None, now=NOW),
        endpoints.archive(lacking, endpoint.id, expected_version=None, now=NOW),
        deliveries.test(lacking, endpoint.id, now=NOW),
        deliveries.retry_failed(lacking, endpoint.id, since=NOW, now=NOW),
    ):
        with pytest.raises(Forbidden, match=scope.value):
            await attempt
    assert (await AuditEntry.all().count(), await Event.all().count()) == before
    assert (await WebhookEndpoint.get(id=endpoint.id)).secret_salt == endpoint.secret_salt


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"event_types": []}, ("eventTypes",)),
        ({"event_types": ["order.recorded", "order.recoded"]}, ("eventTypes", "1")),
        ({"event_types": ["nothing.*"]}, ("eventTypes", "0")),
        ({"rule": "nonsense ="}, ("rule",)),
    ],
)
async def test_what_cannot_be_is_refused_at_its_place(db: str, fields: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises((ValidationFailed, RuleInvalid)) as refused:
        await world.endpoint(URL, **{"event_types": ["*"], **fields})
    assert refused.value.path[: len(path)] == path
    assert not await WebhookEndpoint.exists()


async def test_a_rule_over_fields_that_its_author_may_not_read_is_refused(db: str) -> None:
    with pytest.raises(Forbidden, match="value:read"):
        await world.endpoint(URL, rule="valueMetrics.clv > 100 USD", by=factories.everything_but(Scope.VALUE_READ))


async def test_a_request_that_is_repeated_makes_one_endpoint_and_tells_its_secret_once(db: str) -> None:
    fields: Any = {"name": "Shop", "url": URL, "event_types": ["*"]}
    first = await endpoints.create(OWNER, fields=fields, now=NOW, idempotency_key="k")
    second = await endpoints.create(OWNER, fields=fields, now=NOW, idempotency_key="k")
    assert (second.endpoint.id, second.secret) == (first.endpoint.id, None)
    with pytest.raises(IdempotencyConflict):
        await endpoints.create(OWNER, fields={**fields, "name": "Other"}, now=NOW, idempotency_key="k")


async def test_the_secret_is_neither_stored_nor_told_in_the_trail(db: str) -> None:
    endpoint, secret = await world.endpoint(URL)
    await endpoints.rotate_secret(OWNER, endpoint.id, expected_version=1, now=NOW)
    told = [str(entry.changes) for entry in await AuditEntry.filter(noun_id=endpoint.id)]
    told += [str(event.data) for event in await Event.filter(noun_id=endpoint.id)]
    stored = await WebhookEndpoint.get(id=endpoint.id)
    assert all(secret not in text and stored.secret_salt not in text for text in told)
    assert all(secret != getattr(stored, name) for name in stored._meta.db_fields)


async def test_events_do_not_tell_addresses_which_may_hold_a_key_of_the_other_side(db: str) -> None:
    endpoint, _ = await world.endpoint(f"{URL}?key=first")
    fields: Any = {"url": f"{URL}?key=second", "name": "New"}
    await endpoints.update(OWNER, endpoint.id, expected_version=1, fields=fields, now=NOW)
    told = {event.type: event.data for event in await Event.filter(noun_id=endpoint.id)}
    assert "key=" not in str(told)
    assert told["webhook.updated"] == {"name": "New", "fields": ["name", "url"], "changes": {}}


async def test_a_stale_version_and_an_archived_endpoint_change_nothing(db: str) -> None:
    endpoint, _ = await world.endpoint(URL)
    with pytest.raises(VersionConflict):
        await endpoints.update(OWNER, endpoint.id, expected_version=7, fields={"name": "x"}, now=NOW)
    await endpoints.archive(OWNER, endpoint.id, expected_version=1, now=NOW)
    with pytest.raises(Blocked, match="archived"):
        await endpoints.update(OWNER, endpoint.id, expected_version=None, fields={"name": "x"}, now=NOW)
    assert (await WebhookEndpoint.get(id=endpoint.id)).name == "Partner"


async def test_an_archived_endpoint_hears_nothing_and_one_that_is_off_only_later(fresh_db: str) -> None:
    gone, _ = await world.endpoint(URL)
    off, _ = await world.endpoint(URL, "customer.created")
    await endpoints.archive(OWNER, gone.id, expected_version=None, now=world.now())
    await endpoints.update(OWNER, off.id, expected_version=1, fields={"enabled": False}, now=world.now())
    tail = await world.follower()
    await factories.customer()
    assert [each.endpoint_id for each in await world.relayed(tail)] == [off.id]
    await world.sent()
    assert (await WebhookDelivery.get()).attempts == 0
    with pytest.raises(Blocked, match="switched off"):
        await deliveries.retry(OWNER, (await WebhookDelivery.get()).id, now=world.now())


async def test_a_rule_that_broke_switches_its_endpoint_off_and_no_other(fresh_db: str) -> None:
    broken, _ = await world.endpoint(URL)
    whole, _ = await world.endpoint(URL, "customer.created")
    await WebhookEndpoint.filter(id=broken.id).update(rule={"customFields.gone": {"eq": 1}})
    tail = await world.follower()
    await factories.customer()
    assert [each.endpoint_id for each in await world.relayed(tail)] == [whole.id]
    assert (await WebhookEndpoint.get(id=broken.id)).disabled_reason is DisabledReason.RULE_BROKEN


async def test_a_segment_that_a_webhook_asks_for_names_it_among_its_users(db: str) -> None:
    await factories.segment("vip")
    await world.endpoint(URL, rule='in segment "vip"')
    assert [(each.kind, each.name) for each in await users_of_segment("vip")] == [("WEBHOOK", "Partner")]


async def test_old_deliveries_are_forgotten_and_what_waits_is_counted(fresh_db: str) -> None:
    await world.endpoint(URL, "customer.created")
    tail = await world.follower()
    await factories.customer()
    await world.relayed(tail)
    assert ((await backlog.look()).waiting, await relay.forget(world.now())) == (1, 0)
    assert await relay.forget(world.now() + relay.KEPT + timedelta(minutes=1)) == 1
    assert not await WebhookDelivery.exists()


async def test_a_delivery_of_a_customer_who_cannot_be_seen_is_not_sent_again(fresh_db: str) -> None:
    await world.endpoint(URL, "customer.created")
    tail = await world.follower()
    await factories.customer(country="US")
    [delivery] = await world.relayed(tail)
    narrow = factories.actor(*factories.everything_but().scopes, row_filter={"country": {"eq": "IR"}})
    with pytest.raises(NotFound):
        await deliveries.retry(narrow, delivery.id, now=world.now())
    assert (await WebhookDelivery.get(id=delivery.id)).status is DeliveryStatus.PENDING


def test_attempts_are_spread_over_three_days_and_end() -> None:
    waits = [wait_after(number, chance=lambda: 0.0) for number in range(1, MOST_ATTEMPTS)]
    assert tuple(waits) == WAITS
    assert timedelta(days=3) < sum(WAITS, timedelta()) < timedelta(days=3.5)
    assert wait_after(MOST_ATTEMPTS, chance=lambda: 0.5) is None
    assert wait_after(1, chance=lambda: 1.0) == WAITS[0] * 1.2
    assert wait_after(1, chance=lambda: 0.5, wish=60) == timedelta(minutes=1)
