"""Profit by period, and where each period's profit put customers in the profitability matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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

# $1 grain, $2 first day, $3 the day after the last, $4 time zone, $5 base currency, $6 and $7 what interactions cost,
# $8 share of revenue that goods cost where nobody recorded it, $9 whether that holds for all revenue.
_LEDGER = """
entry AS (
    SELECT d.customer_id, date_trunc($1, d.day)::date AS period, d.orders, d.revenue, d.list_revenue,
           CASE WHEN $9 THEN d.revenue * $8::numeric ELSE d.cost_of_goods + d.uncosted_revenue * $8::numeric END
               AS goods,
           0::numeric AS serving, 0::numeric AS acquisition
    FROM customer_day d JOIN who ON who.id = d.customer_id WHERE d.day >= $2 AND d.day < $3
    UNION ALL
    SELECT k.customer_id, date_trunc($1, k.occurred_at AT TIME ZONE $4)::date, 0, 0, 0, 0,
           CASE WHEN k.activity <> 'ACQUISITION' THEN k.base_amount ELSE 0 END,
           CASE WHEN k.activity = 'ACQUISITION' THEN k.base_amount ELSE 0 END
    FROM cost_entry k JOIN who ON who.id = k.customer_id
    WHERE k.occurred_at >= $2::date::timestamp AT TIME ZONE $4 AND k.occurred_at < $3::date::timestamp AT TIME ZONE $4
    UNION ALL
    SELECT t.customer_id, date_trunc($1, t.occurred_at AT TIME ZONE $4)::date, 0, 0, 0, 0, {touch}, 0
    FROM interaction t JOIN who ON who.id = t.customer_id
    WHERE t.occurred_at >= $2::date::timestamp AT TIME ZONE $4 AND t.occurred_at < $3::date::timestamp AT TIME ZONE $4
)
""".replace("{touch}", f"coalesce({touch_cost('$5', '$6', '$7')}, 0)")
_PROFIT = f"""
WITH RECURSIVE below(id) AS (
    SELECT $10::uuid
    UNION SELECT r.customer_id FROM below b JOIN relationship r ON r.related_id = b.id
    WHERE r.kind = 'PARENT_COMPANY' AND r.until IS NULL AND $11
), who AS (SELECT c.id FROM customer c WHERE ($10 IS NULL OR c.id IN (SELECT id FROM below)) AND {{who}}),
{_LEDGER}
SELECT period, count(DISTINCT customer_id) FILTER (WHERE orders > 0) AS buyers, sum(orders)::int AS orders,
       sum(revenue) AS revenue, sum(list_revenue - revenue) AS discounts, round(sum(goods), 4) AS cost_of_goods,
       round(sum(serving), 4) AS cost_to_serve, sum(acquisition) AS acquisition_cost
FROM entry GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - constants
_CELLS = f"""
WITH who AS (SELECT c.id FROM customer c WHERE {{who}}),
{_LEDGER}, placed AS (
    SELECT customer_id, period, sum(revenue) AS revenue, sum(revenue - goods - serving - acquisition) AS profit,
           CASE WHEN sum(revenue) <= 0 OR sum(list_revenue) <= 0 THEN NULL
                WHEN sum(revenue) / sum(list_revenue) > $10::numeric
                THEN CASE WHEN sum(serving) / sum(revenue) > $11::numeric THEN 'CARRIAGE_TRADE' ELSE 'PASSIVE' END
                ELSE CASE WHEN sum(serving) / sum(revenue) > $11::numeric THEN 'AGGRESSIVE' ELSE 'BARGAIN_BASEMENT' END
           END AS cell
    FROM entry GROUP BY 1, 2
)
"""  # noqa: S608 - constants
_MATRIX = _CELLS + (
    "SELECT period, cell, count(*) AS customers, round(sum(revenue), 4) AS revenue, round(sum(profit), 4) AS profit "
    "FROM placed GROUP BY 1, 2 ORDER BY 1, 2"
)
_MOVES = (
    _CELLS
    + """
SELECT a.cell AS origin, b.cell AS target, count(*) AS customers,
       round(sum(coalesce(b.profit, 0) - coalesce(a.profit, 0)), 4) AS profit
FROM (SELECT * FROM placed WHERE period = $2) a
FULL JOIN (SELECT * FROM placed WHERE period > $2) b ON b.customer_id = a.customer_id
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
    starts = list(_starts(since, until, grain, MOST_PERIODS))
    if customer_id is not None:
        need(actor, Scope.VALUE_READ)
        await need_visible(actor, customer_id)
    values = await _values(grain, starts[0], _after(starts[-1], grain))
    rows = {row["period"]: row for row in await seen(actor, _PROFIT, *values, customer_id, tree)}
    zero = Decimal(0)
    return [
        PeriodProfit(**rows[start]) if start in rows else PeriodProfit(start, 0, 0, zero, zero, zero, zero, zero)
        for start in starts
    ]


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
    starts = list(_starts(since, until, grain, MOST_MATRICES))
    values = await _values(grain, starts[0], _after(starts[-1], grain))
    return [PeriodCell(**row) for row in await seen(actor, _MATRIX, *values, *await _cuts(), where=where)]


async def matrix_moves(
    actor: Actor, *, grain: CohortGrain = CohortGrain.QUARTER, period: date, where: dict[str, Any] | None = None
) -> list[PeriodMove]:
    """Who went from which cell to which, from the period that holds a day to the one after it. Raises as above."""
    start = first_day(period, grain)
    values = await _values(grain, start, _after(_after(start, grain, "period"), grain, "period"))
    return [PeriodMove(**row) for row in await seen(actor, _MOVES, *values, *await _cuts(), where=where)]


def first_day(day: date, grain: CohortGrain) -> date:
    """The first day of the month, quarter or year of a day."""
    months = MONTHS[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _after(start: date, grain: CohortGrain, name: str = "until") -> date:
    month = start.year * 12 + start.month - 1 + MONTHS[grain]
    if month // 12 > MAXYEAR:
        raise ValidationFailed(f"The period of {start} is the calendar's last: choose an earlier day.", path=(name,))
    return date(month // 12, month % 12 + 1, 1)


def _starts(since: date, until: date, grain: CohortGrain, most: int) -> Iterator[date]:
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
        start, count = _after(start, grain), count + 1


async def _values(grain: CohortGrain, since: date, until: date) -> list[Any]:
    house, assumed = await organization.current(), await settings.current()
    return [grain.value.lower(), since, until, house.time_zone, house.base_currency, *_rates(assumed)]


def _rates(assumed: Assumptions) -> list[Any]:
    costs = [amounts_as_json(assumed.unit_costs), assumed.hourly_cost]
    return [*costs, 1 - assumed.margin_rate, assumed.margin_basis == "RATE"]


async def _cuts() -> list[Decimal]:
    """The chosen cuts, else those of the published run."""
    assumed, run = await settings.current(), await current()
    found = (run.findings.price_cut, run.findings.cost_cut) if run else (None, None)
    cuts = [
        cut if cut is not None else at for cut, at in zip((assumed.price_cut, assumed.cost_cut), found, strict=True)
    ]
    if None in cuts:
        raise Blocked("No value run found where the matrix is cut; start one, or set priceCut and costCut.")
    return [Decimal(str(cut)) for cut in cuts]
