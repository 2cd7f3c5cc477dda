"""Reports of the lifecycle: funnel, matrix, forecast, waiting, retention, churn, and one customer's way."""

from datetime import date, datetime
from math import isfinite
from typing import Any

import strawberry

from crm import ids
from crm.lifecycle import definitions, history
from crm.lifecycle.definition import warnings
from crm.lifecycle.reports import churn, cohorts, forecast, funnel, matrix, standing
from crm.lifecycle.store import definition_of, lifecycle_by_key
from schema.reports.support import Grain, Group, Info, PeriodInput, actor, customer, customer_key, report, told
from schema.scalars import Rule

RetentionBasis = strawberry.enum(cohorts.Basis, name="RetentionBasis", description="Who counts as active in a period.")


@strawberry.type(description="One stage of one cohort and group of a funnel.")
class FunnelStep:
    cohort: date | None = strawberry.field(description="First day of the time in which its customers entered.")
    group: str | None
    stage: str
    size: int = strawberry.field(description="Customers of the cohort and group.")
    entered: int = strawberry.field(description="Of these, who ever stood in the stage.")
    went_on: int = strawberry.field(description="Of these, who later came to a stage further on.")
    lost: int
    rate: float | None = strawberry.field(description="wentOn / entered.")
    share: float | None = strawberry.field(description="entered / size.")
    median_seconds: float | None
    p90_seconds: float | None


@strawberry.type(description="Moves from one stage to another between the ends of periods.")
class MatrixCell:
    start: str = strawberry.field(name="from")
    end: str = strawberry.field(name="to")
    count: int
    probability: float
    standard_error: float | None = strawberry.field(description="Null where nothing was observed.")


@strawberry.type
class TransitionMatrix:
    stages: list[str]
    ends: list[datetime] = strawberry.field(description="The times at which customers' stages were compared.")
    cells: list[MatrixCell] = strawberry.field(description="Row by row, `from` outer.")


@strawberry.type(description="From a stage: the chance of ever coming to another, and the steps that takes.")
class ForecastWay:
    start: str = strawberry.field(name="from")
    end: str = strawberry.field(name="to")
    probability: float
    steps: float | None


@strawberry.type
class ForecastShare:
    stage: str
    probability: float


@strawberry.type(description="From a stage: where customers end.")
class ForecastEnd:
    start: str = strawberry.field(name="from")
    ends: list[ForecastShare]
    undecided: float
    steps: float | None
    observed: int = strawberry.field(description="How many observations of the stage it rests on.")


@strawberry.type
class LifecycleForecast:
    ways: list[ForecastWay]
    ends: list[ForecastEnd]


@strawberry.type(description="Who stands in a stage now, and how its stays went; Kaplan-Meier times, in days.")
class StageWaiting:
    stage: str
    target_days: int | None
    standing: int
    waited_days: float
    over_target: int | None
    began: int
    ended: int
    breaches: int | None
    median_days: float | None
    p90_days: float | None
    bottleneck: bool


@strawberry.type(description="A customer who stands in a stage longer than its target.")
class StuckCustomer:
    customer_id: strawberry.ID
    stage: str
    entered_at: datetime
    due_at: datetime


@strawberry.type(description="Customers who came together; cells of periods that are not over are null.")
class RetentionCohort:
    since: date
    size: int
    active: list[int | None]
    rates: list[float | None]


@strawberry.type
class ChurnGroup:
    group: str | None
    base: int
    lost: int
    idle: int
    rate: float | None
    standard_error: float | None


@strawberry.type(description="Time in a stage; `leftAt` is null while the customer stands there.")
class StageStay:
    stage: str
    entered_at: datetime
    left_at: datetime | None


@strawberry.type(description="How often and how long a customer stood in a stage.")
class StageDwell:
    stage: str
    stays: int
    total_seconds: float
    latest_seconds: float


@strawberry.type(description="A customer's way through a lifecycle.")
class StageJourney:
    stays: list[StageStay]
    dwell: list[StageDwell]


@strawberry.type
class LifecycleReports:
    @report("The funnel of those who entered the lifecycle in a period. Needs lifecycle:read.")
    async def lifecycle_funnel(
        self,
        info: Info,
        entered: PeriodInput,
        lifecycle: str | None = None,
        cohort: Grain | None = None,  # type: ignore[valid-type]
        group_by: Group = Group.NONE,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[FunnelStep]:
        rows = await funnel.funnel(
            actor(info), entered=entered.read(), lifecycle=lifecycle, cohort=cohort, group=group_by, where=where
        )
        return [told(FunnelStep, row) for row in rows]

    @report("Where customers went between the ends of periods. Needs lifecycle:read.")
    async def transition_matrix(
        self,
        info: Info,
        period: PeriodInput,
        lifecycle: str | None = None,
        grain: Grain | None = None,  # type: ignore[valid-type]
        where: Rule | None = None,
        prior: float = 0.0,
    ) -> TransitionMatrix:
        found = await matrix.matrix(
            actor(info), period=period.read(), lifecycle=lifecycle, grain=grain, where=where, prior=prior
        )
        return TransitionMatrix(stages=found.keys, ends=found.ends, cells=_cells(found))

    @report("Where customers will go, if the moves of a period go on. Needs lifecycle:read.")
    async def lifecycle_forecast(
        self,
        info: Info,
        period: PeriodInput,
        grain: Grain = Grain.MONTH,  # type: ignore[valid-type]
        lifecycle: str | None = None,
        final: list[str] | None = None,
        where: Rule | None = None,
    ) -> LifecycleForecast:
        found = await forecast.forecast(
            actor(info), period=period.read(), grain=grain, lifecycle=lifecycle, final=final, where=where
        )
        return LifecycleForecast(
            ways=[told(ForecastWay, way) for way in found.ways], ends=[_end(end, found) for end in found.ends]
        )

    @report("Where customers wait, stage by stage. Needs lifecycle:read.")
    async def lifecycle_waiting(
        self, info: Info, period: PeriodInput, lifecycle: str | None = None, where: Rule | None = None
    ) -> list[StageWaiting]:
        rows = await standing.waiting(
            actor(info), period=period.read(), now=info.context.now, lifecycle=lifecycle, where=where
        )
        return [told(StageWaiting, row) for row in rows]

    @report("Customers over the target of their stage, the longest first; `after` names the last one seen.")
    async def stuck_customers(
        self,
        info: Info,
        lifecycle: str | None = None,
        stage: str | None = None,
        owner_id: strawberry.ID | None = None,
        first: int = 50,
        after_due_at: datetime | None = None,
        after_customer_id: strawberry.ID | None = None,
        where: Rule | None = None,
    ) -> list[StuckCustomer]:
        last = customer_key(after_customer_id, "afterCustomerId") if after_customer_id else None
        rows = await standing.stuck(
            actor(info),
            now=info.context.now,
            lifecycle=lifecycle,
            stage=stage,
            owner_id=ids.decode("stf", owner_id, path=("ownerId",)) if owner_id else None,
            first=first,
            after=(after_due_at, last) if after_due_at and last else None,
            where=where,
        )
        return [told(StuckCustomer, row, customer_id=customer(row.customer_id)) for row in rows]

    @report("The retention triangle. Needs order:read, or lifecycle:read for STAGE.")
    async def retention(
        self,
        info: Info,
        came: PeriodInput,
        grain: Grain = Grain.MONTH,  # type: ignore[valid-type]
        basis: RetentionBasis = cohorts.Basis.ORDERS,  # type: ignore[valid-type]
        lifecycle: str | None = None,
        where: Rule | None = None,
    ) -> list[RetentionCohort]:
        rows = await cohorts.triangle(
            actor(info),
            came=came.read(),
            now=info.context.now,
            grain=grain,
            basis=basis,
            lifecycle=lifecycle,
            where=where,
        )
        return [told(RetentionCohort, row) for row in rows]

    @report("Who was lost in a period, by group. Needs lifecycle:read.")
    async def churn(
        self,
        info: Info,
        period: PeriodInput,
        lifecycle: str | None = None,
        group_by: Group = Group.STAGE,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[ChurnGroup]:
        rows = await churn.churn(actor(info), period=period.read(), lifecycle=lifecycle, group=group_by, where=where)
        return [told(ChurnGroup, row) for row in rows]

    @report("A customer's stays, and its time in each stage. Needs lifecycle:read.")
    async def stage_journey(self, info: Info, customer_id: strawberry.ID, lifecycle: str | None = None) -> StageJourney:
        found = await history.stays(actor(info), customer_key(customer_id), lifecycle=lifecycle)
        dwell = [
            StageDwell(
                stage=each.stage,
                stays=each.stays,
                total_seconds=each.total.total_seconds(),
                latest_seconds=each.latest.total_seconds(),
            )
            for each in history.dwell(found, info.context.now)
        ]
        return StageJourney(stays=[told(StageStay, stay) for stay in found], dwell=dwell)

    @report("A lifecycle as a file, YAML or JSON, for lifecycleImport. Needs lifecycle:read.")
    async def lifecycle_file(self, info: Info, lifecycle: str | None = None, json: bool = False) -> str:
        path = await lifecycle_by_key(lifecycle)
        return await definitions.export(actor(info), path.id, as_json=json)

    @report("What in a lifecycle is probably not meant. Needs lifecycle:read.")
    async def lifecycle_warnings(self, info: Info, lifecycle: str | None = None) -> list[str]:
        path = await lifecycle_by_key(lifecycle)
        await definitions.export(actor(info), path.id)
        return warnings(await definition_of(path))


def _cells(found: matrix.Matrix) -> list[MatrixCell]:
    return [
        MatrixCell(
            start=start,
            end=end,
            count=int(found.counts[i, j]),
            probability=float(found.probabilities[i, j]),
            standard_error=_finite(found.standard_errors[i, j]),
        )
        for i, start in enumerate(found.keys)
        for j, end in enumerate(found.keys)
    ]


def _finite(value: Any) -> float | None:
    return float(value) if isfinite(value) else None


def _end(end: forecast.End, found: forecast.Forecast) -> ForecastEnd:
    shares = [ForecastShare(stage=stage, probability=chance) for stage, chance in end.ends.items()]
    return told(ForecastEnd, end, ends=shares, observed=found.observed[end.start])
