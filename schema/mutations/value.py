"""Mutations of value runs, of what they assume, and of strategic customers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.scalars import JSON

import models
from crm import ids
from crm.value import runs
from crm.value.assumptions import Assumptions
from crm.value.runs import settings, strategic
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    mutation,
    optional_value,
    written,
)
from schema.value import StrategicDesignation, ValueRun


@strawberry.input
class ValueRecomputeInput:
    as_of: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Value customers as of this past time; now if left out."
    )


@strawberry.input
class ValueRunCancelInput:
    id: strawberry.ID


@strawberry.type
class ValueRunPayload(Payload):
    value_run: ValueRun | None = written(models.ValueRun)


@strawberry.input(description="A choice left out stays as it is; null brings its default back.")
class ValueSettingsUpdateInput:
    horizon_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="For expected purchases, spend and churn; 7 to 3650."
    )
    clv_horizon_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="For residual value; 30 to 3650."
    )
    discount_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="A year, as a fraction: 0.1 is 10 %."
    )
    margin_basis: str | None = strawberry.field(
        default=strawberry.UNSET, description="COSTS: recorded costs of goods where there are any; RATE: marginRate."
    )
    margin_rate: Decimal | None = strawberry.UNSET
    model: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="PARETO_NBD, MBG_NBD, BG_NBD, or AUTO for the one that foretells a holdout period best.",
    )
    holdout_days: int | None = strawberry.UNSET
    calibration_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="Fit on customers won within so many days; all if null."
    )
    unit_days: int | None = strawberry.UNSET
    unit_costs: JSON | None = strawberry.field(
        default=strawberry.UNSET, description='Money per interaction by its kind or channel: {"CALL": "4.50"}.'
    )
    hourly_cost: Decimal | None = strawberry.UNSET
    retention_success: Decimal | None = strawberry.UNSET
    came_anyway: Decimal | None = strawberry.UNSET
    referral_depth: int | None = strawberry.UNSET
    referral_decay: Decimal | None = strawberry.UNSET
    capture_rate: Decimal | None = strawberry.UNSET
    learning_points: JSON | None = strawberry.field(
        default=strawberry.UNSET, description='Points by kind of interaction: {"IDEA": "5"}.'
    )
    learning_outcome: str | None = strawberry.UNSET
    learning_multiplier: Decimal | None = strawberry.UNSET
    learning_point_value: Decimal | None = strawberry.UNSET
    fit_segments: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Keys of segments that get models of their own; the first that holds a customer counts.",
    )
    price_cut: Decimal | None = strawberry.UNSET
    cost_cut: Decimal | None = strawberry.UNSET
    wallet_field: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Key of the custom field that holds what a customer spends in a year with everybody: where it is "
        "known, growth is what is not spent here yet.",
    )
    lost_below: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="A customer whose pAlive fell below it counts as lost; 0.1 by default."
    )
    strategic_share: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="HIGH_LIFETIME_VALUE: the fewest who hold this share of all positive value; 0.8 by default.",
    )
    strategic_referrals: int | None = strawberry.field(
        default=strawberry.UNSET, description="BENCHMARK: brought so many customers; 2 by default."
    )
    strategic_adoptions: int | None = strawberry.field(
        default=strawberry.UNSET, description="INSPIRATION: so many ideas were adopted; 1 by default."
    )
    strategic_cost_share: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="COST_MAGNET: profit covers this share of all cost to serve; 0.05 by default.",
    )
    strategic_most: int | None = strawberry.field(
        default=strawberry.UNSET, description="At most so many proposals of a kind; 100 by default."
    )
    keep_runs: int | None = strawberry.UNSET


@strawberry.type(description="What value runs assume; each run keeps the choices it was made with.")
class ValueSettings:
    horizon_days: int
    clv_horizon_days: int
    discount_rate: Decimal
    margin_basis: str
    margin_rate: Decimal
    model: str
    holdout_days: int | None
    calibration_days: int | None
    unit_days: int
    unit_costs: JSON
    hourly_cost: Decimal
    retention_success: Decimal
    came_anyway: Decimal
    referral_depth: int
    referral_decay: Decimal
    capture_rate: Decimal
    learning_points: JSON
    learning_outcome: str
    learning_multiplier: Decimal
    learning_point_value: Decimal | None
    fit_segments: list[str]
    price_cut: Decimal | None
    cost_cut: Decimal | None
    wallet_field: str | None
    lost_below: Decimal
    strategic_share: Decimal
    strategic_referrals: int
    strategic_adoptions: int
    strategic_cost_share: Decimal
    strategic_most: int
    keep_runs: int


def told_settings(assumed: Assumptions) -> ValueSettings:
    plain = assumed.to_json()
    names = [field.python_name for field in ValueSettings.__strawberry_definition__.fields]  # type: ignore[attr-defined]
    return ValueSettings(**{name: _spoken(getattr(assumed, name), plain[name]) for name in names})


def _spoken(value: Any, plain: Any) -> Any:
    return plain if isinstance(value, dict) else value


@strawberry.type
class ValueSettingsPayload(Payload):
    settings: ValueSettings | None = None


@strawberry.type
class DesignationsPayload(Payload):
    proposals: int | None = strawberry.field(
        default=None, description="How many proposals are new or were brought up to date."
    )


@strawberry.input
class DesignationDecideInput(VersionedInput):
    confirm: bool = strawberry.field(description="true: until the review date; false: put aside until then.")
    review_on: date
    note: str | None = strawberry.UNSET


@strawberry.type
class DesignationPayload(Payload):
    designation: StrategicDesignation | None = written(models.StrategicDesignation)


@strawberry.type
class ValueMutations:
    @mutation(
        ValueRunPayload,
        "Ask for a value run; it starts within a second or two, and the published figures stay until it is done. "
        "Needs value:recompute.",
    )
    async def value_recompute(self, info: Info, input: ValueRecomputeInput) -> ValueRunPayload:
        run = await runs.begin(actor(info), as_of=optional_value(input.as_of), now=info.context.now)
        return ValueRunPayload(key=run.id)

    @mutation(ValueRunPayload, "Call a run off; it stops at its next step. Needs value:recompute.")
    async def value_run_cancel(self, info: Info, input: ValueRunCancelInput) -> ValueRunPayload:
        run = await runs.cancel(actor(info), ids.decode("run", input.id))
        return ValueRunPayload(key=run.id)

    @mutation(ValueSettingsPayload, "Change what the next value run assumes. Needs settings:write.")
    async def value_settings_update(self, info: Info, input: ValueSettingsUpdateInput) -> ValueSettingsPayload:
        chosen = await settings.change(actor(info), **given(input))
        return ValueSettingsPayload(settings=told_settings(chosen))

    @mutation(DesignationsPayload, "Propose strategic customers from the published run. Needs value:recompute.")
    async def designations_propose(self, info: Info) -> DesignationsPayload:
        return DesignationsPayload(proposals=await strategic.propose(actor(info), now=info.context.now))

    @mutation(DesignationPayload, "Confirm a strategic customer, or put the proposal aside. Needs customer:write.")
    async def designation_decide(self, info: Info, input: DesignationDecideInput) -> DesignationPayload:
        found = await strategic.decide(
            actor(info),
            ids.decode("dsg", input.id),
            expected_version=input.expected_version,
            confirm=input.confirm,
            review_on=input.review_on,
            note=optional_value(input.note),
            now=info.context.now,
        )
        return DesignationPayload(key=found.id)
