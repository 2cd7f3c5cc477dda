"""Reports of all customers seen together: how they stand, and how they moved."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry

from crm import ids
from crm.access import Scope, need
from crm.value.runs import changes, delivered, periods, portfolio
from schema.reports.support import Info, actor, customer, customer_key, report, told
from schema.scalars import Rule

CohortGrain = strawberry.enum(portfolio.CohortGrain, description="How long the periods of cohorts are.")
Side = strawberry.enum(changes.Side, name="PortfolioSide", description="By what migration is told.")
Received = strawberry.enum(
    delivered.Received, name="ValueReceived", description="By what the value that customers receive is told."
)
QUARTER = portfolio.CohortGrain.QUARTER
SATISFACTION = delivered.Received.SATISFACTION
Cents = Decimal("0.01")


def _money(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Cents)


@strawberry.type(description="Up to which share of customers, best first, how much profit there is.")
class WhalePoint:
    customers: float
    profit: Decimal


@strawberry.type(description="Cumulative profit from the most to the least profitable customer.")
class WhaleCurve:
    points: list[WhalePoint]
    total: Decimal
    peak: Decimal = strawberry.field(description="The profit before those who make losses take from it.")
    peak_at: float
    peak_share: float | None = strawberry.field(description="Peak over total; null when the total is not positive.")
    top_share: float | None = strawberry.field(description="What the best fifth of the customers hold of the total.")
    losing: float = strawberry.field(description="Share of customers with a loss.")
    gini: float | None


@strawberry.type(description="Customers who have something in common, in sum.")
class PortfolioSum:
    customers: int
    revenue: Decimal
    profit: Decimal
    residual: Decimal


@strawberry.type(description="Customers of one tier; the first is the best.")
class ValueTier(PortfolioSum):
    tier: int
    least: Decimal | None


@strawberry.type(description="One cell of recency and frequency scores.")
class RfmCell(PortfolioSum):
    recency: int
    frequency: int


@strawberry.type(description="One cell of the profitability matrix.")
class ProfitabilityCell(PortfolioSum):
    cell: str


@strawberry.type(description="Net price realised against cost to serve; the cuts divide high from low.")
class ProfitabilityMatrix:
    price_cut: float
    cost_cut: float
    cells: list[ProfitabilityCell]


@strawberry.type(description="One bar: customers worth from `low` to `high`; the outer bars hold what lies beyond.")
class ValueBar:
    low: Decimal
    high: Decimal
    customers: int


@strawberry.type(description="The value that a share of the customers do not reach.")
class ValueQuantile:
    share: float
    value: Decimal


@strawberry.type(description="How customer lifetime value is spread.")
class ValueDistribution:
    mean: Decimal
    bars: list[ValueBar]
    quantiles: list[ValueQuantile]


@strawberry.type(description="All customers seen together, as a run found them.")
class Portfolio:
    run_id: strawberry.ID
    as_of: datetime
    currency: str
    model: str | None
    customers: int
    buyers: int
    revenue: Decimal
    profit: Decimal
    equity: Decimal = strawberry.field(description="Customer equity: the sum of predicted value.")
    equity_low: Decimal | None = strawberry.field(
        description="With equityHigh holds equity nine times out of ten, as far as the models' parameters are unsure."
    )
    equity_high: Decimal | None
    value_at_risk: Decimal
    whale: WhaleCurve
    tiers: list[ValueTier]
    rfm: list[RfmCell]
    distribution: ValueDistribution
    matrix: ProfitabilityMatrix | None


def _sum(kind: type[Any], row: dict[str, Any], **other: Any) -> Any:
    amounts = {name: _money(row[name]) for name in ("revenue", "profit", "residual")}
    return kind(customers=row["customers"], **amounts, **other)


def _whale(found: dict[str, Any]) -> WhaleCurve:
    return WhaleCurve(
        points=[WhalePoint(customers=x, profit=_money(y)) for x, y in found["points"]],
        total=_money(found["total"]),
        peak=_money(found["peak"]),
        peak_at=found["peakAt"],
        peak_share=found["peakShare"],
        top_share=found["topShare"],
        losing=found["losing"],
        gini=found["gini"],
    )


def _spread(found: dict[str, Any]) -> ValueDistribution:
    bars = zip(found["edges"], found["edges"][1:], found["customers"], strict=False)
    return ValueDistribution(
        mean=_money(found["mean"]),
        bars=[ValueBar(low=_money(low), high=_money(high), customers=count) for low, high, count in bars],
        quantiles=[ValueQuantile(share=share, value=_money(value)) for share, value in found["quantiles"]],
    )


def _matrix(found: dict[str, Any] | None) -> ProfitabilityMatrix | None:
    if found is None:
        return None
    cells = [_sum(ProfitabilityCell, row, cell=row["cell"]) for row in found["cells"]]
    return ProfitabilityMatrix(price_cut=found["priceCut"], cost_cut=found["costCut"], cells=cells)


def _portfolio(found: portfolio.Portfolio) -> Portfolio | None:
    figures = found.figures
    if not figures:
        return None
    return Portfolio(
        run_id=_run(found.run_id),
        as_of=found.as_of,
        currency=found.currency,
        model=found.model,
        customers=figures["customers"],
        buyers=figures["buyers"],
        revenue=_money(figures["revenue"]),
        profit=_money(figures["profit"]),
        equity=_money(figures["equity"]),
        equity_low=_least(figures.get("equityLow")),
        equity_high=_least(figures.get("equityHigh")),
        value_at_risk=_money(figures["valueAtRisk"]),
        whale=_whale(figures["whale"]),
        tiers=[_sum(ValueTier, row, tier=row["tier"], least=_least(row["from"])) for row in figures["tiers"]],
        rfm=[_sum(RfmCell, row, recency=row["recency"], frequency=row["frequency"]) for row in figures["rfm"]],
        distribution=_spread(figures["distribution"]),
        matrix=_matrix(figures["matrix"]),
    )


def _least(value: float | None) -> Decimal | None:
    return None if value is None else _money(value)


def _run(key: Any) -> strawberry.ID:
    return strawberry.ID(ids.encode("run", key))


@strawberry.type(description="Customers of a stage and what they are worth, in the currency of the current run.")
class StageValue:
    stage: str
    name: str
    customers: int
    profit: Decimal | None
    residual: Decimal | None
    value: Decimal | None
    churn_risk: float | None


@strawberry.type(description="What the customers won in one period had brought at an age, in sum.")
class CohortValue:
    cohort: date
    customers: int
    age: int = strawberry.field(description="In whole periods; ages not yet lived through are left out.")
    revenue: Decimal
    margin: Decimal


@strawberry.type(description="Why customer equity changed: ACQUIRED, DEVELOPED, LOST, REVALUED or REMOVED.")
class EquityCause:
    cause: str
    customers: int
    before: Decimal
    after: Decimal
    change: Decimal


@strawberry.type(description="Customers who went from one cell to another; null is a cell that cannot be known.")
class PortfolioMove:
    origin: str | None
    target: str | None
    customers: int
    profit: Decimal | None
    value: Decimal | None


@strawberry.type(description="A customer whose value rose or fell.")
class ValueMover:
    customer_id: strawberry.ID
    name: str
    before: Decimal
    after: Decimal
    change: Decimal


def _movers(found: list[changes.Mover]) -> list[ValueMover]:
    return [told(ValueMover, one, customer_id=customer(one.customer_id)) for one in found]


@strawberry.type(description="How the portfolio moved between the runs last published as of two times.")
class PortfolioChange:
    since: datetime
    until: datetime
    currency: str
    span: strawberry.Private[changes.Span]

    @report("Equity before and after, by cause.")
    async def equity(self, info: Info) -> list[EquityCause]:
        return [told(EquityCause, cause) for cause in await changes.equity(actor(info), self.span)]

    @report("Who went from which cell to which.")
    async def migration(self, info: Info, by: Side) -> list[PortfolioMove]:  # type: ignore[valid-type]
        return [told(PortfolioMove, move) for move in await changes.migration(actor(info), self.span, by)]

    @report("Whose value rose most.")
    async def risers(self, info: Info, first: int = 20) -> list[ValueMover]:
        return _movers(await changes.movers(actor(info), self.span, rising=True, first=first))

    @report("Whose value fell most.")
    async def fallers(self, info: Info, first: int = 20) -> list[ValueMover]:
        return _movers(await changes.movers(actor(info), self.span, rising=False, first=first))


@strawberry.type(description="Customers of one value tier, by how much value they receive themselves.")
class DeliveredValueCell:
    tier: int
    level: str | None = strawberry.field(description="LOW, MIDDLE or HIGH third of the scale; null: nobody asked them.")
    customers: int
    profit: Decimal | None
    residual: Decimal | None
    churn_risk: float | None


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


@strawberry.type(description="Customers of one cell of one period's matrix; null: they cost, and bought nothing.")
class PeriodCell:
    period: date
    cell: str | None
    customers: int
    revenue: Decimal
    profit: Decimal


@strawberry.type(description="Customers who went from one cell to another from a period to the next.")
class PeriodMove:
    origin: str | None
    target: str | None
    customers: int
    profit: Decimal = strawberry.field(description="By how much their profit differs.")


@strawberry.type
class PortfolioReports:
    @report("All customers seen together; null while there are none. Needs value:read.")
    async def portfolio(self, info: Info, as_of: datetime | None = None) -> Portfolio | None:
        return _portfolio(await portfolio.portfolio(actor(info), as_of=as_of))

    @report("How the portfolio moved between two times. Needs value:read.")
    async def portfolio_change(self, info: Info, since: datetime, until: datetime) -> PortfolioChange:
        need(actor(info), Scope.VALUE_READ)
        between = await changes.span(since, until)
        return PortfolioChange(since=between.since, until=between.until, currency=between.currency, span=between)

    @report("What the customers in each stage of a lifecycle are worth. Needs value:read.")
    async def stage_values(self, info: Info, lifecycle: str | None = None) -> list[StageValue]:
        return [told(StageValue, one) for one in await portfolio.stages(actor(info), lifecycle=lifecycle)]

    @report("What cohorts of customers brought as they grew older. Needs value:read.")
    async def cohort_values(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
    ) -> list[CohortValue]:
        points = await portfolio.cohorts(actor(info), grain=grain, since=since, until=until)
        return [told(CohortValue, point) for point in points]

    @report("Value to us against value to customers. Needs value:read.")
    async def delivered_values(
        self,
        info: Info,
        by: Received = SATISFACTION,  # type: ignore[valid-type]
    ) -> list[DeliveredValueCell]:
        return [told(DeliveredValueCell, cell) for cell in await delivered.delivered(actor(info), by=by)]

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
        found = await periods.profit_periods(
            actor(info), grain=grain, since=since, until=until, customer_id=key, tree=tree
        )
        return [told(PeriodProfit, period) for period in found]

    @report("The profitability matrix of each period by itself. Needs value:read.")
    async def matrix_periods(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[PeriodCell]:
        rule: Any = where
        found = await periods.matrix_periods(actor(info), grain=grain, since=since, until=until, where=rule)
        return [told(PeriodCell, cell) for cell in found]

    @report("Moves between cells from the period that holds a day to the next one. Needs value:read.")
    async def matrix_moves(
        self,
        info: Info,
        period: date,
        grain: CohortGrain = QUARTER,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[PeriodMove]:
        rule: Any = where
        found = await periods.matrix_moves(actor(info), grain=grain, period=period, where=rule)
        return [told(PeriodMove, move) for move in found]
