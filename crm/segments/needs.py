"""Needs-based groups: customers by the category of product that most of their money went to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crm.errors import ValidationFailed
from crm.lifecycle.reports.reading import fetch_wide
from crm.segments.computed import Computed

SOURCE = "Kotler & Keller, Marketing Management: segmenting by need; the share of spending by category stands for it"
SHARE = 0.5
TIMES = 2
"""Whose part of the money this many times as large as everybody's is, has the need as well, with less than SHARE."""
MONTHS = 24
MOST = 12
MOSTLY = "Mostly "

# The months are those before the last order of all: an organisation whose data ended some time ago has its groups too.
_SHARES = """
WITH until AS MATERIALIZED (
    SELECT least($1::timestamptz::date, max(latest_day)) AS day FROM customer_total
), spent AS (
    SELECT d.customer_id, p.category, sum(d.revenue) AS amount
    FROM product_day d JOIN product p ON p.id = d.product_id
    WHERE p.category IS NOT NULL AND d.day > (SELECT day FROM until) - make_interval(months => $2)
      AND d.day <= (SELECT day FROM until)
    GROUP BY d.customer_id, p.category
), usual AS (
    SELECT category, sum(amount) / nullif(sum(sum(amount)) OVER (), 0) AS part FROM spent GROUP BY category
), best AS (
    SELECT DISTINCT ON (customer_id) customer_id, category, amount,
           sum(amount) OVER (PARTITION BY customer_id) AS total
    FROM spent ORDER BY customer_id, amount DESC, category
)
SELECT category, array_agg(customer_id) AS customers FROM best JOIN usual USING (category)
WHERE total > 0 AND amount >= least($3, $5::int * part) * total
GROUP BY category ORDER BY count(*) DESC, category LIMIT $4
"""


async def groups(now: datetime) -> list[Computed]:
    """One group a category: those who spent most on it in the last two years, at least half of their money or twice
    the part that all customers together spent on it.

    Raises ValidationFailed when no order says what kind of thing was bought.
    """
    rows = await fetch_wide(_SHARES, now, MONTHS, SHARE, MOST, TIMES)
    if not rows:
        raise ValidationFailed(
            "No order has lines with products of a category; record orders with lines to group by needs.",
            path=("groups",),
        )
    return [_group(number, row["category"], row["customers"]) for number, row in enumerate(rows, start=1)]


def _group(number: int, category: str, customers: list[UUID]) -> Computed:
    return Computed(
        f"needs-{number}",
        f"{MOSTLY}{category}"[:200],
        f"Spent more on {category} than on anything else in the last {MONTHS} months: at least {SHARE:.0%} of their "
        f"money, or {TIMES} times the part that all customers spend on it. Source: {SOURCE}.",
        customers,
    )
