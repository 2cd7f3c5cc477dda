"""What cohorts of customers brought as they grew older."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crm.access import Actor, Scope, need
from crm.errors import ValidationFailed
from crm.value.assumptions import Assumptions
from crm.value.runs import settings
from crm.value.runs.portfolio import MONTHS, CohortGrain, refuse_many
from crm.value.runs.seeing import seen

_CENT = Decimal("0.0001")
# Periods are told by their numbers; whoever was won in one, and what each brought in which.
_FIRST = """
WITH first AS (
    SELECT d.customer_id, width_bucket(d.day, $1::date[]) AS cohort
    FROM customer_day d {join} WHERE d.is_first AND d.day >= $2 AND d.day < $3 AND {who}
)
"""
_SIZES = _FIRST + "SELECT cohort, count(*) AS customers FROM first GROUP BY 1 ORDER BY 1"
_EARNED = (
    _FIRST
    + """
SELECT f.cohort, width_bucket(d.day, $1::date[]) AS period, sum(d.revenue) * 0.0001 AS revenue,
       sum(d.cost_of_goods) * 0.0001 AS goods, sum(d.uncosted_revenue) * 0.0001 AS uncosted
FROM first f JOIN customer_day d USING (customer_id) WHERE d.day < $3 GROUP BY 1, 2
"""
)


@dataclass(frozen=True)
class CohortPoint:
    """What the customers won in one period had brought by an age in whole periods, in sum."""

    cohort: date
    customers: int
    age: int
    revenue: Decimal
    margin: Decimal


async def cohorts(
    actor: Actor, *, grain: CohortGrain = CohortGrain.QUARTER, since: date, until: date
) -> list[CohortPoint]:
    """Revenue and margin of each cohort won from `since` and before `until`, cumulated over its age until then.

    Ages not lived through whole are left out. Raises ValidationFailed, Forbidden.
    """
    check(since, until, grain)
    need(actor, Scope.VALUE_READ)
    assumed, starts = await settings.current(), list(first_days(since, until, MONTHS[grain]))
    sizes, earned = await counted(actor, starts, since, until)
    won = {starts[row["cohort"] - 1]: row["customers"] for row in sizes}
    brought = {
        (starts[row["cohort"] - 1], starts[row["period"] - 1]): (row["revenue"], margin(row, assumed)) for row in earned
    }
    return points(won, brought, starts, until, grain)


def check(since: date, until: date, grain: CohortGrain) -> None:
    """Raise ValidationFailed for a time that is none, or too many periods."""
    if since >= until:
        raise ValidationFailed(f"since {since} must lie before until {until}.", path=("since",))
    refuse_many(since, until, grain)


async def counted(actor: Actor, starts: list[date], since: date, until: date) -> tuple[list[Any], list[Any]]:
    """How many were won in each period, by its number, and what each cohort brought in which. Raises Forbidden."""
    join = "" if actor.row_filter is None else "JOIN customer c ON c.id = d.customer_id"
    sizes = await seen(actor, _SIZES.replace("{join}", join), starts, since, until)
    return sizes, await seen(actor, _EARNED.replace("{join}", join), starts, since, until, sweeping=True)


def points(
    won: dict[date, int],
    brought: dict[tuple[date, date], tuple[Decimal, Decimal]],
    starts: list[date],
    until: date,
    grain: CohortGrain,
) -> list[CohortPoint]:
    """The curves of cohorts, by their first days, from what each brought (revenue and margin) by cohort and period."""
    found: list[CohortPoint] = []
    for at, start in enumerate(starts):
        if start in won:
            lived = max(_months(start, until) // MONTHS[grain], 1)
            found += _grown(start, won[start], [brought.get((start, later)) for later in starts[at : at + lived]])
    return found


def _grown(start: date, customers: int, brought: list[tuple[Decimal, Decimal] | None]) -> Iterator[CohortPoint]:
    revenue, margin = Decimal(0), Decimal(0)
    for age, more in enumerate(brought):
        if more:
            revenue, margin = revenue + more[0], margin + more[1]
        yield CohortPoint(start, customers, age, revenue, margin.quantize(_CENT, ROUND_HALF_UP))


def margin(row: Any, assumed: Assumptions) -> Decimal:
    """What is left of the revenue, goods whose cost is not known being assumed."""
    rate: Decimal = assumed.margin_rate
    if assumed.margin_basis == "RATE":
        return Decimal(row["revenue"] * rate)
    return Decimal(row["revenue"] - row["goods"] - row["uncosted"] * (1 - rate))


def first_days(since: date, until: date, months: int) -> Iterator[date]:
    """The first days of the periods that touch the time from one day to another."""
    month = since.year * 12 + (since.month - 1) // months * months
    while month <= until.year * 12 + until.month - 1:
        yield date(month // 12, month % 12 + 1, 1)
        month += months


def _months(start: date, until: date) -> int:
    return (until.year - start.year) * 12 + until.month - start.month
