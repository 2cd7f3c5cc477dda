"""Who is connected to whom: neighbours within some steps, trees of organisations and referrals, and their totals."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.errors import ValidationFailed
from crm.relationships import INVERSE_NAMES, TREES
from crm.rules.predicate import predicate
from crm.visibility import need_visible
from models import RelationshipKind

MAX_STEPS = 6
MAX_NODES = 1_000
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Node:
    """A customer, and how many steps it is away; in a tree, below the root."""

    customer_id: UUID
    name: str
    kind: str
    distance: int
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship that holds between two nodes; `inverse` is its name seen from the related one."""

    customer_id: UUID
    related_id: UUID
    kind: RelationshipKind

    @property
    def inverse(self) -> str:
        return INVERSE_NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class Network:
    """`complete` is false when there are more nodes than were asked for; the nearest are kept."""

    nodes: list[Node]
    links: list[Link]
    complete: bool


_NEAR = """
WITH RECURSIVE near(id, distance) AS (
    SELECT $1::uuid, 0
    UNION
    SELECT CASE WHEN r.customer_id = n.id THEN r.related_id ELSE r.customer_id END, n.distance + 1
    FROM near n
    JOIN relationship r ON n.id IN (r.customer_id, r.related_id) AND r.until IS NULL AND r.kind = ANY($3::text[])
    JOIN customer c ON c.id = CASE WHEN r.customer_id = n.id THEN r.related_id ELSE r.customer_id END
    WHERE n.distance < $2 AND {visible}
)
SELECT n.id AS customer_id, c.display_name AS name, c.kind, min(n.distance) AS distance
FROM near n JOIN customer c ON c.id = n.id
GROUP BY n.id, c.display_name, c.kind ORDER BY distance, n.id LIMIT $4
"""
_LINKS = """
SELECT customer_id, related_id, kind FROM relationship
WHERE until IS NULL AND customer_id = ANY($1::uuid[]) AND related_id = ANY($1::uuid[]) AND kind = ANY($2::text[])
ORDER BY id
"""


async def near(
    actor: Actor,
    customer_id: UUID,
    *,
    steps: int = 2,
    kinds: Collection[RelationshipKind] | None = None,
    limit: int = 200,
) -> Network:
    """Everybody within some steps over relationships that hold, in either direction, and the links among them.

    Customers whom the actor may not see do not exist, nor do ways through them. Raises NotFound, ValidationFailed,
    Forbidden.
    """
    need(actor, Scope.CUSTOMER_READ)
    _within("steps", steps, MAX_STEPS)
    _within("limit", limit, MAX_NODES)
    await need_visible(actor, customer_id)
    chosen = [kind.value for kind in (kinds or RelationshipKind)]
    visible, values = await _visible(actor, 5)
    rows = await fetch_read(_NEAR.format(visible=visible), customer_id, steps, chosen, limit + 1, *values)
    nodes = [Node(**dict(row)) for row in rows[:limit]]
    links = await fetch_read(_LINKS, [node.customer_id for node in nodes], chosen)
    found = [Link(row["customer_id"], row["related_id"], RelationshipKind(row["kind"])) for row in links]
    return Network(nodes, found, len(rows) <= limit)


def _within(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise ValidationFailed(f"{name} is {value}; it goes from 1 to {most}.", path=(name,))


async def _visible(actor: Actor, first_parameter: int) -> tuple[str, list[Any]]:
    if actor.row_filter is None:
        return "true", []
    return await predicate(actor.row_filter, alias="c", first_parameter=first_parameter)


# Each has one above it, so nobody comes up twice; UNION ends circles that older data may hold.
_BELOW = """
WITH RECURSIVE below(id, parent_id, distance) AS (
    SELECT $1::uuid, NULL::uuid, 0
    UNION
    SELECT r.customer_id, b.id, b.distance + 1
    FROM below b JOIN relationship r ON r.related_id = b.id AND r.kind = $2 AND r.until IS NULL
    JOIN customer c ON c.id = r.customer_id
    WHERE b.distance < $3 AND {visible}
)"""
_TREE = (
    _BELOW
    + """
SELECT DISTINCT ON (b.distance, b.id) b.id AS customer_id, c.display_name AS name, c.kind, b.distance, b.parent_id
FROM below b JOIN customer c ON c.id = b.id ORDER BY b.distance, b.id LIMIT $4
"""
)
_ABOVE = """
WITH RECURSIVE above(id, distance) AS (
    SELECT $1::uuid, 0
    UNION
    SELECT r.related_id, a.distance + 1
    FROM above a JOIN relationship r ON r.customer_id = a.id AND r.kind = $2 AND r.until IS NULL
    JOIN customer c ON c.id = r.related_id
    WHERE a.distance < $3 AND {visible}
)
SELECT a.id AS customer_id, c.display_name AS name, c.kind, a.distance
FROM above a JOIN customer c ON c.id = a.id ORDER BY a.distance
"""


async def tree(
    actor: Actor, root_id: UUID, *, kind: RelationshipKind = RelationshipKind.PARENT_COMPANY, limit: int = 500
) -> list[Node]:
    """A customer and all below it: subsidiaries of subsidiaries, or whom those brought whom it referred.

    Nearest first, at most 50 levels. Raises NotFound, ValidationFailed (a kind that makes no tree), Forbidden.
    """
    need(actor, Scope.CUSTOMER_READ)
    _within("limit", limit, MAX_NODES)
    rows = await _climb(actor, _TREE, root_id, kind, limit)
    return [Node(**dict(row)) for row in rows]


async def chain(
    actor: Actor, customer_id: UUID, *, kind: RelationshipKind = RelationshipKind.REFERRED_BY
) -> list[Node]:
    """The way up from a customer: who referred it, who referred that one, and so on; or its parents."""
    need(actor, Scope.CUSTOMER_READ)
    return [Node(**dict(row)) for row in await _climb(actor, _ABOVE, customer_id, kind)]


async def _climb(actor: Actor, statement: str, start: UUID, kind: RelationshipKind, *more: int) -> list[Any]:
    if kind not in TREES:
        raise ValidationFailed(f"{kind} makes no tree; these do: {', '.join(sorted(TREES))}.", path=("kind",))
    await need_visible(actor, start)
    visible, values = await _visible(actor, 4 + len(more))
    return await fetch_read(statement.format(visible=visible), start, kind.value, MAX_DEPTH, *more, *values)


@dataclass(frozen=True, slots=True)
class Total:
    """What a tree amounts to, each customer once, its people included if asked for.

    Money is in the run's `currency`; sums over the `valued` customers of the current run, None without a run.
    """

    customers: int
    people: int
    orders: int
    interactions: int
    valued: int
    revenue: Decimal | None
    net_profit: Decimal | None
    clv: Decimal | None
    currency: str | None


_TOTAL = (
    _BELOW
    + """, member AS (
    SELECT id, false AS person FROM below
    UNION
    SELECT r.customer_id, true FROM relationship r JOIN below b ON b.id = r.related_id
    JOIN customer c ON c.id = r.customer_id
    WHERE $4 AND r.kind = 'EMPLOYED_BY' AND r.until IS NULL AND {visible}
      AND r.customer_id NOT IN (SELECT id FROM below)
), run AS (SELECT id, currency FROM value_run WHERE is_current)
SELECT count(*) AS customers, count(*) FILTER (WHERE m.person) AS people, count(v.id) AS valued,
       (SELECT count(*) FROM "order" o WHERE o.customer_id IN (SELECT id FROM member)) AS orders,
       (SELECT count(*) FROM interaction i WHERE i.customer_id IN (SELECT id FROM member)) AS interactions,
       sum(v.revenue) AS revenue, sum(v.net_profit) AS net_profit, sum(v.clv) AS clv,
       (SELECT currency FROM run) AS currency
FROM member m LEFT JOIN value_snapshot v ON v.customer_id = m.id AND v.run_id = (SELECT id FROM run)
"""
)


async def total(
    actor: Actor,
    root_id: UUID,
    *,
    kind: RelationshipKind = RelationshipKind.PARENT_COMPANY,
    people: bool = False,
) -> Total:
    """Value and activity of a customer and all below it; nobody counts twice, whoever works for two of them included.

    Raises NotFound, ValidationFailed, Forbidden.
    """
    need(actor, Scope.CUSTOMER_READ, Scope.VALUE_READ, Scope.ORDER_READ, Scope.INTERACTION_READ)
    if kind not in TREES:
        raise ValidationFailed(f"{kind} makes no tree; these do: {', '.join(sorted(TREES))}.", path=("kind",))
    await need_visible(actor, root_id)
    visible, values = await _visible(actor, 5)
    rows = await fetch_read(_TOTAL.format(visible=visible), root_id, kind.value, MAX_DEPTH, people, *values)
    return Total(**dict(rows[0]))
