"""What can be asked about segments and rules beyond reading them: previews, the catalogue, history, overlap, worth."""

from datetime import datetime
from decimal import Decimal
from typing import cast

import strawberry
from strawberry.scalars import JSON

from crm import dependents, ids
from crm.access import Scope, need
from crm.rules.json_schema import json_schema
from crm.rules.predicate import surroundings
from crm.segments import catalogue, history, preview
from crm.segments.report import report as segment_report
from schema.reports.locales import known_locale
from schema.reports.rule_input import chosen_rule
from schema.reports.segment_rules import SegmentRuleReports
from schema.reports.support import Info, PeriodInput, actor, customer_key, report, told
from schema.scalars import Rule


@strawberry.type(description="A number of customers; an estimate has a range that holds the truth 19 times of 20.")
class CustomerCount:
    value: int
    exact: bool
    low: int
    high: int


@strawberry.type(description="One condition of a rule, and how many customers satisfy it by itself.")
class ConditionCount:
    path: list[str] = strawberry.field(description="Where in the tree form; faults of a rule say the same.")
    text: str
    matched: CustomerCount


@strawberry.type
class PreviewCustomer:
    id: strawberry.ID
    display_name: str


@strawberry.type(description="What a rule would find.")
class SegmentPreview:
    rule: JSON = strawberry.field(description="The rule as a tree.")
    rule_text: str
    count: CustomerCount | None = strawberry.field(description="Null when even estimating took too long.")
    per_condition: list[ConditionCount]
    sample: list[PreviewCustomer]
    cost_class: str = strawberry.field(description="LOW, MEDIUM or HIGH: what evaluating it for everybody costs.")
    warnings: list[str] = strawberry.field(
        description="TIMEOUT_ESTIMATED: counting exactly took too long. TIMEOUT: estimating did, too."
    )


@strawberry.type(description="Something that a rule can compare.")
class FilterField:
    noun: str
    key: str
    label: str
    type: str
    unit: str | None
    operators: list[str]
    choices: list[str]
    example: str
    scopes: list[str] = strawberry.field(description="What the author of a rule with it needs.")
    readable: bool = strawberry.field(description="Whether you have these scopes.")


@strawberry.type(description="Rows that a rule can ask about: one by a dot, many by quantifiers and figures.")
class FilterRelation:
    noun: str
    key: str
    label: str
    target: str
    many: bool
    dated: bool = strawberry.field(description="Whether a window such as `last 90 days` fits.")


@strawberry.type
class FilterCatalog:
    fields: list[FilterField]
    relations: list[FilterRelation]
    json_schema: JSON = strawberry.field(description="The JSON Schema of the tree form.")


@strawberry.type(description="How many customers two segments share now.")
class SegmentOverlap:
    first: str
    second: str
    customers: int
    of_first: float | None
    of_second: float | None


@strawberry.type(description="What became of those who were in a segment at the start, seen from another at the end.")
class SegmentFlow:
    at_start: int
    stayed: int = strawberry.field(description="Still in the first, not in the second.")
    both: int
    moved: int = strawberry.field(description="In the second, no longer in the first.")
    gone: int = strawberry.field(description="In neither.")
    crossed: int = strawberry.field(description="Left the first and entered the second in the period.")


@strawberry.type
class SegmentPoint:
    at: datetime
    size: int
    entered: int
    exited: int


@strawberry.type(description="What members are worth by the current value run.")
class SegmentWorth:
    currency: str
    valued: int = strawberry.field(description="Members that the run knows.")
    revenue: Decimal | None
    net_profit: Decimal | None
    clv: Decimal | None
    average_clv: Decimal | None
    churn_risk: float | None
    value_at_risk: Decimal | None


@strawberry.type
class SegmentStage:
    stage: str
    name: str
    customers: int


@strawberry.type(description="A segment at a glance.")
class SegmentReport:
    key: str
    size: int
    share_of_customers: float
    sizes: list[SegmentPoint]
    worth: SegmentWorth
    stages: list[SegmentStage]


@strawberry.type(description="Who uses a segment: SEGMENT, LIFECYCLE_EDGE, TOKEN, WEBHOOK or GOAL.")
class SegmentDependent:
    kind: str
    id: strawberry.ID
    name: str


def _condition(source: preview.Condition) -> ConditionCount:
    return ConditionCount(path=list(source.path), text=source.text, matched=told(CustomerCount, source.matched))


@strawberry.type
class SegmentReports(SegmentRuleReports):
    @report("What a rule would find; nothing is kept. Going away cancels it. Needs segment:read and customer:read.")
    async def segment_preview(
        self, info: Info, rule: Rule | None = None, rule_text: str | None = None, sample: int = 10, exact: bool = False
    ) -> SegmentPreview:
        found = await preview.preview(
            actor(info), chosen_rule(rule, rule_text), now=info.context.now, exact=exact, sample=sample
        )
        return SegmentPreview(
            rule=cast(JSON, found.rule),
            rule_text=found.text,
            count=told(CustomerCount, found.count) if found.count else None,
            per_condition=[_condition(one) for one in found.conditions],
            sample=[PreviewCustomer(id=strawberry.ID(ids.encode("cus", key)), display_name=name)
                    for key, name in found.sample],
            cost_class=found.cost,
            warnings=found.warnings,
        )  # fmt: skip

    @report("Everything that rules can speak of, with names in a language: en, fa or zh.")
    async def segment_filter_catalog(self, info: Info, locale: str = "en", noun: str | None = None) -> FilterCatalog:
        need(actor(info), Scope.SEGMENT_READ)
        fields, relations = await catalogue.catalogue(
            actor(info), locale=known_locale(locale), now=info.context.now, noun=noun
        )
        known, _ = await surroundings(info.context.now)
        return FilterCatalog(
            fields=[told(FilterField, one) for one in fields],
            relations=[told(FilterRelation, one) for one in relations],
            json_schema=cast(JSON, json_schema(known)),
        )

    @report("Every two of some segments, and whom they share. Needs segment:read.")
    async def segment_overlap(self, info: Info, keys: list[str]) -> list[SegmentOverlap]:
        return [told(SegmentOverlap, one) for one in await history.overlaps(actor(info), keys)]

    @report("How members went from one segment to another. Needs segment:read.")
    async def segment_flow(self, info: Info, start: str, end: str, period: PeriodInput) -> SegmentFlow:
        found = await history.flow(actor(info), start, end, since=period.since, until=period.until)
        return told(SegmentFlow, found)

    @report("Size, value, churn risk and stages of a segment. Needs segment:read, value:read, lifecycle:read.")
    async def segment_report(self, info: Info, key: str, days: int = 90) -> SegmentReport:
        found = await segment_report(actor(info), key, now=info.context.now, days=days)
        parts = {
            "sizes": [told(SegmentPoint, one) for one in found.sizes],
            "worth": told(SegmentWorth, found.worth),
            "stages": [told(SegmentStage, one) for one in found.stages],
        }
        return told(SegmentReport, found, **parts)

    @report("The segments, by key, that a customer was in at a time. Needs segment:read.")
    async def segments_at(self, info: Info, customer_id: strawberry.ID, at: datetime) -> list[str]:
        return await history.segments_at(actor(info), customer_key(customer_id), at)

    @report("Who would lose by the segment's going. Needs segment:read.")
    async def segment_dependents(self, info: Info, key: str) -> list[SegmentDependent]:
        need(actor(info), Scope.SEGMENT_READ)
        return [told(SegmentDependent, one) for one in await dependents.users_of_segment(key)]
