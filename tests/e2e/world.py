"""An organisation with something of everything, so that every page of the panel has something to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crm import (
    costs,
    custom_fields,
    exchange_rates,
    followups,
    goals,
    interactions,
    products,
    relationships,
    tokens,
)
from crm.demo import steps
from crm.imports import ImportKind, import_file
from crm.segments import definitions
from crm.webhooks import endpoints
from models import Customer, DeliveryStatus, FieldType, GoalFigure, RelationshipKind, WebhookDelivery
from models.base import new_id
from tests.admin.desk import hire
from tests.factories import OWNER, customer, email, order

ROLES = ("viewer", "agent", "manager", "administrator")
NAMES = {"viewer": "Vida", "agent": "Arash", "manager": "Mina", "administrator": "Sara"}
TWO_BAD_ROWS = "Name,Email,Birthday\nReza Good,reza@example.com,1990-05-01\nBad Mail,not-an-address,1990-01-01\n,,\n"


async def settle() -> Customer:
    """Fill an empty database; returns the customer that has everything."""
    now = datetime.now(UTC)
    for role, name in NAMES.items():
        await hire(role, name)
    for step in steps.simulated(40, 4.0, 1):
        await step.run(OWNER, now, lambda part: None)
    await _definitions(now)
    ali = await customer("علی Rezaei", email("ali@example.com"), country="IR", city="تهران")
    await _history(ali, now)
    await import_file(OWNER, ImportKind.CUSTOMERS, TWO_BAD_ROWS.encode(), name="fair.csv", now=now)
    await tokens.create(OWNER, name="Web shop", scopes=["customer:read"], now=now)
    await _webhook(ali, now)
    return ali


async def _webhook(ali: Customer, now: datetime) -> None:
    """One that took nothing yet, and what it was told."""
    hook: Any = {"name": "Warehouse", "url": "https://hooks.example.com/arzesh", "event_types": ["order.*"]}
    made = await endpoints.create(OWNER, fields=hook, now=now)
    tried: Any = {"status": DeliveryStatus.FAILED, "attempts": 10, "last_attempt_at": now, "error": "answered 503"}
    told: Any = {"event_id": new_id(), "event_type": "order.recorded", "customer_id": ali.id}
    await WebhookDelivery.create(endpoint=made.endpoint, **told, **tried, response_status=503)


async def _definitions(now: datetime) -> None:
    label: Any = {"label": "Shoe size"}
    await custom_fields.define(OWNER, key="shoeSize", type=FieldType.NUMBER, fields=label)
    await exchange_rates.put(OWNER, currency="IRR", day=now.date(), rate=Decimal("0.0000018"), now=now)
    goal: Any = {"name": "More profit", "figure": GoalFigure.TOTAL_CLV, "target": Decimal(10**9)}
    await goals.create(
        OWNER,
        fields={**goal, "starts_on": now.date(), "due_on": now.date() + timedelta(days=90)},
        now=now,
    )
    await definitions.create_static(OWNER, key="fair", fields={"name": "Met at the fair"})


async def _history(ali: Customer, now: datetime) -> None:
    company = await customer("Parsian Trading", kind="ORGANIZATION", organization_name="Parsian Trading")
    await relationships.create(OWNER, ali.id, company.id, kind=RelationshipKind.EMPLOYED_BY, fields={})
    call: Any = {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND", "subject": "Asked about delivery"}
    await interactions.log(OWNER, ali.id, fields=call, now=now)
    await followups.create(OWNER, ali.id, subject="Send the offer", due_at=now + timedelta(days=1), now=now)
    await order(ali, "120")
    await costs.record(OWNER, ali.id, fields={"amount": Decimal(3), "activity": "SERVICE"}, now=now)  # type: ignore[typeddict-item]
    await products.create(OWNER, fields={"sku": "TEA", "name": "Tea"})
