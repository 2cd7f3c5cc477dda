"""Reports of what customers say, and of how good their data are."""

from datetime import date, datetime

import strawberry

from crm import feedback, quality
from schema.enums import RatingKind
from schema.reports.support import Grain, Info, PeriodInput, actor, customer_key, report, told
from schema.scalars import Rule

FeedbackGroup = strawberry.enum(feedback.FeedbackGroup, description="By what answers are told apart.")
QualityGroup = strawberry.enum(quality.QualityGroup, description="By what the quality of data is told apart.")


@strawberry.type(description="NPS from −100 to 100, CSAT from 0 to 1, CES from 1 to 7.")
class FeedbackScore:
    kind: RatingKind
    step: date | None
    group: str | None
    answers: int
    value: float
    standard_error: float | None


@strawberry.type
class SatisfactionDriver:
    attribute: str
    mean: float
    correlation: float
    importance: float = strawberry.field(description="Its share in what all attributes explain.")


@strawberry.type
class SatisfactionDrivers:
    answers: int
    explained: float | None = strawberry.field(description="R squared of the score on all attributes.")
    drivers: list[SatisfactionDriver]
    lacking: str | None = strawberry.field(description="Why there are none.")


@strawberry.type
class ComplaintGroup:
    step: date | None
    group: str | None
    complaints: int
    customers: int
    on_time: int
    late: int
    overdue: int
    open: int
    rate: float | None
    median_seconds: float | None


@strawberry.type(description="Score from 0 to 100 out of parts from 0 to 1.")
class DataQuality:
    score: float
    completeness: float
    reachability: float
    freshness: float
    identities: int
    verified: int
    missing: list[str]


@strawberry.type
class DataQualityGroup:
    group: str | None
    customers: int
    score: float
    completeness: float
    reachability: float
    freshness: float
    unreachable: int
    poor: int


@strawberry.type(description="Who wrote the value that a field has now.")
class FieldProvenance:
    field: str
    at: datetime
    action: str
    actor_kind: str
    actor: str
    import_id: strawberry.ID | None = strawberry.field(description="The import that wrote it; null where none did.")


@strawberry.type
class FeedbackReports:
    @report("NPS, CSAT and CES over time and by group. Needs interaction:read.")
    async def feedback_scores(
        self,
        info: Info,
        period: PeriodInput,
        kinds: list[RatingKind] | None = None,
        grain: Grain | None = None,  # type: ignore[valid-type]
        group_by: FeedbackGroup = feedback.FeedbackGroup.NONE,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[FeedbackScore]:
        rows = await feedback.scores(
            actor(info), period=period.read(), kinds=kinds or list(RatingKind), grain=grain, group=group_by, where=where
        )
        return [told(FeedbackScore, row) for row in rows]

    @report("What a score hangs on, by ratings of single things. Needs interaction:read.")
    async def satisfaction_drivers(
        self, info: Info, period: PeriodInput, kind: RatingKind = RatingKind.NPS, where: Rule | None = None
    ) -> SatisfactionDrivers:
        found = await feedback.explained(actor(info), period=period.read(), kind=kind, where=where)
        named = [told(SatisfactionDriver, each) for each in found.drivers]
        return told(SatisfactionDrivers, found, drivers=named)

    @report("Complaints, and how they were answered. Needs interaction:read.")
    async def complaints(
        self,
        info: Info,
        period: PeriodInput,
        grain: Grain | None = None,  # type: ignore[valid-type]
        group_by: FeedbackGroup = feedback.FeedbackGroup.NONE,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[ComplaintGroup]:
        rows = await feedback.complaints(
            actor(info), period=period.read(), now=info.context.now, grain=grain, group=group_by, where=where
        )
        return [told(ComplaintGroup, row) for row in rows]

    @report("The quality of one customer's data. Needs customer:read.")
    async def data_quality(self, info: Info, customer_id: strawberry.ID) -> DataQuality:
        key = customer_key(customer_id)
        return told(DataQuality, await quality.of_customer(actor(info), key, now=info.context.now))

    @report("The quality of customers' data by group. Needs customer:read.")
    async def data_quality_report(
        self,
        info: Info,
        group_by: QualityGroup = quality.QualityGroup.NONE,  # type: ignore[valid-type]
        where: Rule | None = None,
    ) -> list[DataQualityGroup]:
        rows = await quality.report(actor(info), now=info.context.now, group=group_by, where=where)
        return [told(DataQualityGroup, row) for row in rows]

    @report("Field by field, who wrote a customer's values. Needs customer:read and audit:read.")
    async def field_provenance(self, info: Info, customer_id: strawberry.ID) -> list[FieldProvenance]:
        return [told(FieldProvenance, row) for row in await quality.provenance(actor(info), customer_key(customer_id))]
