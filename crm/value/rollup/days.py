"""The days on which customers bought, recomputed from their orders; what else the roll-up holds follows them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from crm.database import execute, fetch
from crm.value.rollup import products, totals

_COLUMNS = "revenue, list_revenue, cost_of_goods, orders, purchases, uncosted_revenue"

# A cancelled order never was a purchase; what was refunded nets its day, and its list price with it. An order given
# back whole is no purchase, but free goods are. The day is that of the organisation's clock. Money has four digits
# after the point and is counted in ten-thousandths: nothing is rounded twice.
DAYS = """
SELECT o.customer_id,
       (o.placed_at AT TIME ZONE $1)::date AS day,
       (sum(o.base_amount - round(o.refunded * o.exchange_rate, 4)) * 10000)::int8 AS revenue,
       (sum(round((CASE WHEN o.amount > 0 THEN o.list_amount * (1 - o.refunded / o.amount) ELSE o.list_amount END)
                  * o.exchange_rate, 4)) * 10000)::int8 AS list_revenue,
       (sum(coalesce(o.base_cost, 0)) * 10000)::int8 AS cost_of_goods,
       count(*) AS orders,
       count(*) FILTER (WHERE o.amount = 0 OR o.refunded < o.amount) AS purchases,
       (coalesce(sum(o.base_amount - round(o.refunded * o.exchange_rate, 4)) FILTER (WHERE o.base_cost IS NULL), 0)
        * 10000)::int8 AS uncosted_revenue
FROM "order" o
WHERE o.status <> 'CANCELLED'
"""
_INSERT = f"""
INSERT INTO customer_day (id, created_at, updated_at, customer_id, day, {_COLUMNS})
SELECT uuidv7(), now(), now(), fresh.* FROM (
"""  # noqa: S608 - constants

# Which day is a customer's first purchase day may change with any of its days.
_FIRST = """
UPDATE customer_day d SET is_first = NOT d.is_first
FROM (SELECT customer_id, min(day) FILTER (WHERE purchases > 0) AS day
      FROM customer_day WHERE customer_id = ANY($1::uuid[]) GROUP BY 1) f
WHERE d.customer_id = f.customer_id AND d.is_first <> coalesce(d.day = f.day, false)
"""
_DROP = "DELETE FROM customer_day WHERE customer_id = $1 AND day = ANY($2::date[])"
_ADD = f"""{_INSERT}
{DAYS} AND o.customer_id = $2 AND (o.placed_at AT TIME ZONE $1)::date = ANY($3::date[])
GROUP BY 1, 2) fresh
"""
_DROP_PAIRS = """
DELETE FROM customer_day d USING unnest($1::uuid[], $2::date[]) AS pair(customer_id, day)
WHERE d.customer_id = pair.customer_id AND d.day = pair.day
"""
# The first days of new customers are right at once, which spares the statement after it a second version of each.
_ADD_PAIRS = f"""
INSERT INTO customer_day (id, created_at, updated_at, customer_id, day, {_COLUMNS}, is_first)
SELECT uuidv7(), now(), now(), fresh.*,
       coalesce(fresh.day = min(fresh.day) FILTER (WHERE fresh.purchases > 0)
                            OVER (PARTITION BY fresh.customer_id), false)
       AND NOT EXISTS (SELECT FROM customer_day e WHERE e.customer_id = fresh.customer_id AND e.is_first)
FROM (
{DAYS} AND o.customer_id = ANY($2::uuid[])
  AND (o.customer_id, (o.placed_at AT TIME ZONE $1)::date) IN (SELECT * FROM unnest($3::uuid[], $4::date[]))
GROUP BY 1, 2) fresh
"""  # noqa: S608 - constants
_ALL = f"""
INSERT INTO customer_day (id, created_at, updated_at, customer_id, day, {_COLUMNS}, is_first)
SELECT uuidv7(), now(), now(), fresh.*,
       coalesce(fresh.day = min(fresh.day) FILTER (WHERE fresh.purchases > 0)
                            OVER (PARTITION BY fresh.customer_id), false)
FROM (
{DAYS} AND ($2::uuid[] IS NULL OR o.customer_id = ANY($2::uuid[]))
GROUP BY 1, 2 ORDER BY 1, 2) fresh
"""  # noqa: S608 - constants


async def refresh_days(customer_id: UUID, days: set[date], time_zone: str) -> None:
    """Recompute some days of one customer from its orders, inside the caller's transaction."""
    await fetch("SELECT id FROM customer WHERE id = $1 FOR NO KEY UPDATE", customer_id)
    await execute(_DROP, customer_id, sorted(days))
    await execute(_ADD, time_zone, customer_id, sorted(days))
    await execute(_FIRST, [customer_id])
    await totals.refresh([customer_id])
    await products.refresh([(customer_id, day) for day in days], time_zone)


async def refresh_pairs(
    pairs: set[tuple[UUID, date]], time_zone: str, *, lined: Collection[tuple[UUID, date]] = ()
) -> None:
    """Recompute some days of many customers, which the caller has locked, inside its transaction.

    lined: those on which lines of orders changed too.
    """
    if not pairs:
        return
    customers, days = map(list, zip(*sorted(pairs), strict=True))
    await execute(_DROP_PAIRS, customers, days)
    touched = sorted(set(customers))
    await execute(_ADD_PAIRS, time_zone, touched, customers, days)
    await execute(_FIRST, touched)
    await totals.refresh(touched)
    await products.refresh(lined, time_zone)


async def rebuild(time_zone: str, customer_ids: list[UUID] | None = None) -> None:
    """Recompute all days of these customers, or of everybody, inside the caller's transaction."""
    if customer_ids is None:
        await execute("DELETE FROM customer_day")
    else:
        await execute("DELETE FROM customer_day WHERE customer_id = ANY($1::uuid[])", customer_ids)
    await execute(_ALL, time_zone, customer_ids)
    await (totals.rebuild() if customer_ids is None else totals.refresh(customer_ids))
    await products.rebuild(time_zone, customer_ids)
