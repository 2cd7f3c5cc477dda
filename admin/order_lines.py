"""What an order was made of, as its page shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crm.database import fetch

SHOWN = 200
_LINES = """
SELECT l.product_id, coalesce(p.name, l.description) AS name, p.sku, l.description,
       l.quantity, l.unit_price, l.discount, l.amount, l.cost_of_goods
FROM order_line l LEFT JOIN product p ON p.id = l.product_id
WHERE l.order_id = $1 ORDER BY l.position, l.id LIMIT $2
"""


async def of(order: UUID) -> list[dict[str, Any]]:
    """The lines of an order in their order; the first of them where it has more than a page can show."""
    return [dict(row) for row in await fetch(_LINES, order, SHOWN)]
