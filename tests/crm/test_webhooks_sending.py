"""Webhooks told to a real peer: signed, tried again, never to addresses inside, never twice."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from standardwebhooks import WebhookVerificationError

from crm import customers, events
from crm.access import Scope
from crm.errors import ValidationFailed
from crm.events import EventType
from crm.ids import encode
from crm.visibility import MASK
from crm.webhooks import addresses, deliveries, endpoints, posting, sending
from crm.webhooks.house import house
from models import DeliveryStatus, DisabledReason, Event, WebhookDelivery, WebhookEndpoint
from tests import factories
from tests.crm import webhooks_world as world
from tests.factories import NOW, OWNER

LATER = timedelta(days=4)


async def test_an_endpoint_hears_what_happened_signed_by_its_secret(fresh_db: str) -> None:
    async with world.peer() as peer:
        endpoint, secret = await world.endpoint(peer.url, "customer.created")
        tail = await world.follower()
        alice = await factories.customer("Alice")
        await world.relayed(tail)
        await world.sent()
        told = peer.told(0, secret)
        event = await Event.get(noun_id=alice.id, type="customer.created")
        assert peer.heard[0][0]["webhook-id"] == told["id"] == encode("evt", event.id)
        assert (told["type"], told["data"]["customerId"]) == ("customer.created", encode("cus", alice.id))
        [delivery] = await WebhookDelivery.all()
        assert (delivery.status, delivery.attempts, delivery.response_status) == (DeliveryStatus.DELIVERED, 1, 200)
        assert delivery.response_excerpt == "thanks"


async def test_a_failure_is_tried_again_until_it_is_heard(fresh_db: str) -> None:
    async with world.peer(lambda number: (500, b"broken") if number == 0 else world.OK) as peer:
        endpoint, secret = await world.endpoint(peer.url, "customer.created")
        tail = await world.follower()
        await factories.customer()
        await world.relayed(tail)
        await world.sent()
        [first] = await WebhookDelivery.all()
        assert (first.status, first.response_status, first.error) == (DeliveryStatus.PENDING, 500, "answered 500")
        assert (await WebhookEndpoint.get(id=endpoint.id)).failing_since
        await world.sent(at=world.now() + timedelta(seconds=10))
        [second] = await WebhookDelivery.all()
        assert (second.status, [each["status"] for each in second.tries]) == (DeliveryStatus.DELIVERED, [500, 200])
        assert peer.heard[0][0]["webhook-id"] == peer.heard[1][0]["webhook-id"]
        assert (await WebhookEndpoint.get(id=endpoint.id)).failing_since is None


async def test_an_endpoint_that_is_gone_is_switched_off(fresh_db: str) -> None:
    async with world.peer(lambda number: (410, b"")) as peer:
        endpoint, _ = await world.endpoint(peer.url, "customer.*")
        tail = await world.follower()
        await factories.customer()
        await world.relayed(tail)
        await world.sent()
        off = await WebhookEndpoint.get(id=endpoint.id)
        assert (off.enabled, off.disabled_reason) == (False, DisabledReason.GONE)
        assert await Event.exists(type="webhook.disabled", noun_id=endpoint.id)


async def test_an_endpoint_that_fails_for_days_is_switched_off_and_what_waits_comes_later(fresh_db: str) -> None:
    async with world.peer(lambda number: (503, b"") if number < 10 else world.OK) as peer:
        endpoint, _ = await world.endpoint(peer.url, "customer.created")
        tail = await world.follower()
        await factories.customer()
        [delivery] = await world.relayed(tail)
        for _number in range(10):
            delivery = await WebhookDelivery.get(id=delivery.id)
            await world.sent(at=delivery.next_attempt_at)
        off = await WebhookEndpoint.get(id=endpoint.id)
        assert (off.enabled, off.disabled_reason) == (False, DisabledReason.FAILING)
        await factories.customer("Bob")
        assert len(await world.relayed(tail)) == 2
        await endpoints.update(OWNER, endpoint.id, expected_version=None, fields={"enabled": True}, now=world.now())
        assert await deliveries.retry_failed(OWNER, endpoint.id, since=endpoint.created_at, now=world.now()) == 1
        await world.sent()
        assert await WebhookDelivery.filter(status=DeliveryStatus.DELIVERED).count() == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "answered 302"),
        (b"this is not HTTP\r\n\r\n", "RemoteProtocolError"),
        (b"HTTP/1.1 500 Bad\r\nretry-after: 600\r\ncontent-length: 1\r\n\r\n\0", "answered 500"),
    ],
)
async def test_whatever_is_no_success_is_a_failure_and_no_redirect_is_followed(
    fresh_db: str, reply: bytes, error: str
) -> None:
    async with world.peer(lambda number: reply) as peer:
        endpoint, _ = await world.endpoint(peer.url)
        done = await deliveries.test(OWNER, endpoint.id, now=world.now())
        assert done.status is DeliveryStatus.FAILED
        assert (done.error or "").startswith(error)
        assert len(peer.heard) == 1


async def test_a_peer_that_does_not_answer_costs_a_bounded_time(fresh_db: str) -> None:
    async with world.peer() as peer:
        peer.holds = asyncio.Event()
        async with posting.pool(private=True) as connections:
            answer = await posting.post(connections, peer.url, {}, b"{}", seconds=0.2)
        assert (answer.good, answer.error) == (False, "no answer within 0.2 s")


async def test_of_an_endless_answer_only_the_beginning_is_read(fresh_db: str) -> None:
    async with world.peer(lambda number: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000) as peer:
        async with posting.pool(private=True) as connections:
            answer = await posting.post(connections, peer.url, {}, b"{}")
        assert (answer.good, answer.excerpt) == (True, "x" * posting.EXCERPT)


async def test_a_name_that_leads_inside_is_refused_when_it_is_called(fresh_db: str) -> None:
    async with world.peer() as peer:
        endpoint, _ = await world.endpoint(peer.url)
        world.allow(private=False)
        done = await deliveries.test(OWNER, endpoint.id, now=world.now())
        assert (done.status, peer.heard) == (DeliveryStatus.FAILED, [])
        assert "not a public address" in (done.error or "")


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "https://localhost/", "https://127.0.0.1/", "https://127.1/", "https://[::1]/"),
        *("https://10.0.0.1/", "https://169.254.169.254/latest", "https://100.64.0.1/", "https://[::ffff:10.0.0.1]/"),
        *("https://[64:ff9b::a00:1]/", "https://0x7f000001/", "https://2130706433/", "https://db.internal/"),
        *("https://example.com:5432/", "https://me:secret@example.com/", "ftp://example.com/", "https://", "nonsense"),
        *("https://example.com:99999/", "https://[/", "https://example.com/#part", "https://exa mple.com/"),
    ],
)
async def test_an_address_that_is_not_public_or_no_address_is_refused(db: str, url: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await world.endpoint(url)
    assert refused.value.path == ("url",)
    assert not await WebhookEndpoint.exists()


async def test_one_private_address_among_public_ones_spoils_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*asked: object, **options: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.7")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
    with pytest.raises(addresses.Refused, match="'example.com' leads to what is not a public"):
        await addresses.resolve("example.com", 443, private=False)


async def test_a_replaced_secret_signs_along_until_its_time_is_over(fresh_db: str) -> None:
    async with world.peer() as peer:
        endpoint, old = await world.endpoint(peer.url)
        made = await endpoints.rotate_secret(OWNER, endpoint.id, expected_version=1, now=world.now())
        assert made.secret
        assert made.secret != old
        await deliveries.test(OWNER, endpoint.id, now=world.now())
        assert peer.told(0, old) == peer.told(0, made.secret)
        await WebhookEndpoint.filter(id=endpoint.id).update(previous_until=world.now() - timedelta(seconds=1))
        await deliveries.test(OWNER, endpoint.id, now=world.now())
        peer.told(1, made.secret)
        with pytest.raises(WebhookVerificationError):
            peer.told(1, old)


async def test_values_of_identities_are_masked_unless_the_endpoint_may_have_them(fresh_db: str) -> None:
    async with world.peer() as peer:
        await world.endpoint(peer.url, "customer.updated", by=factories.everything_but(Scope.PII_READ))
        await world.endpoint(peer.url, "customer.updated", personal_data=True)
        tail = await world.follower()
        alice = await factories.customer("Alice")
        told: Any = {"customer_id": alice.id, "data": {"changes": {"identities": [None, "alice@example.com"]}}}
        await events.emit(OWNER, EventType.CUSTOMER_UPDATED, "customer", alice.id, **told)
        await world.relayed(tail)
        await world.sent()
        found = sorted(orjson.loads(body)["data"]["details"]["changes"]["identities"] for _headers, body in peer.heard)
        assert found == [[None, "alice@example.com"], [None, MASK]]


async def test_two_processes_send_each_delivery_once(fresh_db: str) -> None:
    async with world.peer() as peer:
        await world.endpoint(peer.url, "customer.created")
        tail = await world.follower()
        for number in range(30):
            await factories.customer(f"Customer {number}")
        await world.relayed(tail)
        await asyncio.gather(world.sent(), world.sent(), world.sent())
        assert len(peer.heard) == len({headers["webhook-id"] for headers, _ in peer.heard}) == 30
        assert await WebhookDelivery.filter(attempts=1, status=DeliveryStatus.DELIVERED).count() == 30
        assert peer.most_at_once <= 3 * sending.PER_ENDPOINT


async def test_what_a_killed_process_had_claimed_is_due_again(fresh_db: str) -> None:
    async with world.peer() as peer:
        _, secret = await world.endpoint(peer.url, "customer.created")
        tail = await world.follower()
        await factories.customer()
        await world.relayed(tail)
        [lost] = await sending.claim(world.now(), sending.Counter())
        await world.sent()
        assert peer.heard == []
        await world.sent(at=lost.until)
        [delivery] = await WebhookDelivery.all()
        assert (delivery.status, delivery.attempts, len(peer.heard)) == (DeliveryStatus.DELIVERED, 2, 1)
        async with posting.pool(private=True) as connections:  # the one that was thought dead comes back
            await sending.attempt(lost, connections, house())
        assert (await WebhookDelivery.get(id=delivery.id)).tries == delivery.tries


async def test_the_events_of_one_customer_are_told_in_their_order(fresh_db: str) -> None:
    async with world.peer() as peer:
        await world.endpoint(peer.url, "customer.*")
        tail = await world.follower()
        alice = await factories.customer()
        for number in range(12):
            await customers.update(OWNER, alice.id, expected_version=None, fields={"city": f"C{number}"}, now=NOW)
        await world.relayed(tail)
        await world.sent()
        heard = [orjson.loads(body)["data"]["position"] for _headers, body in peer.heard]
        assert (len(heard), peer.most_at_once) == (13, 1)
        assert heard == sorted(heard)


async def test_a_slow_endpoint_does_not_keep_others_waiting(fresh_db: str) -> None:
    async with world.peer() as slow, world.peer() as quick:
        slow.holds = asyncio.Event()
        for url in (slow.url, quick.url):
            await world.endpoint(url, "customer.created")
        tail = await world.follower()
        for number in range(20):
            await factories.customer(f"Customer {number}")
        await world.relayed(tail)
        async with posting.pool(private=True) as connections:
            sender = sending.Sender(connections, house())
            stop = asyncio.Event()
            running = asyncio.create_task(sender.run(stop))
            await quick.hears(20)
            assert slow.most_at_once <= sending.PER_ENDPOINT
            slow.holds.set()
            stop.set()
            await running


async def test_an_endpoint_that_keeps_failing_is_tried_with_one_delivery_at_a_time(fresh_db: str) -> None:
    async with world.peer() as peer:
        endpoint, _ = await world.endpoint(peer.url, "customer.created")
        tail = await world.follower()
        for number in range(3):
            await factories.customer(f"Customer {number}")
        await world.relayed(tail)
        await WebhookEndpoint.filter(id=endpoint.id).update(failing_since=world.now() - timedelta(minutes=1))
        [tried] = await sending.claim(world.now(), sending.Counter())
        assert await sending.claim(world.now(), sending.Counter({tried.endpoint_id: 1})) == []
        assert len(await sending.claim(tried.until, sending.Counter())) == 1


async def test_a_wish_to_be_left_alone_is_heard(fresh_db: str) -> None:
    busy = b"HTTP/1.1 429 Busy\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n"
    async with world.peer(lambda number: busy) as peer, posting.pool(private=True) as connections:
        answer = await posting.post(connections, peer.url, {}, b"{}")
    assert (answer.good, answer.status, answer.wait) == (False, 429, 600)


async def test_a_changed_server_key_is_said_rather_than_signed_with(fresh_db: str) -> None:
    async with world.peer() as peer:
        endpoint, _ = await world.endpoint(peer.url)
        await WebhookEndpoint.filter(id=endpoint.id).update(secret_mark="0" * 16)
        done = await deliveries.test(OWNER, endpoint.id, now=world.now())
        assert (peer.heard, "replace this webhook's secret" in (done.error or "")) == ([], True)
