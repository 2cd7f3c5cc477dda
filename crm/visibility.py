"""The one place that says which customers an actor can see, and whether a rule holds for a customer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from crm.access import Actor
from crm.changes import missing
from crm.database import fetch, fetch_value
from crm.rules.predicate import predicate
from models import Customer


async def need_visible(actor: Actor, customer_id: UUID, *, path: tuple[str, ...] = ("customerId",)) -> None:
    """Raise NotFound unless the customer exists and is inside the actor's row filter."""
    if not await visible(actor, customer_id):
        raise missing(Customer, customer_id, path=path)


async def visible(actor: Actor, customer_id: UUID) -> bool:
    """Whether the customer exists for this actor."""
    if actor.row_filter is not None:
        return await matches(actor.row_filter, customer_id)
    return bool(await fetch_value("SELECT true FROM customer WHERE id = $1", customer_id))


async def visible_among(actor: Actor, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of the customers that exist for this actor."""
    condition = "true"
    values: list[Any] = []
    if actor.row_filter is not None:
        condition, values = await predicate(actor.row_filter, alias="c", first_parameter=2)
    statement = f"SELECT c.id FROM customer c WHERE c.id = ANY ($1::uuid[]) AND ({condition})"  # noqa: S608 - as below
    return {row["id"] for row in await fetch(statement, list(customer_ids), *values)}


async def matches(rule: dict[str, Any], customer_id: UUID) -> bool:
    """Whether a rule, in its JSON form, holds for a customer now."""
    condition, values = await predicate(rule, alias="c", first_parameter=2)
    statement = f"SELECT true FROM customer c WHERE c.id = $1 AND ({condition})"  # noqa: S608 - compiled by crm.rules
    return bool(await fetch_value(statement, customer_id, *values))
