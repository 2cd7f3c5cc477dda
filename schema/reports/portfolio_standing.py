"""All customers seen together, as a run found them, as GraphQL types."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from crm import ids
from crm.value.runs import portfolio

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
    unplaced: int = strawberry.field(description="Customers in none of the cells: without revenue there is no ratio.")


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


@strawberry.type(description="Why a figure of all customers cannot be known.")
class PortfolioLack:
    figure: str = strawberry.field(description="The figure's name.")
    reason: str = strawberry.field(description="What is lacking.")
    have: float = strawberry.field(description="How much of it there is.")
    need: float = strawberry.field(description="How much of it is needed.")


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
    insufficient: list[PortfolioLack] = strawberry.field(description="Why figures of it are null.")


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


def _matrix(found: dict[str, Any] | None, customers: int) -> ProfitabilityMatrix | None:
    if found is None:
        return None
    cells = [_sum(ProfitabilityCell, row, cell=row["cell"]) for row in found["cells"]]
    unplaced = customers - sum(cell.customers for cell in cells)
    return ProfitabilityMatrix(price_cut=found["priceCut"], cost_cut=found["costCut"], cells=cells, unplaced=unplaced)


def told_portfolio(found: portfolio.Portfolio) -> Portfolio | None:
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
        matrix=_matrix(figures["matrix"], figures["customers"]),
        insufficient=[PortfolioLack(figure=name, **lack) for name, lack in found.lacks.items()],
    )


def _least(value: float | None) -> Decimal | None:
    return None if value is None else _money(value)


def _run(key: Any) -> strawberry.ID:
    return strawberry.ID(ids.encode("run", key))
