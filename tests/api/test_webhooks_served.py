"""From a change through the API to a partner's server, with nothing between but the product itself."""

from __future__ import annotations

import asyncio
from typing import Any

import schema
from api.metrics import Metrics
from crm.ids import encode
from crm.tail import Tail
from crm.webhooks import backlog, relay
from crm.webhooks.posting import Answer
from models import Customer, WebhookDelivery
from tests import factories
from tests.api.conftest import Serve, minted
from tests.crm import webhooks_world as world

CREATE = 'mutation { customerCreate(input: {givenName: "Ali"}) { customer { id } } }'


async def test_a_change_through_the_api_reaches_a_partner_signed(serve: Serve) -> None:
    async with world.peer() as peer, serve(schema.execute, webhook_private_addresses=True) as client:
        _, secret = await world.endpoint(peer.url, "customer.created")
        token = (await minted("customer:read", "customer:write")).secret
        body: Any = {"query": CREATE}
        await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})
        await asyncio.wait_for(peer.hears(1), 60)
        told = peer.told(0, secret)
        assert (told["type"], told["data"]["customerId"]) == (
            "customer.created",
            encode("cus", (await Customer.get()).id),
        )


async def test_what_happened_before_anybody_followed_the_events_is_told(fresh_db: str) -> None:
    await world.endpoint("https://hooks.example.com/", "customer.created")
    await factories.customer()
    late = Tail("webhooks", "late")
    await late.claim()
    await relay.react(await late.read(100), world.now())
    assert await WebhookDelivery.all().count() == 1


def test_metrics_tell_what_waits_and_how_attempts_ended() -> None:
    figures = backlog.Figures(backlog.Backlog(waiting=3, age=60.0, switched_off=1))
    for answer in (Answer(200), Answer(500), Answer(error="no answer")):
        backlog.count(answer, figures)
    metrics = Metrics()
    metrics.tell_of_webhooks(figures)
    shown = metrics.exposed().decode()
    for line in (
        'backlog{figure="waiting"} 3.0',
        'attempts{outcome="refused"} 1.0',
        'attempts{outcome="unanswered"} 1.0',
    ):
        assert f"arzesh_webhook_{line}" in shown
