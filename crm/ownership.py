"""Handing customers over: when somebody leaves, others take all of them, with what is still to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from crm import changes
from crm.access import Actor, Scope, need
from crm.database import execute, fetch, fetch_value, retrying, transaction
from crm.errors import ValidationFailed
from crm.events import EventType
from crm.rules.predicate import predicate
from models import StaffMember

CHUNK = 5_000
MAX_HEIRS = 50


@dataclass(frozen=True, slots=True)
class Transfer:
    """How many customers and open follow-ups changed hands, or on a dry run would."""

    customers: int
    follow_ups: int


_COUNT = "SELECT count(*) FROM customer c WHERE c.owner_id = $1 AND {visible}"
_OPEN = """
SELECT count(*) FROM follow_up f JOIN customer c ON c.id = f.customer_id
WHERE f.owner_id = $1 AND f.status = 'OPEN' AND {visible}
"""
# The heirs take turns, so that each gets as many.
_TRANSFER = """
WITH heir AS (
    SELECT id, ordinality - 1 AS turn FROM unnest($2::uuid[]) WITH ORDINALITY AS h(id, ordinality)
), mine AS MATERIALIZED (
    SELECT c.id FROM customer c WHERE c.owner_id = $1 AND {visible} ORDER BY c.id LIMIT $3 FOR UPDATE OF c
), turned AS (
    SELECT mine.id, heir.id AS heir_id,
           jsonb_build_object('owner_id', jsonb_build_array($1::uuid, heir.id)) AS changes
    FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1 + $4) % cardinality($2::uuid[]) AS turn FROM mine) mine
    JOIN heir USING (turn)
), changed AS (
    UPDATE customer c SET owner_id = t.heir_id, version = version + 1, updated_at = now()
    FROM turned t WHERE c.id = t.id
), audited AS (
    INSERT INTO audit_entry (id, created_at, updated_at, action, noun, noun_id, customer_id, actor_kind, actor_id,
                             actor_label, changes, request_id)
    SELECT uuidv7(), now(), now(), $5, 'customer', id, id, $6, $7, $8, changes, $9 FROM turned
), told AS (
    INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_id, actor_label,
                       data, request_id)
    SELECT uuidv7(), now(), now(), $5, 'customer', id, id, $6, $7, $8, jsonb_build_object('changes', changes), $9
    FROM turned
)
SELECT id FROM turned
"""
_TASKS = """
UPDATE follow_up f SET owner_id = coalesce(heir.id, ($2::uuid[])[1]), version = f.version + 1, updated_at = now()
FROM customer c LEFT JOIN unnest($2::uuid[]) AS heir(id) ON heir.id = c.owner_id
WHERE c.id = f.customer_id AND f.owner_id = $1 AND f.status = 'OPEN' AND {visible}
"""


async def transfer(actor: Actor, leaver_id: UUID, heir_ids: Sequence[UUID], *, dry_run: bool = False) -> Transfer:
    """Give all customers of one staff member to others, in turn, and open follow-ups to whoever has the customer then.

    A follow-up for a customer whom none of them owns goes to the first. Repeated after a failure it goes on where it
    stopped. Raises NotFound, ValidationFailed (no heir, the leaver as heir, an inactive one), Forbidden.
    """
    need(actor, Scope.CUSTOMER_WRITE, Scope.INTERACTION_WRITE)
    await changes.get(StaffMember, leaver_id, path=("from",))
    heirs = await _heirs(leaver_id, heir_ids)
    if dry_run:
        return Transfer(await _number(actor, _COUNT, leaver_id), await _number(actor, _OPEN, leaver_id))
    moved = 0
    while step := await retrying(partial(_step, actor, leaver_id, heirs, moved)):
        moved += step
    async with transaction():
        visible, values = await _visible(actor, 3)
        tasks = await execute(_TASKS.format(visible=visible), leaver_id, heirs, *values)
    return Transfer(moved, tasks)


async def _heirs(leaver_id: UUID, heir_ids: Sequence[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(heir_ids))
    if not 1 <= len(wanted) <= MAX_HEIRS:
        raise ValidationFailed(f"Name 1 to {MAX_HEIRS} staff members who take over.", path=("to",))
    if leaver_id in wanted:
        raise ValidationFailed("Whoever hands over cannot take over as well.", path=("to",))
    active = await StaffMember.filter(id__in=wanted, active=True).count()
    if active < len(wanted):
        raise ValidationFailed("to names somebody who is no active staff member.", path=("to",))
    return wanted


async def _number(actor: Actor, statement: str, leaver_id: UUID) -> int:
    visible, values = await _visible(actor, 2)
    return int(await fetch_value(statement.format(visible=visible), leaver_id, *values))


async def _visible(actor: Actor, first_parameter: int) -> tuple[str, list[Any]]:
    if actor.row_filter is None:
        return "true", []
    return await predicate(actor.row_filter, alias="c", first_parameter=first_parameter)


async def _step(actor: Actor, leaver_id: UUID, heirs: list[UUID], turn: int) -> int:
    visible, values = await _visible(actor, 10)
    async with transaction():
        rows = await fetch(
            _TRANSFER.format(visible=visible),
            leaver_id,
            heirs,
            CHUNK,
            turn,
            EventType.CUSTOMER_UPDATED.value,
            actor.kind.value,
            actor.id,
            actor.label,
            actor.request_id,
            *values,
        )
    return len(rows)
