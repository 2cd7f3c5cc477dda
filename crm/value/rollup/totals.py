"""All days of each customer in sum, which is what a run reads of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from crm.database import execute

_COLUMNS = (
    "first_day, last_day, latest_day, purchases, orders, revenue, first_revenue, list_revenue, cost_of_goods, "
    "uncosted_revenue"
)
_SUMS = """
SELECT customer_id, min(d.day) FILTER (WHERE d.purchases > 0), max(d.day) FILTER (WHERE d.purchases > 0), max(d.day),
       count(*) FILTER (WHERE d.purchases > 0), coalesce(sum(d.orders), 0), coalesce(sum(d.revenue), 0)::int8,
       coalesce(sum(d.revenue) FILTER (WHERE d.is_first), 0)::int8, coalesce(sum(d.list_revenue), 0)::int8,
       coalesce(sum(d.cost_of_goods), 0)::int8, coalesce(sum(d.uncosted_revenue), 0)::int8
"""
_INSERT = f"""
INSERT INTO customer_total (id, created_at, updated_at, customer_id, {_COLUMNS})
SELECT uuidv7(), now(), now(), found.* FROM ({_SUMS} FROM """  # noqa: S608 - constants
# Who has no day left keeps a row of zeros, which says the same as none and spares a statement.
_REFRESH = (
    _INSERT
    + "unnest($1::uuid[]) k(customer_id) LEFT JOIN customer_day d USING (customer_id) GROUP BY 1) found "
    + f"ON CONFLICT (customer_id) DO UPDATE SET (updated_at, {_COLUMNS}) = (now(), "
    + ", ".join(f"excluded.{name.strip()}" for name in _COLUMNS.split(","))
    + ")"
)
_EVERYBODY = _INSERT + "customer_day d GROUP BY 1) found"


async def refresh(customer_ids: Sequence[UUID]) -> None:
    """Add up the days of customers, whom the caller has locked and whose days it has written."""
    await execute(_REFRESH, list(customer_ids))


async def rebuild() -> None:
    """Add up the days of everybody."""
    await execute("DELETE FROM customer_total")
    await execute(_EVERYBODY)
