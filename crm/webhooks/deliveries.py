"""Use cases of deliveries: a trial of an endpoint, and sending again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crm import audit, changes
from crm.access import Actor, Scope, need
from crm.database import execute, fetch, transaction
from crm.errors import Blocked
from crm.events import EventType, event
from crm.visibility import visible
from crm.webhooks import posting, sending
from crm.webhooks.endpoints import load
from crm.webhooks.house import house
from models import WebhookDelivery, WebhookEndpoint

TRIAL = 6.0
"""Seconds that the other side has to answer a trial; somebody waits for it."""
RESENT = "webhook.resent"


async def test(actor: Actor, endpoint_id: UUID, *, now: datetime) -> WebhookDelivery:
    """Send an endpoint a `webhook.tested` event at once and tell what came back; it is not tried again.

    It works for one that is switched off, too. Raises NotFound, Blocked (archived), Forbidden.
    """
    async with transaction():
        endpoint = await load(actor, endpoint_id, None)
        told = event(actor, EventType.WEBHOOK_TESTED, "webhook_endpoint", endpoint.id, data={"name": endpoint.name})
        await told.save()
        await audit.record(actor, EventType.WEBHOOK_TESTED.value, "webhook_endpoint", endpoint.id)
        delivery = await WebhookDelivery.create(
            endpoint=endpoint,
            event_id=told.id,
            event_type=told.type,
            attempts=1,
            next_attempt_at=now,
            last_attempt_at=now,
            claimed_until=now + sending.LEASE,
        )
    due, of = await sending.claimed(delivery.id, now + sending.LEASE), house()
    async with posting.pool(private=of.private) as connections:
        await sending.attempt(due, connections, of, seconds=TRIAL, last=True)
    return await changes.get(WebhookDelivery, delivery.id)


_AGAIN = """
UPDATE webhook_delivery SET status = 'PENDING', next_attempt_at = $2, attempts = 0, delivered_at = NULL,
       claimed_until = NULL, updated_at = now()
WHERE id = $1 AND (claimed_until IS NULL OR claimed_until <= $2)
"""
_ALL_AGAIN = """
UPDATE webhook_delivery SET status = 'PENDING', next_attempt_at = $3, attempts = 0, claimed_until = NULL,
       updated_at = now()
WHERE endpoint_id = $1 AND status = 'FAILED' AND created_at >= $2
RETURNING id
"""


async def retry(actor: Actor, delivery_id: UUID, *, now: datetime) -> WebhookDelivery:
    """Send one delivery again, whatever became of it, with all its attempts before it.

    Raises NotFound, Blocked (it is being sent, or its endpoint is archived or switched off), Forbidden.
    """
    need(actor, Scope.WEBHOOK_WRITE, Scope.EVENT_READ)
    async with transaction():
        delivery = await changes.get(WebhookDelivery, delivery_id)
        if delivery.customer_id and not await visible(actor, delivery.customer_id):
            raise changes.missing(WebhookDelivery, delivery_id)
        _need_on(await load(actor, delivery.endpoint_id, None))
        if not await execute(_AGAIN, delivery_id, now):
            raise Blocked("This delivery is being sent at the moment; look at what becomes of it.", path=("id",))
        await audit.record(actor, RESENT, "webhook_delivery", delivery_id, customer_id=delivery.customer_id)
    return await changes.get(WebhookDelivery, delivery_id)


async def retry_failed(actor: Actor, endpoint_id: UUID, *, since: datetime, now: datetime) -> int:
    """Send everything again that failed since a time; returns how many deliveries.

    Raises NotFound, Blocked (archived or switched off), Forbidden.
    """
    async with transaction():
        endpoint = await load(actor, endpoint_id, None)
        _need_on(endpoint)
        found = await fetch(_ALL_AGAIN, endpoint_id, since, now)
        told = {"deliveries": [None, len(found)], "since": [None, since]}
        await audit.record(actor, RESENT, "webhook_endpoint", endpoint_id, changes=told)
    return len(found)


def _need_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        raise Blocked("This webhook is switched off; switch it on first, and what waits is sent.", path=("id",))
