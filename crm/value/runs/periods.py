"""Profit by period, and where each period's profit put customers in the profitability matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import MAXYEAR, date
from decimal import Decimal
from typing import Any
from uuid import UUID

from crm import organization
from crm.access import Actor, Scope, need
from crm.errors import Blocked, ValidationFailed
from crm.value.assumptions import Assumptions
from crm.value.runs import settings
from crm.value.runs.inputs import amounts_as_json, touch_cost
from crm.value.runs.portfolio import MONTHS, MOST_PERIODS, CohortGrain
from crm.value.runs.refresh import current
from crm.value.runs.seeing import seen
from crm.visibility import need_visible

MOST_MATRICES = 12

# $1 the first days of the periods and the day after the last, $2 and $3 the first and the last of these, $4 time zone,
# $5 base currency, $6 and $7 what interactions cost, $8 share of revenue that goods cost where nobody recorded it, $9
# whether that holds for all revenue. A period is told by its number: to look that up is several times as fast as to
# truncate dates. {of} is the condition of being about certain customers, for nobody has to be looked up otherwise.
_DAYS = "width_bucket(d.day, $1::date[]) AS p"
_DAY = "width_bucket(({at} AT TIME ZONE $4)::date, $1::date[]) AS p"
_WITHIN = "{at} >= $2::date::timestamp AT TIME ZONE $4 AND {at} < $3::date::timestamp AT TIME ZONE $4"
_COSTS = f"""
SELECT k.customer_id, {_DAY.format(at="k.occurred_at")},
       CASE WHEN k.activity <> 'ACQUISITION' THEN k.base_amount ELSE 0 END AS serving,
       CASE WHEN k.activity = 'ACQUISITION' THEN k.base_amount ELSE 0 END AS acquisition
FROM cost_entry k WHERE {_WITHIN.format(at="k.occurred_at")} {{of}}
UNION ALL
SELECT t.customer_id, {_DAY.format(at="t.occurred_at")}, coalesce({touch_cost("$5", "$6", "$7")}, 0), 0
FROM interaction t WHERE {_WITHIN.format(at="t.occurred_at")} {{of}}
"""  # noqa: S608 - constants
_BOUGHT = "FROM customer_day d WHERE d.day >= $2 AND d.day < $3 {of}"
_GOODS = """
CASE WHEN $9 THEN sum(revenue) * $8::numeric ELSE sum(goods) + sum(uncosted) * $8::numeric END
"""
_WHO = """
WITH RECURSIVE below(id) AS (
    SELECT $10::uuid
    UNION SELECT r.customer_id FROM below b JOIN relationship r ON r.related_id = b.id
    WHERE r.kind = 'PARENT_COMPANY' AND r.until IS NULL AND $11
), who AS (SELECT c.id FROM customer c WHERE ($10 IS NULL OR c.id IN (SELECT id FROM below)) AND {who})
"""
_PROFIT = f"""
{_WHO}
SELECT p, sum(buyers)::int AS buyers, sum(orders)::int AS orders, sum(revenue) AS revenue,
       sum(listed) - sum(revenue) AS discounts, round({_GOODS}, 4) AS cost_of_goods,
       round(sum(serving), 4) AS cost_to_serve, sum(acquisition) AS acquisition_cost
FROM (
    SELECT {_DAYS}, 0 AS buyers, sum(d.orders) AS orders, sum(d.revenue) * 0.0001 AS revenue,
           sum(d.list_revenue) * 0.0001 AS listed, sum(d.cost_of_goods) * 0.0001 AS goods,
           sum(d.uncosted_revenue) * 0.0001 AS uncosted, 0 AS serving, 0 AS acquisition
    {_BOUGHT} GROUP BY 1
    UNION ALL
    SELECT p, count(*), 0, 0, 0, 0, 0, 0, 0
    FROM (SELECT d.customer_id, {_DAYS} {_BOUGHT} AND d.orders > 0 GROUP BY 1, 2) one GROUP BY 1
    UNION ALL
    SELECT p, 0, 0, 0, 0, 0, 0, sum(serving), sum(acquisition) FROM ({_COSTS}) spent GROUP BY 1
) ledger GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - constants
PLACED = f"""
WITH who AS (SELECT c.id FROM customer c WHERE {{who}}), bought AS (
    SELECT d.customer_id, {_DAYS}, sum(d.revenue) * 0.0001 AS revenue, sum(d.list_revenue) * 0.0001 AS listed,
           sum(d.cost_of_goods) * 0.0001 AS goods, sum(d.uncosted_revenue) * 0.0001 AS uncosted {_BOUGHT} GROUP BY 1, 2
), spent AS (
    SELECT customer_id, p, sum(serving) AS serving, sum(acquisition) AS acquisition FROM ({_COSTS}) each GROUP BY 1, 2
), ledger AS (
    SELECT p, coalesce(revenue, 0) AS revenue, coalesce(listed, 0) AS listed, coalesce(serving, 0) AS serving,
           CASE WHEN $9 THEN coalesce(revenue, 0) * $8::numeric
                ELSE coalesce(goods, 0) + coalesce(uncosted, 0) * $8::numeric END + coalesce(acquisition, 0) AS other,
           customer_id
    FROM bought FULL JOIN spent USING (customer_id, p)
), placed AS (
    SELECT customer_id, p, revenue, revenue - serving - other AS profit,
           CASE WHEN revenue <= 0 OR listed <= 0 THEN NULL
                WHEN revenue > $10::numeric * listed
                THEN CASE WHEN serving > $11::numeric * revenue THEN 'CARRIAGE_TRADE' ELSE 'PASSIVE' END
                ELSE CASE WHEN serving > $11::numeric * revenue THEN 'AGGRESSIVE' ELSE 'BARGAIN_BASEMENT' END
           END AS cell
    FROM ledger
)
"""  # noqa: S608 - constants
_MATRIX = PLACED + (
    "SELECT p, cell, count(*) AS customers, round(sum(revenue), 4) AS revenue, round(sum(profit), 4) AS profit "
    "FROM placed GROUP BY 1, 2 ORDER BY 1, 2"
)
_MOVES = (
    PLACED
    + """
SELECT a.cell AS origin, b.cell AS target, count(*) AS customers,
       round(sum(coalesce(b.profit, 0) - coalesce(a.profit, 0)), 4) AS profit
FROM (SELECT * FROM placed WHERE p = 1) a
FULL JOIN (SELECT * FROM placed WHERE p = 2) b ON b.customer_id = a.customer_id
GROUP BY 1, 2 ORDER BY 1, 2
"""
)


@dataclass(frozen=True)
class PeriodProfit:
    """What one period brought, in the base currency; periods in which nothing happened are there too.

    buyers: customers with an order that counted. margin: revenue less goods; net_profit: less both costs.
    """

    period: date
    buyers: int
    orders: int
    revenue: Decimal
    discounts: Decimal
    cost_of_goods: Decimal
    cost_to_serve: Decimal
    acquisition_cost: Decimal

    @property
    def gross_margin(self) -> Decimal:
        return self.revenue - self.cost_of_goods

    @property
    def net_profit(self) -> Decimal:
        return self.gross_margin - self.cost_to_serve - self.acquisition_cost


NOTHING: dict[str, Any] = dict.fromkeys((entry.name for entry in fields(PeriodProfit)), Decimal(0)) | {
    "buyers": 0,
    "orders": 0,
}
"""A period in which nothing happened, but for its day."""


@dataclass(frozen=True)
class PeriodCell:
    """Customers of one cell of the matrix in one period; None: they bought nothing in it, though they cost."""

    period: date
    cell: str | None
    customers: int
    revenue: Decimal
    profit: Decimal


@dataclass(frozen=True)
class PeriodMove:
    """Customers who went from one cell to another from a period to the next; None: they bought nothing."""

    origin: str | None
    target: str | None
    customers: int
    profit: Decimal


async def profit_periods(
    actor: Actor,
    *,
    grain: CohortGrain = CohortGrain.QUARTER,
    since: date,
    until: date,
    customer_id: UUID | None = None,
    tree: bool = False,
) -> list[PeriodProfit]:
    """Profit of each period that begins from `since` and before `until`: of everybody, or of one customer.

    `tree` adds all companies below the customer, each once. Raises NotFound, ValidationFailed, Forbidden.
    """
    first_days = list(starts(since, until, grain, MOST_PERIODS))
    if customer_id is not None:
        need(actor, Scope.VALUE_READ)
        await need_visible(actor, customer_id)
    given = await values([*first_days, after(first_days[-1], grain)])
    statement = about(_PROFIT, everybody=customer_id is None and actor.row_filter is None)
    found = await seen(actor, statement, *given, customer_id, tree)
    rows = {first_days[row["p"] - 1]: without_number(row) for row in found}
    return [PeriodProfit(**{**NOTHING, **rows.get(day, {}), "period": day}) for day in first_days]


async def matrix_periods(
    actor: Actor,
    *,
    grain: CohortGrain = CohortGrain.QUARTER,
    since: date,
    until: date,
    where: dict[str, Any] | None = None,
) -> list[PeriodCell]:
    """The profitability matrix of each period by itself, all cut where the published run cut.

    Raises Blocked before a run found cuts, ValidationFailed, Forbidden.
    """
    first_days = list(starts(since, until, grain, MOST_MATRICES))
    given = await values([*first_days, after(first_days[-1], grain)])
    statement = about(_MATRIX, everybody=where is None and actor.row_filter is None)
    found = await seen(actor, statement, *given, *await cuts(), where=where)
    return [PeriodCell(period=first_days[row["p"] - 1], **without_number(row)) for row in found]


async def matrix_moves(
    actor: Actor, *, grain: CohortGrain = CohortGrain.QUARTER, period: date, where: dict[str, Any] | None = None
) -> list[PeriodMove]:
    """Who went from which cell to which, from the period that holds a day to the one after it. Raises as above."""
    start = first_day(period, grain)
    second = after(start, grain, "period")
    given = await values([start, second, after(second, grain, "period")])
    statement = about(_MOVES, everybody=where is None and actor.row_filter is None)
    return [PeriodMove(**row) for row in await seen(actor, statement, *given, *await cuts(), where=where)]


def about(statement: str, *, everybody: bool) -> str:
    """The statement about everybody, or about those whom `who` finds."""
    return statement.replace("{of}", "" if everybody else "AND customer_id IN (SELECT id FROM who)")


def without_number(row: Any) -> dict[str, Any]:
    """A row but for the number of its period."""
    return {name: value for name, value in dict(row).items() if name != "p"}


def first_day(day: date, grain: CohortGrain) -> date:
    """The first day of the month, quarter or year of a day."""
    months = MONTHS[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def after(start: date, grain: CohortGrain, name: str = "until") -> date:
    """The first day of the next period. Raises ValidationFailed naming `name` at the calendar's end."""
    month = start.year * 12 + start.month - 1 + MONTHS[grain]
    if month // 12 > MAXYEAR:
        raise ValidationFailed(f"The period of {start} is the calendar's last: choose an earlier day.", path=(name,))
    return date(month // 12, month % 12 + 1, 1)


def starts(since: date, until: date, grain: CohortGrain, most: int) -> Iterator[date]:
    """The first days of the periods from that which holds `since`; none begins on `until` or later."""
    if since >= until:
        raise ValidationFailed(f"since {since} must lie before until {until}.", path=("since",))
    start, count = first_day(since, grain), 0
    while start < until:
        if count == most:
            raise ValidationFailed(
                f"From {since} to {until} there are more than {most} periods: choose a longer grain or a shorter time.",
                path=("until",),
            )
        yield start
        start, count = after(start, grain), count + 1


async def values(bounds: list[date]) -> list[Any]:
    """The parameters that statements over periods share."""
    house, assumed = await organization.current(), await settings.current()
    return [bounds, bounds[0], bounds[-1], house.time_zone, house.base_currency, *_rates(assumed)]


def _rates(assumed: Assumptions) -> list[Any]:
    costs = [amounts_as_json(assumed.unit_costs), assumed.hourly_cost]
    return [*costs, 1 - assumed.margin_rate, assumed.margin_basis == "RATE"]


async def cuts() -> list[Decimal]:
    """The chosen cuts, else those of the published run."""
    assumed, run = await settings.current(), await current()
    found = (run.findings.price_cut, run.findings.cost_cut) if run else (None, None)
    cuts = [
        cut if cut is not None else at for cut, at in zip((assumed.price_cut, assumed.cost_cut), found, strict=True)
    ]
    if None in cuts:
        raise Blocked(
            "No value run found where the matrix is cut: customers do not differ both in price realised and in cost to "
            "serve. Record list prices, costs and interactions and start a run, or set priceCut and costCut."
        )
    return [Decimal(str(cut)) for cut in cuts]
