"""Reads what is known of customers at a moment out of the tables, in one pass over the daily roll-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crm.database import fetch, fetch_value
from crm.value.assumptions import Assumptions
from crm.value.book import EARLY, ENTRY, NEVER, Book
from crm.value.judging import all_judges
from crm.value.rfm import GROUPS
from crm.value.runs.copying import copied

EPOCH = date(1970, 1, 1)
SHORTEST_HOLDOUT = 14
LONGEST_HOLDOUT = 365


@dataclass(frozen=True)
class Moment:
    """A point in time, and what it is by the organisation's clock: nothing after it is seen."""

    at: datetime
    time_zone: str
    currency: str

    @property
    def day(self) -> date:
        return self.at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def end(self) -> int:
        return (self.day - EPOCH).days


# Times of the day are read by the organisation's clock; everything after the moment is not seen. Money is counted in
# ten-thousandths.
DAYS = """
SELECT customer_id,
       (min(day) FILTER (WHERE purchases > 0)) - DATE '1970-01-01' AS first_day,
       (max(day) FILTER (WHERE purchases > 0)) - DATE '1970-01-01' AS last_day,
       count(*) FILTER (WHERE purchases > 0) AS purchases,
       sum(orders) AS orders,
       sum(revenue)::int8 AS revenue,
       sum(revenue) FILTER (WHERE is_first)::int8 AS first_revenue,
       sum(list_revenue)::int8 AS list_revenue,
       sum(cost_of_goods)::int8 AS goods,
       sum(uncosted_revenue)::int8 AS uncosted
FROM customer_day WHERE day <= $1::date {only} GROUP BY customer_id
"""
# The totals of those whose last day is over at the moment; of the others, who have to be few, the days until then are
# looked up and added up.
TOTALS = (
    """
(SELECT customer_id, first_day - DATE '1970-01-01' AS first_day, last_day - DATE '1970-01-01' AS last_day,
        purchases::int8 AS purchases, orders::int8 AS orders, revenue, first_revenue, list_revenue,
        cost_of_goods AS goods, uncosted_revenue AS uncosted
 FROM customer_total WHERE latest_day <= $1::date {only} ORDER BY customer_id)
UNION ALL
(SELECT d.* FROM (
    SELECT customer_id FROM customer_total WHERE latest_day > $1::date {only} ORDER BY customer_id
 ) late, LATERAL (
"""
    + DAYS.format(only="AND customer_id = late.customer_id")
    + """) d)
"""
)
FEW_LATE = 20_000
"""Up to so many customers are looked up one by one; if more bought after the moment, everybody's days are added up."""
_LATE = "SELECT count(*) FROM (SELECT FROM customer_total WHERE latest_day > $1 LIMIT $2 + 1) late"


async def bought_until(moment: Moment) -> str:
    """What everybody bought until the moment, the quickest way to say it: DAYS or TOTALS."""
    return DAYS if await fetch_value(_LATE, moment.day, FEW_LATE) > FEW_LATE else TOTALS


_COSTS = """
SELECT customer_id,
       sum(base_amount) FILTER (WHERE activity = 'ACQUISITION') AS acquisition,
       sum(base_amount) FILTER (WHERE activity <> 'ACQUISITION') AS serving
FROM cost_entry WHERE occurred_at <= $2 {only} GROUP BY customer_id
"""


def touch_cost(currency: str, unit_costs: str, hourly: str) -> str:
    """The cost of the interaction `t` as SQL: what was noted, else the unit cost of its kind or channel, and its time.

    The arguments name parameters: the base currency, the unit costs as JSON, the cost of an hour.
    """
    return (
        f"coalesce(CASE WHEN t.cost_currency = {currency} THEN t.cost ELSE t.cost * ("
        "SELECT rate FROM exchange_rate e WHERE e.currency = t.cost_currency AND e.day <= t.occurred_at::date "
        "ORDER BY e.day DESC LIMIT 1) END, "
        f"coalesce(({unit_costs}::jsonb ->> t.kind)::numeric, ({unit_costs}::jsonb ->> t.channel)::numeric, 0) "
        f"+ coalesce(t.duration_seconds, 0) * {hourly}::numeric / 3600)"
    )


_TOUCHES = """
SELECT customer_id, sum({cost}) AS cost,
       sum(coalesce(($7::jsonb ->> kind)::float8, 0)
           * CASE WHEN lower(outcome) = lower($8) THEN $9::float8 ELSE 1 END) AS points,
       avg(rating::float8 / 10) FILTER (WHERE rating_kind = 'NPS') AS nps,
       avg((rating::float8 - 1) / 4) FILTER (WHERE rating_kind = 'CSAT') AS csat,
       avg((rating::float8 - 1) / 6) FILTER (WHERE rating_kind = 'CES') AS ces,
       avg(coalesce(answered_at <= answer_due_at, false)::int::float8)
           FILTER (WHERE answer_due_at IS NOT NULL AND (answered_at IS NOT NULL OR answer_due_at < $2)) AS kept
FROM interaction t WHERE occurred_at <= $2 {only} GROUP BY customer_id
""".replace("{cost}", touch_cost("$4", "$5", "$6"))
_STAFF = """
SELECT customer_id, count(*) FILTER (WHERE n >= 2) AS breadth, max(n) / sum(n) AS top_share
FROM (SELECT customer_id, staff_id, count(*) AS n FROM interaction
      WHERE staff_id IS NOT NULL AND occurred_at > $2::timestamptz - interval '1 year' AND occurred_at <= $2 {only}
      GROUP BY 1, 2) one GROUP BY customer_id
"""
_GROUPS = "ARRAY[" + ", ".join(f"'{name}'" for name in GROUPS) + "]::text[]"
# The first of the chosen segments that held the customer at the moment.
COHORT = """
SELECT m.customer_id, min(array_position({keys}::text[], g.key::text)) - 1 AS cohort
FROM segment g JOIN segment_membership m ON m.segment_id = g.id
WHERE g.key = ANY({keys}::text[]) AND m.entered_at <= {at} AND (m.exited_at IS NULL OR m.exited_at > {at}) {only}
GROUP BY 1
"""
_BOOK = f"""
SELECT c.id,
       coalesce(d.first_day, {NEVER})::int4, coalesce(d.last_day, {NEVER})::int4,
       coalesce(d.purchases, 0)::int4, coalesce(d.orders, 0)::int4,
       coalesce(d.revenue, 0)::int8, coalesce(d.first_revenue, 0)::int8,
       coalesce(d.list_revenue, 0)::int8, coalesce(d.goods, 0)::int8, coalesce(d.uncosted, 0)::int8,
       round((coalesce(k.serving, 0) + coalesce(i.cost, 0)) * 10000)::int8,
       coalesce(k.acquisition * 10000, 0)::int8,
       coalesce(i.points, 0)::float4, coalesce(i.nps, 'NaN')::float4, coalesce(i.csat, 'NaN')::float4,
       coalesce(i.ces, 'NaN')::float4, coalesce(i.kept, 'NaN')::float4,
       coalesce(s.breadth, 0)::int2, coalesce(s.top_share, 'NaN')::float4,
       coalesce(array_position({_GROUPS}, p.rfm_group::text) - 1, -1)::int2,
       coalesce(array_position({_GROUPS}, p.previous_rfm_group::text) - 1, -1)::int2,
       coalesce(date_part('epoch', p.rfm_changed_at), 'NaN')::float8,
       coalesce(h.cohort, -1)::int2
FROM customer c
LEFT JOIN ({{bought}}) d ON d.customer_id = c.id
LEFT JOIN ({_COSTS}) k ON k.customer_id = c.id
LEFT JOIN ({_TOUCHES}) i ON i.customer_id = c.id
LEFT JOIN ({_STAFF}) s ON s.customer_id = c.id
LEFT JOIN value_snapshot p ON p.run_id = $3 AND p.customer_id = c.id {{prior}}
LEFT JOIN ({COHORT.format(keys="$10", at="$2", only="{only}")}) h ON h.customer_id = c.id
WHERE (d.orders > 0 OR least(c.created_at, c.acquired_at) <= $2) AND c.merged_into_id IS NULL {{some}}
ORDER BY c.id
"""  # noqa: S608 - constants


def book_statement(bought: str, *, only: str = "", some: str = "", prior: str = "") -> str:
    """The statement whose rows are the book's; `bought` is DAYS or TOTALS.

    The others are conditions on `customer_id`, `c.id` and `p.customer_id` for the same customers.
    """
    return _BOOK.format(bought=bought.format(only=only), only=only, some=some, prior=prior)


# Of a few their days are added up, which are at hand in any order of writing.
_SOME = book_statement(DAYS, only="AND customer_id = ANY($11::uuid[])", some="AND c.id = ANY($11::uuid[])")

# $1: customers, $2: the last day before the holdout period. Each is looked up: all days are not read for a few.
_EARLY = """
SELECT k.place::int4, early.purchases, early.last_day, early.revenue
FROM unnest($1::uuid[]) WITH ORDINALITY k(customer_id, place), LATERAL (
    SELECT count(*) FILTER (WHERE d.purchases > 0)::int4 AS purchases,
           ((max(d.day) FILTER (WHERE d.purchases > 0)) - DATE '1970-01-01')::int4 AS last_day,
           sum(d.revenue)::int8 AS revenue
    FROM customer_day d WHERE d.customer_id = k.customer_id AND d.day <= $2::date
) early
"""

_FIRST = """
SELECT coalesce((SELECT min(placed_at)::date FROM "order" WHERE status <> 'CANCELLED'),
                (SELECT min(day) FROM customer_day))
"""


async def holdout_start(moment: Moment, assumed: Assumptions) -> int | None:
    """The last day (since 1970) that models may see when they are judged; None when too little time was observed."""
    first: date | None = await fetch_value(_FIRST)
    observed = (moment.day - first).days if first else 0
    wanted = assumed.holdout_days
    length = min(observed // 3, LONGEST_HOLDOUT) if wanted is None else wanted
    return moment.end - length if SHORTEST_HOLDOUT <= length < observed else None


async def read(
    moment: Moment,
    assumed: Assumptions,
    *,
    early_end: int | None = None,
    prior_run: UUID | None = None,
    customer_ids: Sequence[UUID] | None = None,
) -> Book:
    """The book of everybody, or of some customers, at a moment; inside the caller's transaction."""
    arguments = arguments_of(moment, assumed, prior_run)
    if customer_ids is None:
        rows = await copied(book_statement(await bought_until(moment)), arguments)
    else:
        rows = _entries(await fetch(_SOME, *arguments, list(customer_ids)))
    return await book_of(rows, moment, assumed, early_end)


async def book_of(rows: NDArray[np.void], moment: Moment, assumed: Assumptions, early_end: int | None) -> Book:
    """The book of these rows, and what was known before the holdout period of those who judge the models."""
    book = Book(rows, moment.end, assumed.unit_days, early_end, at=moment.at.timestamp())
    if early_end is None:
        return book
    places = all_judges(book, assumed)
    early = np.zeros(len(book), dtype=EARLY)
    early["purchases"] = -1
    keys = [UUID(bytes=key.tobytes()) for key in rows["customer"][places]]
    for row in await fetch(_EARLY, keys, EPOCH + timedelta(days=early_end)):
        early[places[row["place"] - 1]] = row["purchases"], row["last_day"], row["revenue"]
    return replace(book, early=early)


def arguments_of(moment: Moment, assumed: Assumptions, prior_run: UUID | None) -> list[Any]:
    return [
        moment.day,
        moment.at,
        prior_run,
        moment.currency,
        amounts_as_json(assumed.unit_costs),
        assumed.hourly_cost,
        amounts_as_json(assumed.learning_points),
        assumed.learning_outcome,
        float(assumed.learning_multiplier),
        list(assumed.fit_segments),
    ]


def amounts_as_json(amounts: dict[str, Any]) -> str:
    """Amounts by name as a JSON object, which PostgreSQL reads exactly."""
    return "{" + ", ".join(f'"{name}": {amount}' for name, amount in sorted(amounts.items())) + "}"


def _entries(records: Sequence[Any]) -> NDArray[np.void]:
    return np.array([(record[0].bytes, *tuple(record)[1:]) for record in records], dtype=ENTRY)
