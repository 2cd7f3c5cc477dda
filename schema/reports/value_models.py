"""Reports of the models beside those of a value run: contracts, yes or no in each period, value over stages."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry

from crm.lifecycle.reports import frame
from crm.reports import portfolio as reports
from crm.value.runs import portfolio, renewals
from schema.reports.portfolio import CohortGrain
from schema.reports.support import Grain, Info, PeriodInput, actor, customer_key, dated, report, told
from schema.scalars import Rule

MONTH = portfolio.CohortGrain.MONTH
YEAR = portfolio.CohortGrain.YEAR
STEP = frame.Grain.MONTH


@strawberry.type(description="The n-th renewal of contracts; null: nobody came to it yet.")
class ContractRenewal:
    number: int
    due: int = strawberry.field(description="How many came to it.")
    renewed: int
    observed: float | None
    retention: float = strawberry.field(description="Of the model: the chance to renew.")
    survival: float = strawberry.field(description="Of the model: the share left after it.")
    residual: float = strawberry.field(
        description="Renewals to come, discounted, at the end of period n: times the margin of a period it is money."
    )


@strawberry.type(description="Contracts as the shifted beta-geometric model has them (Fader and Hardie 2007).")
class ContractRenewals:
    customers: int
    alpha: float
    beta: float
    alpha_error: float
    beta_error: float
    log_likelihood: float
    rate: float = strawberry.field(description="The discount rate of a period.")
    renewals: list[ContractRenewal]


@strawberry.type(
    description="Customers with x periods of purchase, the last in period `last`, of `lived` after the first."
)
class PurchaseOccasion:
    x: int
    last: int
    lived: int
    customers: int
    alive: float = strawberry.field(description="The chance to be a customer in the next period.")
    expected: float = strawberry.field(description="Periods with a purchase among those ahead.")
    discounted: float = strawberry.field(description="Those of all time to come, worth today.")


@strawberry.type(description="A number by its name.")
class NamedNumber:
    name: str
    value: float
    standard_error: float


@strawberry.type(description="Yes or no in each period as BG/BB has it (Fader, Hardie and Shang 2010).")
class PurchaseOccasions:
    customers: int
    parameters: list[NamedNumber]
    log_likelihood: float
    ahead: int
    expected: float = strawberry.field(description="Of all customers, in the periods ahead.")
    rows: list[PurchaseOccasion]


@strawberry.type(description="What a customer in a stage will still bring, by moves between stages and money in them.")
class StageProspect:
    stage: str
    name: str
    customers: int = strawberry.field(description="Who stand in it at the end of the period.")
    steps: int = strawberry.field(description="How many customers' steps the reward is the mean of.")
    reward: Decimal = strawberry.field(description="What a customer brought in a step.")
    value: Decimal = strawberry.field(description="Present value of one customer, without end.")
    equity: Decimal = strawberry.field(description="Of all customers in it.")
    worked_at: datetime | None


@strawberry.type(description="Who buys products of a category also buys those of another.")
class ProductPair:
    category: str
    other: str
    customers: int
    support: float = strawberry.field(description="Share of all customers who bought.")
    confidence: float = strawberry.field(description="Share of those who bought the category.")
    lift: float = strawberry.field(description="How much more often than by chance.")
    lift_low: float = strawberry.field(description="Its lower 95 % limit.")
    margin: Decimal = strawberry.field(description="Mean margin of the other of a customer who has it.")
    worked_at: datetime | None


@strawberry.type(description="A category that a customer does not have, and what offering it may bring.")
class ProductOffer:
    category: str
    because: str = strawberry.field(description="The category that it has.")
    chance: float
    margin: Decimal
    potential: Decimal = strawberry.field(description="Chance times margin.")
    worked_at: datetime | None


def _occasions(found: renewals.Occasions) -> PurchaseOccasions:
    numbers = [
        NamedNumber(name=n, value=v, standard_error=found.standard_errors[n]) for n, v in found.parameters.items()
    ]
    rows = [told(PurchaseOccasion, row) for row in found.rows]
    return told(PurchaseOccasions, found, parameters=numbers, rows=rows)


@strawberry.type
class ModelReports:
    @report(
        "How contracts are renewed, and will be; a contract is a product category, or all purchases. Needs value:read."
    )
    async def contract_renewals(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = MONTH,  # type: ignore[valid-type]
        category: str | None = None,
        ahead: int = 12,
        where: Rule | None = None,
    ) -> ContractRenewals:
        rule: Any = where
        found = await renewals.contracts(
            actor(info), grain=grain, since=since, until=until, category=category, ahead=ahead, where=rule
        )
        return told(ContractRenewals, found, renewals=[told(ContractRenewal, one) for one in found.renewals])

    @report("Who buys in a period and who does not, and what is to come of each history. Needs value:read.")
    async def purchase_occasions(
        self,
        info: Info,
        since: date,
        until: date,
        grain: CohortGrain = YEAR,  # type: ignore[valid-type]
        category: str | None = None,
        ahead: int = 5,
        where: Rule | None = None,
    ) -> PurchaseOccasions:
        rule: Any = where
        found = await renewals.occasions(
            actor(info), grain=grain, since=since, until=until, category=category, ahead=ahead, where=rule
        )
        return _occasions(found)

    @report("Value by stage as a Markov chain of the moves has it. Needs value:read and lifecycle:read.")
    async def stage_prospects(
        self,
        info: Info,
        period: PeriodInput,
        grain: Grain = STEP,  # type: ignore[valid-type]
        lifecycle: str | None = None,
        where: Rule | None = None,
    ) -> list[StageProspect]:
        rule: Any = where
        found = await reports.prospects(
            actor(info), period=period.read(), grain=grain, lifecycle=lifecycle, where=rule, now=info.context.now
        )
        return dated(StageProspect, found)

    @report(
        "Which categories of products are bought together; without days, in the twelve whole months before the current "
        "value run. Needs value:read and order:read."
    )
    async def product_pairs(
        self,
        info: Info,
        since: date | None = None,
        until: date | None = None,
        least: int = 20,
        first: int = 50,
        where: Rule | None = None,
    ) -> list[ProductPair]:
        rule: Any = where
        found = await reports.pairs(
            actor(info), since=since, until=until, least=least, first=first, where=rule, now=info.context.now
        )
        return dated(ProductPair, found)

    @report(
        "What to offer a customer next, by what customers like it bought; days as of productPairs. "
        "Needs value:read and order:read."
    )
    async def product_offers(
        self,
        info: Info,
        customer_id: strawberry.ID,
        since: date | None = None,
        until: date | None = None,
        least: int = 20,
    ) -> list[ProductOffer]:
        key = customer_key(customer_id)
        return dated(
            ProductOffer,
            await reports.offers(actor(info), key, since=since, until=until, least=least, now=info.context.now),
        )
