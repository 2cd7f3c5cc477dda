"""The cast and the things that tests speak of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crm import customers, orders
from crm.access import ALL_SCOPES, Actor, ActorKind, Scope
from crm.identities import IdentityInput
from models import Customer, IdentityKind, Order, Segment, SegmentKind
from models.base import new_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OWNER = Actor(kind=ActorKind.SYSTEM, id=None, label="owner", scopes=ALL_SCOPES)


def actor(*scopes: Scope, row_filter: dict[str, Any] | None = None) -> Actor:
    """A partner's token with just these scopes."""
    return Actor(kind=ActorKind.TOKEN, id=new_id(), label="partner", scopes=frozenset(scopes), row_filter=row_filter)


def everything_but(*scopes: Scope) -> Actor:
    return actor(*(ALL_SCOPES - set(scopes)))


def email(value: str) -> IdentityInput:
    return IdentityInput(IdentityKind.EMAIL, value)


async def customer(
    name: str = "Alice Example", *identities: IdentityInput, now: datetime = NOW, **fields: Any
) -> Customer:
    given, _, family = name.partition(" ")
    named = {"given_name": given, "family_name": family or None, **fields}
    return await customers.create(OWNER, fields=named, given_identities=list(identities), now=now)  # type: ignore[arg-type]


async def order(owner: Customer, amount: str = "10", *, days_ago: int = 0, **fields: Any) -> Order:
    placed = NOW - timedelta(days=days_ago)
    values = {"amount": Decimal(amount), "placed_at": placed, **fields}
    return await orders.record(OWNER, owner.id, fields=values, now=NOW)  # type: ignore[arg-type]


async def segment(key: str = "vip") -> Segment:
    return await Segment.create(key=key, name=key.upper(), kind=SegmentKind.STATIC)
