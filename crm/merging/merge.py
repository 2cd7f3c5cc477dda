"""The use case of merging duplicates into the customer that survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import changes, custom_fields, customers, events, idempotency, organization
from crm.access import Actor, Scope, need
from crm.audit import difference, record, state
from crm.database import execute, fetch_value, transaction
from crm.errors import Blocked, Forbidden, ValidationFailed
from crm.events import EventType
from crm.ids import encode
from crm.merging import belongings, links, standing
from crm.merging.values import Conflict, settle
from crm.segments import merging as memberships
from crm.visibility import need_visible, visible
from models import Customer

MOST = 20
"""Customers that one merge absorbs."""


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A duplicate, and the version of it that the caller saw."""

    id: UUID
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose value of a field survives; fields are called as in the API, custom ones `customFields.key`."""

    field: str
    customer_id: UUID


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did, or on a dry run would do: rows that moved by table, and what the merged disagreed about.

    `changed` is false when the absorbed had become part of the survivor before.
    """

    survivor_id: UUID
    absorbed: tuple[UUID, ...]
    changed: bool = True
    moved: Mapping[str, int] = field(default_factory=dict)
    conflicts: Sequence[Conflict] = ()


class _OnlyTold(Exception):
    """Takes a dry run back."""


async def merge(
    actor: Actor,
    survivor_id: UUID,
    absorbed: Sequence[Absorbed],
    *,
    now: datetime,
    expected_version: int | None = None,
    choices: Sequence[Choice] = (),
    furthest_stage: bool = False,
    dry_run: bool = False,
    idempotency_key: str | None = None,
) -> Merged:
    """Let the absorbed become part of the survivor, in one transaction; with `dry_run` tell what would happen.

    The survivor gets identities, orders, interactions, costs, follow-ups, links, hand-picked segments and places in
    lifecycles; its own values win unless they are empty or `choices` say otherwise. The absorbed are archived, and
    their ids lead to the survivor. Repeating it changes nothing.

    Raises NotFound, VersionConflict, IdempotencyConflict, Forbidden; ValidationFailed for the survivor itself, a person
    with an organisation, or unfitting choices; Blocked for what must be settled first.
    """
    need(actor, Scope.CUSTOMER_WRITE, Scope.PII_READ, Scope.ORDER_WRITE, Scope.INTERACTION_WRITE)
    _check(survivor_id, absorbed)
    told: list[Merged] = []

    async def work() -> UUID:
        told.append(await _merge(actor, survivor_id, expected_version, absorbed, choices, furthest_stage, now))
        return survivor_id

    asked = {"survivor": survivor_id, "absorbed": [one.id for one in absorbed], "choices": [repr(c) for c in choices]}
    try:
        async with transaction():
            key = None if dry_run else idempotency_key
            await idempotency.once(actor, key, "customerMerge", {**asked, "furthest": furthest_stage}, work)
            if dry_run:
                raise _OnlyTold
    except _OnlyTold:
        return told[0]
    return told[0] if told else Merged(survivor_id, tuple(one.id for one in absorbed), changed=False)


async def survivor_of(customer_id: UUID) -> UUID:
    """The customer that an id leads to: itself, or the one that it became part of."""
    found = await fetch_value("SELECT merged_into_id FROM customer WHERE id = $1", customer_id)
    return found or customer_id


def _check(survivor_id: UUID, absorbed: Sequence[Absorbed]) -> None:
    keys = [one.id for one in absorbed]
    if not 1 <= len(keys) <= MOST:
        raise ValidationFailed(f"Name 1 to {MOST} customers to absorb, not {len(keys)}.", path=("absorbed",))
    if survivor_id in keys:
        raise ValidationFailed("A customer cannot become part of itself.", path=("absorbed",))
    if len(set(keys)) < len(keys):
        raise ValidationFailed("A customer is named twice.", path=("absorbed",))


async def _merge(
    actor: Actor,
    survivor_id: UUID,
    expected_version: int | None,
    absorbed: Sequence[Absorbed],
    choices: Sequence[Choice],
    furthest: bool,
    now: datetime,
) -> Merged:
    await need_visible(actor, survivor_id, path=("survivorId",))
    everybody = [survivor_id, *(one.id for one in absorbed)]
    await execute("SELECT FROM customer WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", everybody)
    survivor = await changes.load(Customer, survivor_id, expected_version=expected_version, path=("survivorId",))
    people = await _people(actor, survivor, absorbed)
    if not people:
        return Merged(survivor_id, tuple(one.id for one in absorbed), changed=False)
    keys = [one.id for one in people]
    changed, conflicts = settle(survivor, people, {choice.field: choice.customer_id for choice in choices})
    before = state(survivor)
    moved = await _move(actor, survivor_id, keys, furthest=furthest, now=now)
    for one in people:
        await _put_aside(actor, one, survivor_id, now)
    await _note(actor, survivor, before, changed, keys, moved, now)
    if not await visible(actor, survivor_id):
        raise Forbidden("The merged customer would lie outside the customers that your credential may see.")
    return Merged(survivor_id, tuple(keys), moved=moved, conflicts=conflicts)


async def _people(actor: Actor, survivor: Customer, absorbed: Sequence[Absorbed]) -> list[Customer]:
    """Those who are absorbed now, without those who were before."""
    if survivor.archived_at:
        raise Blocked("The survivor is archived; restore it first, or let another survive.", path=("survivorId",))
    found: list[Customer] = []
    for number, one in enumerate(absorbed):
        path = ("absorbed", str(number))
        if not await visible(actor, one.id):
            raise changes.missing(Customer, one.id, path=(*path, "id"))
        person = await Customer.get(id=one.id)
        if person.merged_into_id == survivor.id:
            continue
        if person.merged_into_id:
            raise Blocked(
                f"{encode('cus', one.id)} became part of {encode('cus', person.merged_into_id)} before.", path=path
            )
        if person.kind is not survivor.kind:
            raise ValidationFailed("A person and an organisation cannot become one; relate them instead.", path=path)
        found.append(await changes.load(Customer, one.id, expected_version=one.expected_version, path=(*path, "id")))
    return found


async def _move(
    actor: Actor, survivor_id: UUID, absorbed: Sequence[UUID], *, furthest: bool, now: datetime
) -> dict[str, int]:
    house = await organization.current()
    moved = await belongings.move(survivor_id, absorbed)
    moved["identity"] = await belongings.move_identities(survivor_id, absorbed)
    today = now.astimezone(ZoneInfo(house.time_zone)).date()
    moved["relationship"] = await links.move(actor, survivor_id, absorbed, today=today)
    moved["stage_position"] = await standing.move(actor, survivor_id, absorbed, furthest=furthest, now=now)
    moved["strategic_designation"] = await belongings.move_designations(survivor_id, absorbed)
    await memberships.merge(actor, survivor_id, absorbed, now=now)
    await belongings.forget_value(absorbed)
    return moved


async def _put_aside(actor: Actor, person: Customer, survivor_id: UUID, now: datetime) -> None:
    before = state(person)
    person.merged_into_id = survivor_id
    person.archived_at = person.archived_at or now
    person.search_text = ""
    await changes.save(actor, person, before, EventType.CUSTOMER_ARCHIVED, data={"mergedInto": str(survivor_id)})
    await execute("UPDATE customer SET merged_into_id = $2 WHERE merged_into_id = $1", person.id, survivor_id)


async def _note(
    actor: Actor,
    survivor: Customer,
    before: dict[str, Any],
    changed: dict[str, Any],
    absorbed: Sequence[UUID],
    moved: Mapping[str, int],
    now: datetime,
) -> None:
    known = await custom_fields.definitions("customer")
    fields: Any = {name: value for name, value in changed.items() if name != "custom_fields"}
    survivor.custom_fields = {**survivor.custom_fields, **changed.get("custom_fields", {})}
    customers.revise(survivor, fields, known, now)
    survivor.version += 1
    await survivor.save()
    await customers.refresh_search(survivor, known)
    told = {"absorbed": [encode("cus", key) for key in absorbed], "moved": {k: n for k, n in moved.items() if n}}
    said = difference(before, state(survivor))
    kind = EventType.CUSTOMER_MERGED
    await record(
        actor, kind.value, "customer", survivor.id, changes={**said, "absorbed": told["absorbed"]},
        customer_id=survivor.id,
    )  # fmt: skip
    await events.emit(actor, kind, "customer", survivor.id, customer_id=survivor.id, data={**told, "changes": said})
