"""Reports of all customers seen together: how they stand, and how they moved."""

from datetime import date, datetime
from typing import Any

import strawberry

from crm.access import Scope, need
from crm.reports import portfolio as reports
from crm.value.runs import changes, delivered, portfolio
from schema.reports.portfolio_moving import (
    CohortValue,
    DeliveredValueCell,
    PeriodCell,
    PeriodMove,
    PeriodProfit,
    PortfolioChange,
    StageValue,
)
from schema.reports.portfolio_standing import Portfolio, told_portfolio
from schema.reports.support import Info, actor, customer_key, dated, report
from schema.scalars import Rule

CohortGrain = strawberry.enum(portfolio.CohortGrain, description="How long the periods of cohorts are.")
Received = strawberry.enum(
    delivered.Received, name="ValueReceived", description="By what the value that customers receive is told."
)
QUARTER = portfolio.CohortGrain.QUARTER
SATISFACTION = delivered.Received.SATISFACTION


@strawberry.type
class PortfolioReports:
    @report("All customers seen together; null while there are none. Needs value:read.")
    async def portfolio(self, info: Info, as_of: datetime | None = None) -> Portfolio | None:
        return told_portfolio(await portfolio.portfolio(actor(info), as_of=as_of))

    @report(
        "How the portfolio moved between the runs last published by two times; null, with a problem, where those are "
        "not two that are kept. Needs value:read."
    )
    async def portfolio_change(self, info: Info, since: datetime, until: datetime) -> PortfolioChange | None:
        need(actor(info), Scope.VALUE_READ)
        between = await changes.span(since, until)
        return PortfolioChange(since=between.since, until=between.until, currency=between.currency, span=between)

    @report("What the customers in each stage of a lifecycle are worth. Needs value:read.")
    async def stage_values(self, info: Info, lifecycle: str | None = None) -> list[StageValue]:
        return dated(StageValue, await reports.stages(actor(info), lifecycle=lifecycle, now=info.context.now))

    @report("What cohorts of customers brought as they grew older. Needs value:read.")
    async def cohort_values(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
    ) -> list[CohortValue]:
        found = await reports.cohorts(actor(info), grain=grain, since=since, until=until, now=info.context.now)
        return dated(CohortValue, found)

    @report("Value to us against value to customers. Needs value:read.")
    async def delivered_values(
        self,
        info: Info,
        by: Received = SATISFACTION,  # type: ignore[valid-type]
    ) -> list[DeliveredValueCell]:
        return dated(DeliveredValueCell, await reports.delivered(actor(info), by=by, now=info.context.now))

    @report(
        "Profit by period, of everybody or of one customer; tree adds the companies below it, each once. "
        "Needs value:read."
    )
    async def profit_periods(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
        customer_id: strawberry.ID | None = None,
        tree: bool = False,
    ) -> list[PeriodProfit]:
        key = customer_key(customer_id) if customer_id else None
        found = await reports.profit_periods(
            actor(info), grain=grain, since=since, until=until, customer_id=key, tree=tree, now=info.context.now
        )
        return dated(PeriodProfit, found)

    @report(
        "The profitability matrix of each period by itself; null, with a problem, where nothing is known to cut it at. "
        "Needs value:read."
    )
    async def matrix_periods(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[PeriodCell] | None:
        rule: Any = where
        found = await reports.matrix_periods(
            actor(info), grain=grain, since=since, until=until, where=rule, now=info.context.now
        )
        return dated(PeriodCell, found)

    @report("Moves between cells from the period that holds a day to the next one; null as above. Needs value:read.")
    async def matrix_moves(
        self,
        info: Info,
        period: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[PeriodMove] | None:
        rule: Any = where
        found = await reports.matrix_moves(actor(info), grain=grain, period=period, where=rule, now=info.context.now)
        return dated(PeriodMove, found)
