"""Use cases of a cost entry: what acquiring or serving a customer cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import changes, codes, idempotency, money, organization, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import ValidationFailed
from crm.events import EventType
from crm.visibility import need_visible
from models import CostActivity, CostEntry


class CostFields(TypedDict, total=False):
    """What can be said of a cost; a key that is absent is left as it is."""

    activity: CostActivity
    occurred_at: datetime
    amount: Decimal
    currency: str
    exchange_rate: Decimal | None
    note: str | None


async def record(
    actor: Actor, customer_id: UUID, *, fields: CostFields, now: datetime, idempotency_key: str | None = None
) -> CostEntry:
    """Record a cost. Raises NotFound, ValidationFailed, IdempotencyConflict, Forbidden."""
    need(actor, Scope.COST_WRITE)

    async def work() -> UUID:
        entry = CostEntry(customer_id=customer_id, activity=CostActivity.OTHER, occurred_at=now)
        await _apply(entry, fields, now)
        return (await changes.create(actor, entry, EventType.COST_RECORDED)).id

    async with transaction():
        await need_visible(actor, customer_id)
        values = {"customer": customer_id, "fields": dict(fields)}
        key = await idempotency.once(actor, idempotency_key, "costRecord", values, work)
        return await changes.get(CostEntry, key)


async def update(
    actor: Actor, entry_id: UUID, *, expected_version: int | None, fields: CostFields, now: datetime
) -> CostEntry:
    """Correct a cost. Raises NotFound, VersionConflict, ValidationFailed, Forbidden."""
    need(actor, Scope.COST_WRITE)
    async with transaction():
        entry = await changes.load(CostEntry, entry_id, expected_version=expected_version)
        await need_visible(actor, entry.customer_id, path=("id",))
        before = state(entry)
        await _apply(entry, fields, now)
        await changes.save(actor, entry, before, EventType.COST_UPDATED)
        return entry


async def delete(actor: Actor, entry_id: UUID, *, expected_version: int | None) -> None:
    """Delete a cost. Raises NotFound, VersionConflict, Forbidden."""
    need(actor, Scope.COST_WRITE)
    async with transaction():
        entry = await changes.load(CostEntry, entry_id, expected_version=expected_version)
        await need_visible(actor, entry.customer_id, path=("id",))
        await changes.delete(actor, entry, EventType.COST_DELETED)


async def _apply(entry: CostEntry, fields: CostFields, now: datetime) -> None:
    house = await organization.current()
    if "activity" in fields:
        entry.activity = CostActivity(fields["activity"])
    if "note" in fields:
        entry.note = text.optional(fields["note"], field="note", limit=300)
    entry.occurred_at = _past(fields.get("occurred_at", entry.occurred_at), now)
    entry.currency = codes.currency(fields.get("currency") or entry.currency or house.base_currency)
    if "amount" in fields:
        entry.amount = money.amount(fields["amount"], field="amount")
    if entry.amount is None:
        raise ValidationFailed("A cost needs an amount.", path=("amount",))
    if not entry._saved_in_db or fields.keys() & {"currency", "exchange_rate"}:
        day = entry.occurred_at.astimezone(ZoneInfo(house.time_zone)).date()
        given = fields.get("exchange_rate")
        entry.exchange_rate = await money.exchange_rate(entry.currency, house.base_currency, day, given)
    entry.base_amount = money.in_base(entry.amount, entry.exchange_rate)


def _past(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None or at > now:
        raise ValidationFailed(f"occurredAt {at.isoformat()} must be a past time with its zone.", path=("occurredAt",))
    return at
