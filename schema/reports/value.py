"""Reports of value: what if, why one customer is worth what it is, and how far the models can be trusted."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.scalars import JSON

from crm import ids
from crm.access import Scope, need
from crm.errors import CrmError, NotFound
from crm.reports import portfolio
from crm.value.runs import explain, quality, settings
from crm.value.whatif import Change
from schema.mutations.value import ValueSettings, told_settings
from schema.reports.support import Info, actor, customer_key, report, spoken, told
from schema.scalars import Rule


def _run(key: Any) -> strawberry.ID:
    return strawberry.ID(ids.encode("run", key))


@strawberry.input(description="What is supposed to be different from now on.")
class ValueChangeInput:
    churn: float = strawberry.field(default=1.0, description="Multiplies the rate of leaving: 0.9 is a tenth less.")
    frequency: float = strawberry.field(default=1.0, description="Multiplies purchases: 1.1 is a tenth more.")
    margin: float = strawberry.field(default=0.0, description="Added to the margin rate: 0.02 is two points.")
    cost_to_serve: float = strawberry.field(default=1.0, description="Multiplies cost to serve: 0.9 is a tenth less.")
    discount_rate: float | None = strawberry.field(
        default=None, description="Another yearly rate: 0.1 is 10 %; null: that of the run."
    )

    def read(self) -> Change:
        try:
            return Change(self.churn, self.frequency, self.margin, self.cost_to_serve, self.discount_rate)
        except CrmError as error:
            raise error.under("change") from None


@strawberry.type(description="Customer equity as it is, and as it would be.")
class ValueScenario:
    as_of: datetime
    currency: str
    customers: int
    baseline: Decimal
    scenario: Decimal
    net_gain: Decimal
    break_even_spend: Decimal = strawberry.field(description="The most that bringing the change about may cost.")
    break_even_per_customer: Decimal | None
    worked_at: datetime | None


@strawberry.type(description="One thing that a customer's value rests on.")
class ValueDriver:
    key: str
    value: float
    unit: str
    meaning: str
    average: float | None = strawberry.field(description="That of all customers.")


@strawberry.type(description="A stored figure, and the same computed again from the closed form.")
class ValueCheck:
    figure: str
    stored: float | None
    recomputed: float | None
    equal: bool


@strawberry.type(description="Why a customer is worth what it is.")
class ValueExplanation:
    run_id: strawberry.ID
    as_of: datetime
    currency: str
    model: str | None
    formula: str
    drivers: list[ValueDriver]
    checks: list[ValueCheck]


@strawberry.type(description="What a model expected of the holdout period, in purchases, and how far off it was.")
class ModelCandidate:
    model: str
    chosen: bool
    expected: float
    actual: float
    bias: float | None = strawberry.field(description="Of the total; null when nobody bought.")
    mean_absolute: float = strawberry.field(description="Error per customer.")
    root_mean_square: float = strawberry.field(description="Error per customer; the least of it decides.")


@strawberry.type(description="Customers by repeat purchases before the holdout period, and means within it.")
class ModelCalibration:
    frequency: int
    more: bool = strawberry.field(description="So many or above.")
    customers: int
    expected: float
    actual: float


@strawberry.type(description="How many customers of the holdout period lay within intervals of a level.")
class ModelCoverage:
    level: float
    purchases: float = strawberry.field(description="Their purchases, within the intervals that the models predict.")
    money: float = strawberry.field(description="What they spent, within the intervals that the models predict.")
    published: float = strawberry.field(description="What they spent, within the intervals as they are published.")


@strawberry.type(description="A fitted parameter of purchases (PURCHASES) or of spend per purchase (SPEND).")
class ModelParameter:
    part: str
    name: str
    value: float
    standard_error: float | None


@strawberry.type(description="Something to know before believing forecasts; see ValueNotice.")
class ModelNotice:
    code: str
    message: str = strawberry.field(description="In English.")
    values: JSON


@strawberry.type(description="What to know before believing a run's forecasts.")
class ModelQuality:
    run_id: strawberry.ID
    as_of: datetime
    model: str | None
    customers: int
    fitted_on: int | None = strawberry.field(description="How many customers the parameters rest on.")
    log_likelihood: float | None
    holdout_days: int | None = strawberry.field(description="How long the period was that models did not see.")
    holdout_customers: int | None
    candidates: list[ModelCandidate]
    calibration: list[ModelCalibration]
    coverage: list[ModelCoverage]
    interval_level: float = strawberry.field(
        description="The published intervals hold 0.9 of the truth as the models predict them at this level."
    )
    correlation: float | None = strawberry.field(description="Of spend per purchase and frequency; none is assumed.")
    parameters: list[ModelParameter]
    warnings: list[str] = strawberry.field(description="The messages of `notices`.")
    notices: list[ModelNotice]


def _quality(found: quality.Quality) -> ModelQuality:
    return told(
        ModelQuality,
        found,
        run_id=_run(found.run_id),
        candidates=[told(ModelCandidate, one) for one in found.candidates],
        calibration=[told(ModelCalibration, one) for one in found.calibration],
        coverage=[told(ModelCoverage, one) for one in found.coverage],
        parameters=[told(ModelParameter, one) for one in found.parameters],
        notices=[ModelNotice(**each) for each in found.notices],
    )


@strawberry.type
class ValueReports:
    @report(
        "Customer equity under a change, of all customers or those of a rule; null, with a problem, while no run has a "
        "model. Needs value:read."
    )
    async def value_simulate(
        self, info: Info, change: ValueChangeInput, where: Rule | None = None
    ) -> ValueScenario | None:
        rule: Any = where
        return told(
            ValueScenario, await portfolio.simulated(actor(info), change.read(), where=rule, now=info.context.now)
        )

    @report("Why a customer is worth what it is. Needs value:read.")
    async def value_explain(
        self, info: Info, customer_id: strawberry.ID, run_id: strawberry.ID | None = None
    ) -> ValueExplanation:
        key = ids.decode("run", run_id, path=("runId",)) if run_id else None
        found = await explain.explain(actor(info), customer_key(customer_id), run_id=key)
        return told(
            ValueExplanation,
            found,
            run_id=_run(found.run_id),
            drivers=[told(ValueDriver, driver) for driver in found.drivers],
            checks=[told(ValueCheck, check, figure=spoken(check.figure)) for check in found.checks],
        )

    @report("What the next value run will assume. Needs value:read.")
    async def value_settings(self, info: Info) -> ValueSettings:
        need(actor(info), Scope.VALUE_READ)
        return told_settings(await settings.current())

    @report("How far the models of the current run (null before it), or of another, can be trusted. Needs value:read.")
    async def model_quality(self, info: Info, run_id: strawberry.ID | None = None) -> ModelQuality | None:
        key = ids.decode("run", run_id, path=("runId",)) if run_id else None
        try:
            return _quality(await quality.quality(actor(info), run_id=key))
        except NotFound:
            if key:
                raise
            return None
