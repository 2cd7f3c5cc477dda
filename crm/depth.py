"""How deep relationships are: who of ours serves a customer, and what would leave with one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.lifecycle.reports.reading import fetch_wide
from crm.rules.predicate import predicate
from crm.value.relationship import FIRM_LEVEL
from crm.visibility import need_visible

LEAST = 2
"""From so many contacts on a staff member really serves a customer."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One staff member's part in serving a customer."""

    staff_id: UUID
    name: str
    contacts: int
    share: float
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Depth:
    """Who serves a customer since a time.

    `breadth` counts staff with two contacts or more; above four loyalty belongs to the firm, no longer to a person
    (`firm_level`). `concentration` is the sum of squared shares, 1 when one person had all contacts.
    """

    contacts: int
    breadth: int
    top_share: float | None
    concentration: float | None
    single_threaded: bool
    firm_level: bool
    last_contact_at: datetime | None
    next_due_at: datetime | None
    staff: list[Contact]


_CONTACTS = """
SELECT i.staff_id, s.name, count(*) AS contacts, max(i.occurred_at) AS last_at
FROM interaction i JOIN staff_member s ON s.id = i.staff_id
WHERE i.customer_id = $1 AND i.occurred_at >= $2 AND i.occurred_at <= $3
GROUP BY i.staff_id, s.name ORDER BY contacts DESC, i.staff_id
"""
_TIMES = """
SELECT (SELECT max(occurred_at) FROM interaction WHERE customer_id = $1 AND occurred_at <= $2) AS last_contact_at,
       (SELECT min(due_at) FROM follow_up WHERE customer_id = $1 AND status = 'OPEN') AS next_due_at
"""


async def of_customer(actor: Actor, customer_id: UUID, *, since: datetime, now: datetime) -> Depth:
    """The depth of one relationship; last contact and next due are over all time. Raises NotFound, Forbidden."""
    need(actor, Scope.INTERACTION_READ)
    await need_visible(actor, customer_id)
    rows = await fetch_read(_CONTACTS, customer_id, since, now)
    times = (await fetch_read(_TIMES, customer_id, now))[0]
    return depth_of([dict(row) for row in rows], times["last_contact_at"], times["next_due_at"])


def depth_of(rows: list[dict[str, Any]], last: datetime | None, due: datetime | None) -> Depth:
    """The depth that contacts by staff member, most first, amount to."""
    total = sum(row["contacts"] for row in rows)
    staff = [Contact(**row, share=row["contacts"] / total) for row in rows]
    breadth = sum(each.contacts >= LEAST for each in staff)
    return Depth(
        total,
        breadth,
        staff[0].share if staff else None,
        sum(each.share**2 for each in staff) if staff else None,
        bool(staff) and breadth <= 1,
        breadth > FIRM_LEVEL,
        last,
        due,
        staff,
    )


@dataclass(frozen=True, slots=True)
class Exposure:
    """What would be at risk if a staff member left: customers who lean on this person alone, and their value.

    `value` adds up the positive lifetime values of the current run, in its `currency`; `valued` customers have one.
    """

    staff_id: UUID
    name: str
    customers: int
    valued: int
    value: Decimal
    currency: str | None


_EXPOSURE = """
WITH contact AS (
    SELECT i.customer_id, i.staff_id, count(*) AS contacts FROM interaction i
    WHERE i.staff_id IS NOT NULL AND i.occurred_at >= $1 AND i.occurred_at <= $2 GROUP BY 1, 2
), lean AS (
    SELECT customer_id, (array_agg(staff_id ORDER BY contacts DESC, staff_id))[1] AS staff_id
    FROM contact GROUP BY customer_id HAVING count(*) FILTER (WHERE contacts >= $3) <= 1
), run AS (SELECT id, currency FROM value_run WHERE is_current)
SELECT s.id AS staff_id, s.name, count(*) AS customers, count(v.clv) AS valued,
       coalesce(sum(greatest(v.clv, 0)), 0) AS value, (SELECT currency FROM run) AS currency
FROM lean JOIN staff_member s ON s.id = lean.staff_id JOIN customer c ON c.id = lean.customer_id
LEFT JOIN value_snapshot v ON v.customer_id = c.id AND v.run_id = (SELECT id FROM run)
WHERE c.archived_at IS NULL AND {visible}
GROUP BY s.id, s.name ORDER BY value DESC, customers DESC, s.id
"""


async def exposure(actor: Actor, *, since: datetime, now: datetime) -> list[Exposure]:
    """Value at risk by staff member, most first; a customer counts once, with its top contact. Raises Forbidden."""
    need(actor, Scope.INTERACTION_READ, Scope.VALUE_READ)
    visible, values = "true", list[Any]()
    if actor.row_filter is not None:
        visible, values = await predicate(actor.row_filter, alias="c", first_parameter=4)
    rows = await fetch_wide(_EXPOSURE.format(visible=visible), since, now, LEAST, *values)
    return [Exposure(**dict(row)) for row in rows]
