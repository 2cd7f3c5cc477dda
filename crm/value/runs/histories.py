"""Periods of a long time worked out at once, so that what is asked of any of them can be told from what is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from crm.access import Actor
from crm.value.runs import cohorts, periods, settings
from crm.value.runs.cohorts import CohortPoint
from crm.value.runs.periods import MOST_MATRICES, NOTHING, PLACED, PeriodCell, PeriodMove, PeriodProfit
from crm.value.runs.portfolio import MONTHS, MOST_PERIODS, CohortGrain
from crm.value.runs.seeing import seen

_CENT = Decimal("0.0001")
# Whoever is in one period goes to the next, or to nothing; whoever was not in the one before comes from nothing.
_FLOWS = (
    PLACED
    + """
, way AS (
    SELECT p, cell, revenue, profit, lead(p) OVER customers = p + 1 AS stays, lead(cell) OVER customers AS next_cell,
           lead(profit) OVER customers AS next_profit, lag(p) OVER customers = p - 1 AS was
    FROM placed WINDOW customers AS (PARTITION BY customer_id ORDER BY p)
)
SELECT p, true AS came, cell AS origin, CASE WHEN stays THEN next_cell END AS target, count(*) AS customers,
       sum(revenue) AS revenue, sum(profit) AS profit,
       sum(CASE WHEN stays THEN next_profit ELSE 0 END - profit) AS change
FROM way GROUP BY 1, 2, 3, 4
UNION ALL
SELECT p - 1, false, NULL, cell, count(*), 0, 0, sum(profit) FROM way WHERE p > 1 AND was IS NOT TRUE GROUP BY 1, 4
"""
)


@dataclass(frozen=True)
class ProfitHistory:
    """Profit of each period from the one that begins on `since` to that of the day `today`."""

    grain: CohortGrain
    since: date
    today: date
    periods: list[PeriodProfit]

    def between(self, since: date, until: date) -> list[PeriodProfit] | None:
        """What `profit_periods` tells of these days; None where it is not in here."""
        wanted = list(periods.starts(since, until, self.grain, MOST_PERIODS))
        if not _within(self, wanted):
            return None
        known = {period.period: period for period in self.periods}
        return [known.get(start) or PeriodProfit(**{**NOTHING, "period": start}) for start in wanted]


@dataclass(frozen=True)
class Flow:
    """Customers in one cell in the period that begins on `period`, and in another in the next one.

    came: whether they were there in the first of both; `revenue` and `profit` are of that one, `change` is what they
    brought more in the next.
    """

    period: date
    came: bool
    origin: str | None
    target: str | None
    customers: int
    revenue: Decimal
    profit: Decimal
    change: Decimal


@dataclass(frozen=True)
class MatrixHistory:
    """The matrix of each period, and the moves from each to the next."""

    grain: CohortGrain
    since: date
    today: date
    flows: list[Flow]

    def between(self, since: date, until: date) -> list[PeriodCell] | None:
        """What `matrix_periods` tells of these days; None where it is not in here."""
        wanted = list(periods.starts(since, until, self.grain, MOST_MATRICES))
        if not _within(self, wanted):
            return None
        cells: dict[tuple[date, str | None], list[Flow]] = defaultdict(list)
        for flow in self.flows:
            if flow.came and flow.period in wanted:
                cells[flow.period, flow.origin].append(flow)
        return [
            PeriodCell(
                period,
                cell,
                sum(x.customers for x in some),
                _sum(x.revenue for x in some),
                _sum(x.profit for x in some),
            )
            for (period, cell), some in sorted(cells.items(), key=lambda one: (one[0][0], *_last(one[0][1])))
        ]

    def moves(self, period: date) -> list[PeriodMove] | None:
        """What `matrix_moves` tells of the period that holds a day; None where it is not in here."""
        start = periods.first_day(period, self.grain)
        if not _within(self, [start, periods.after(start, self.grain, "period")]):
            return None
        ways: dict[tuple[str | None, str | None], list[Flow]] = defaultdict(list)
        for flow in self.flows:
            if flow.period == start:
                ways[flow.origin, flow.target].append(flow)
        return [
            PeriodMove(origin, target, sum(x.customers for x in some), _sum(x.change for x in some))
            for (origin, target), some in sorted(ways.items(), key=lambda way: (*_last(way[0][0]), *_last(way[0][1])))
        ]


@dataclass(frozen=True)
class CohortSize:
    """How many were won in a month, or on a day of the last one."""

    cohort: date
    customers: int


@dataclass(frozen=True)
class CohortMonth:
    """What those who were won in one month brought in another; in the last month by days."""

    cohort: date
    month: date
    revenue: Decimal
    margin: Decimal


@dataclass(frozen=True)
class CohortHistory:
    """Cohorts of months, of which those of quarters and years are sums; in the month of `today` by days."""

    since: date
    today: date
    sizes: list[CohortSize]
    months: list[CohortMonth]

    def between(self, grain: CohortGrain, since: date, until: date) -> list[CohortPoint] | None:
        """What `cohorts` tells of these days; None where it is not in here, as when it begins within a month."""
        if since < self.since or not all(day.day == 1 or day >= self.today.replace(day=1) for day in (since, until)):
            return None
        won: dict[date, int] = defaultdict(int)
        for one in self.sizes:
            if since <= one.cohort < until:
                won[periods.first_day(one.cohort, grain)] += one.customers
        brought: dict[tuple[date, date], tuple[Decimal, Decimal]] = {}
        for some in self.months:
            if since <= some.cohort and some.month < until:
                place = periods.first_day(some.cohort, grain), periods.first_day(some.month, grain)
                revenue, margin = brought.get(place, (Decimal(0), Decimal(0)))
                brought[place] = revenue + some.revenue, margin + some.margin
        starts = list(cohorts.first_days(since, until, MONTHS[grain]))
        return cohorts.points(won, brought, starts, until, grain)


async def profit_history(actor: Actor, grain: CohortGrain, today: date) -> ProfitHistory:
    """As many periods as may be asked for at once, today's the last. Raises as `profit_periods`."""
    since = _back(today, grain, MOST_PERIODS)
    until = today + timedelta(days=1)
    found = await periods.profit_periods(actor, grain=grain, since=since, until=until)
    return ProfitHistory(
        grain, since, today, [one for one in found if one != PeriodProfit(**{**NOTHING, "period": one.period})]
    )


async def matrix_history(actor: Actor, grain: CohortGrain, today: date) -> MatrixHistory:
    """As many matrices as may be asked for at once, and the moves between them. Raises as `matrix_periods`."""
    since = _back(today, grain, MOST_MATRICES)
    starts = list(periods.starts(since, today + timedelta(days=1), grain, MOST_MATRICES))
    given = await periods.values([*starts, periods.after(starts[-1], grain)])
    statement = periods.about(_FLOWS, everybody=actor.row_filter is None)
    rows = await seen(actor, statement, *given, *await periods.cuts())
    flows = [Flow(period=starts[row["p"] - 1], **periods.without_number(row)) for row in rows]
    return MatrixHistory(grain, since, today, flows)


async def cohort_history(actor: Actor, today: date) -> CohortHistory:
    """As many months as may be asked for at once. Raises as `cohorts`."""
    since, until = _back(today, CohortGrain.MONTH, MOST_PERIODS), today + timedelta(days=1)
    starts, assumed = [*cohorts.first_days(since, today, 1)], await settings.current()
    starts += [today.replace(day=day) for day in range(2, today.day + 1)]
    sizes, earned = await cohorts.counted(actor, starts, since, until)
    return CohortHistory(
        since,
        today,
        [CohortSize(starts[row["cohort"] - 1], row["customers"]) for row in sizes],
        [
            CohortMonth(
                starts[row["cohort"] - 1], starts[row["period"] - 1], row["revenue"], cohorts.margin(row, assumed)
            )
            for row in earned
        ],
    )


def _back(today: date, grain: CohortGrain, most: int) -> date:
    """The first day of the period that makes so many with today's."""
    month = today.year * 12 + today.month - 1 - (most - 1) * MONTHS[grain]
    return periods.first_day(date(max(month // 12, 1), month % 12 + 1, 1), grain)


def _within(kept: ProfitHistory | MatrixHistory, wanted: list[date]) -> bool:
    """Whether all these periods are in here; of those that have not begun nothing is known anyway."""
    last = periods.first_day(kept.today, kept.grain)
    return kept.since <= wanted[0] and all(start <= last or start > kept.today for start in wanted)


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0)).quantize(_CENT, ROUND_HALF_UP)


def _last(cell: str | None) -> tuple[bool, str]:
    """As the database sorts: what is not known comes last."""
    return cell is None, cell or ""
