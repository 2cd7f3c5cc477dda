"""How the portfolio moved, and what of it is asked period by period, as GraphQL types."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from crm.reports import portfolio
from crm.reports.portfolio import Told
from crm.value.runs import changes
from schema.reports.support import Info, actor, customer, dated, report, told

Side = strawberry.enum(changes.Side, name="PortfolioSide", description="By what migration is told.")


@strawberry.type(description="Customers of a stage and what they are worth, in the currency of the current run.")
class StageValue:
    stage: str
    name: str
    customers: int
    profit: Decimal | None
    residual: Decimal | None
    value: Decimal | None
    churn_risk: float | None
    worked_at: datetime | None


@strawberry.type(description="What the customers won in one period had brought at an age, in sum.")
class CohortValue:
    cohort: date
    customers: int
    age: int = strawberry.field(description="In whole periods; ages not yet lived through are left out.")
    revenue: Decimal
    margin: Decimal
    worked_at: datetime | None


@strawberry.type(description="Why customer equity changed: ACQUIRED, DEVELOPED, LOST, REVALUED or REMOVED.")
class EquityCause:
    cause: str
    customers: int
    before: Decimal
    after: Decimal
    change: Decimal
    worked_at: datetime | None


@strawberry.type(description="Customers who went from one cell to another; null is a cell that cannot be known.")
class PortfolioMove:
    origin: str | None
    target: str | None
    customers: int
    profit: Decimal | None
    value: Decimal | None
    worked_at: datetime | None


@strawberry.type(description="A customer whose value rose or fell.")
class ValueMover:
    customer_id: strawberry.ID
    name: str
    before: Decimal
    after: Decimal
    change: Decimal
    worked_at: datetime | None


def _movers(found: Told[changes.Mover]) -> list[ValueMover]:
    at = found.worked_at
    return [told(ValueMover, one, customer_id=customer(one.customer_id), worked_at=at) for one in found.rows]


@strawberry.type(description="How the portfolio moved between the runs last published as of two times.")
class PortfolioChange:
    since: datetime
    until: datetime
    currency: str
    span: strawberry.Private[changes.Span]

    @report("Equity before and after, by cause.")
    async def equity(self, info: Info) -> list[EquityCause]:
        return dated(EquityCause, await portfolio.equity(actor(info), self.span, now=info.context.now))

    @report("Who went from which cell to which.")
    async def migration(self, info: Info, by: Side) -> list[PortfolioMove]:  # type: ignore[valid-type]
        return dated(PortfolioMove, await portfolio.migration(actor(info), self.span, by, now=info.context.now))

    @report("Whose value rose most.")
    async def risers(self, info: Info, first: int = 20) -> list[ValueMover]:
        return _movers(await portfolio.movers(actor(info), self.span, rising=True, first=first, now=info.context.now))

    @report("Whose value fell most.")
    async def fallers(self, info: Info, first: int = 20) -> list[ValueMover]:
        return _movers(await portfolio.movers(actor(info), self.span, rising=False, first=first, now=info.context.now))


@strawberry.type(description="Customers of one value tier, by how much value they receive themselves.")
class DeliveredValueCell:
    tier: int
    level: str | None = strawberry.field(description="LOW, MIDDLE or HIGH third of the scale; null: nobody asked them.")
    customers: int
    profit: Decimal | None
    residual: Decimal | None
    churn_risk: float | None
    worked_at: datetime | None


@strawberry.type(description="What one period brought, in the base currency.")
class PeriodProfit:
    period: date = strawberry.field(description="Its first day.")
    buyers: int
    orders: int
    revenue: Decimal
    discounts: Decimal
    cost_of_goods: Decimal
    gross_margin: Decimal
    cost_to_serve: Decimal
    acquisition_cost: Decimal
    net_profit: Decimal
    worked_at: datetime | None


@strawberry.type(description="Customers of one cell of one period's matrix; null: they cost, and bought nothing.")
class PeriodCell:
    period: date
    cell: str | None
    customers: int
    revenue: Decimal
    profit: Decimal
    worked_at: datetime | None


@strawberry.type(description="Customers who went from one cell to another from a period to the next.")
class PeriodMove:
    origin: str | None
    target: str | None
    customers: int
    profit: Decimal = strawberry.field(description="By how much their profit differs, in the base currency.")
    worked_at: datetime | None
