"""The days on which customers bought each product, recomputed from the lines of their orders."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from crm.database import execute

# Lines of orders that were kept, at least in part; what was refunded takes its share of each line's revenue. $1: the
# organisation's time zone.
_DAYS = """
INSERT INTO product_day (id, created_at, updated_at, customer_id, day, product_id, revenue, cost_of_goods,
                         uncosted_revenue)
SELECT uuidv7(), now(), now(), kept.* FROM (
    SELECT o.customer_id, (o.placed_at AT TIME ZONE $1)::date AS day, l.product_id,
           (sum(round(l.amount * (1 - o.refunded / o.amount) * o.exchange_rate, 4)) * 10000)::int8,
           (sum(round(coalesce(l.cost_of_goods, 0) * o.exchange_rate, 4)) * 10000)::int8,
           (coalesce(sum(round(l.amount * (1 - o.refunded / o.amount) * o.exchange_rate, 4))
                     FILTER (WHERE l.cost_of_goods IS NULL), 0) * 10000)::int8
    FROM "order" o JOIN order_line l ON l.order_id = o.id
    WHERE o.status <> 'CANCELLED' AND o.refunded < o.amount AND l.product_id IS NOT NULL AND {which}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) kept
"""
_ADD_PAIRS = _DAYS.format(
    which="o.customer_id = ANY($2::uuid[]) AND (o.customer_id, (o.placed_at AT TIME ZONE $1)::date) "
    "IN (SELECT * FROM unnest($2::uuid[], $3::date[]))"
)
_ADD_ALL = _DAYS.format(which="($2::uuid[] IS NULL OR o.customer_id = ANY($2::uuid[]))")
_DROP_PAIRS = """
DELETE FROM product_day d USING unnest($1::uuid[], $2::date[]) AS pair(customer_id, day)
WHERE d.customer_id = pair.customer_id AND d.day = pair.day
"""
_DROP_ALL = "DELETE FROM product_day WHERE $1::uuid[] IS NULL OR customer_id = ANY($1::uuid[])"


async def refresh(pairs: Collection[tuple[UUID, date]], time_zone: str) -> None:
    """Recompute some days of customers, whom the caller has locked, from the lines of their orders."""
    if not pairs:
        return
    customers, days = map(list, zip(*sorted(pairs), strict=True))
    await execute(_DROP_PAIRS, customers, days)
    await execute(_ADD_PAIRS, time_zone, customers, days)


async def rebuild(time_zone: str, customer_ids: list[UUID] | None) -> None:
    """Recompute all days of these customers, or of everybody."""
    await execute(_DROP_ALL, customer_ids)
    await execute(_ADD_ALL, time_zone, customer_ids)
