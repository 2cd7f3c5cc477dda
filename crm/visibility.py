"""The one place that says which customers an actor can see, and whether a rule holds for a customer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from crm.access import Actor, Scope
from crm.changes import missing
from crm.database import fetch, fetch_row, fetch_value
from crm.errors import NotFound
from crm.ids import encode
from crm.rules.predicate import predicate
from models import Customer


async def need_visible(actor: Actor, customer_id: UUID, *, path: tuple[str, ...] = ("customerId",)) -> None:
    """Raise NotFound unless the customer exists and is inside the actor's row filter.

    The error tells (as `holder`) which customer one that was merged became part of.
    """
    condition, values = await _limit(actor)
    statement = f"SELECT merged_into_id FROM customer c WHERE c.id = $1 AND ({condition})"  # noqa: S608 - as below
    row = await fetch_row(statement, customer_id, *values)
    if row is None:
        raise missing(Customer, customer_id, path=path)
    survivor = row["merged_into_id"]
    if survivor is not None:
        told = f"{encode('cus', customer_id)} became part of {encode('cus', survivor)}; use that one."
        raise NotFound(told, path=path, holder=encode("cus", survivor))


async def visible(actor: Actor, customer_id: UUID) -> bool:
    """Whether the customer exists for this actor."""
    if actor.row_filter is not None:
        return await matches(actor.row_filter, customer_id)
    return bool(await fetch_value("SELECT true FROM customer WHERE id = $1", customer_id))


async def visible_among(actor: Actor, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of the customers that exist for this actor."""
    condition, values = await _limit(actor)
    statement = f"SELECT c.id FROM customer c WHERE c.id = ANY ($1::uuid[]) AND ({condition})"  # noqa: S608 - as below
    return {row["id"] for row in await fetch(statement, list(customer_ids), *values)}


async def _limit(actor: Actor) -> tuple[str, list[Any]]:
    """The actor's row filter over `c`, its parameters from the second on."""
    if actor.row_filter is None:
        return "true", []
    return await predicate(actor.row_filter, alias="c", first_parameter=2)


async def matches(rule: dict[str, Any], customer_id: UUID) -> bool:
    """Whether a rule, in its JSON form, holds for a customer now."""
    condition, values = await predicate(rule, alias="c", first_parameter=2)
    statement = f"SELECT true FROM customer c WHERE c.id = $1 AND ({condition})"  # noqa: S608 - compiled by crm.rules
    return bool(await fetch_value(statement, customer_id, *values))


# What of a record's trail only `pii:read` shows: the values of identities, wherever they were noted.
_ANYWHERE = frozenset({"identities"})
_IDENTIFYING = frozenset({"value", "normalized", *_ANYWHERE})
MASK = "•••"


def masked(value: str) -> str:
    """What somebody without `pii:read` sees of an address or a number."""
    return f"{value[:1]}{MASK}{value[-2:]}" if len(value) > 4 else MASK


def identifying(noun: str) -> frozenset[str]:
    """The names under which the trail of a noun's records can hold values of identities."""
    return _IDENTIFYING if noun == "identity" else _ANYWHERE


def shown_data(actor: Actor, noun: str, data: dict[str, Any]) -> dict[str, Any]:
    """What an event tells, as an actor may read it: without `pii:read`, values of identities are masked."""
    shown = shown_changes(actor, noun, data)
    changes = shown.get("changes")
    return {**shown, "changes": shown_changes(actor, noun, changes)} if isinstance(changes, dict) else shown


def shown_changes(actor: Actor, noun: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Changes as an actor may read them: without `pii:read`, values of identities are masked in them."""
    if actor.may(Scope.PII_READ):
        return changes
    hidden = identifying(noun)
    return {name: _mask(value) if name in hidden else value for name, value in changes.items()}


def _mask(value: Any) -> Any:
    """The mask for every value; that there was none before, or is none any more, may be seen."""
    if isinstance(value, list):
        return [None if entry is None else MASK for entry in value]
    return None if value is None else MASK
