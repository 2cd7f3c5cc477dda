"""Mutations of segments and of stage moves."""

from collections.abc import Iterable
from typing import Any

import strawberry

import models
from crm import ids
from crm.errors import Blocked, ValidationFailed
from crm.lifecycle import positions
from crm.lifecycle.positions import Obstacle
from crm.segments import definitions, refresh, static
from schema.customers import Customer
from schema.mutations.segment_rules import SegmentRuleMutations
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    mutation,
    optional_value,
    refuse_null,
    without,
    written,
)
from schema.problems import problems_of
from schema.reports.rule_input import chosen_rule
from schema.scalars import Rule
from schema.segments import Segment


@strawberry.input
class SegmentCreateInput:
    key: str = strawberry.field(description="How rules and links name the segment; small letters, digits, - and _.")
    name: str
    description: str = ""
    kind: models.SegmentKind = strawberry.field(
        default=models.SegmentKind.STATIC,
        description="STATIC has no rule; DYNAMIC follows its rule; SNAPSHOT takes whom its rule finds now, for good.",
    )
    rule: Rule | None = strawberry.field(
        default=strawberry.UNSET, description="The rule as a tree; give this or the text."
    )
    rule_text: str | None = strawberry.field(default=strawberry.UNSET, description="The rule in words.")


@strawberry.input
class SegmentUpdateInput(VersionedInput):
    name: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET


@strawberry.input(description="Customers to put into a static segment, or to take out of it; at most 250 at once.")
class SegmentMembersInput:
    segment_id: strawberry.ID
    customer_ids: list[strawberry.ID]


@strawberry.type
class SegmentPayload(Payload):
    segment: Segment | None = written(models.Segment)


@strawberry.type
class SegmentMembersPayload(SegmentPayload):
    changed_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Who entered, or left; customers already where they should be are not among them.",
    )


@strawberry.input
class StageMoveInput:
    customer_id: strawberry.ID
    to: str = strawberry.field(description="The key of the stage to move to.")
    lifecycle: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its key; the default one if left out."
    )
    expected_stage: str | None = strawberry.field(
        default=strawberry.UNSET, description="The stage that the caller saw; another one is a conflict."
    )
    reason: str | None = strawberry.UNSET
    dry_run: bool = strawberry.field(default=False, description="Only tell what keeps the customer from moving.")


@strawberry.type(description="One thing that keeps a customer from moving.")
class MoveObstacle:
    code: str
    message: str
    expected: str | None
    actual: str | None


@strawberry.type(description="A move that leads on from where the customer stands.")
class StageMoveChoice:
    to: str = strawberry.field(description="The key of the stage that it leads to.")
    open: bool = strawberry.field(description="Whether the customer may go there now.")
    obstacles: list[MoveObstacle] = strawberry.field(description="What keeps it from going there; empty when it may.")


@strawberry.type
class StageMovePayload(Payload):
    moved: bool = False
    obstacles: list[MoveObstacle] = strawberry.field(default_factory=list)
    open_to: list[str] = strawberry.field(
        default_factory=list, description="Keys of the stages that moves lead to from where the customer stands now."
    )
    choices: list[StageMoveChoice] = strawberry.field(
        default_factory=list,
        description="On a dry run or a refusal: each of these moves, whether it is open, and if not, why not.",
    )

    customer: Customer | None = written(models.Customer)


def _obstacle(source: Obstacle | dict[str, Any]) -> MoveObstacle:
    values = source if isinstance(source, dict) else {name: getattr(source, name) for name in Obstacle.__slots__}
    return MoveObstacle(**values)


def _choice(to: str, obstacles: Iterable[Obstacle | dict[str, Any]]) -> StageMoveChoice:
    found = [_obstacle(one) for one in obstacles]
    return StageMoveChoice(to=to, open=not found, obstacles=found)


@strawberry.type
class SegmentMutations(SegmentRuleMutations):
    @mutation(SegmentPayload, "Create a segment, hand-picked or by rule. Needs segment:write.")
    async def segment_create(self, info: Info, input: SegmentCreateInput) -> SegmentPayload:
        fields: Any = {"name": input.name, "description": input.description}
        if input.kind is models.SegmentKind.STATIC:
            refuse_rule(input)
            return SegmentPayload(key=(await definitions.create_static(actor(info), key=input.key, fields=fields)).id)
        rule, now = chosen_rule(input.rule, input.rule_text), info.context.now
        made = await definitions.create_by_rule(
            actor(info), key=input.key, kind=input.kind, rule=rule, fields=fields, now=now
        )
        await refresh.soon(actor(info), made.id, now=now)
        return SegmentPayload(key=made.id)

    @mutation(SegmentPayload, "Change a segment's name or description. Needs segment:write.")
    async def segment_update(self, info: Info, input: SegmentUpdateInput) -> SegmentPayload:
        fields: Any = without(refuse_null(given(input), "name", "description"), "id", "expected_version")
        segment = await definitions.update(
            actor(info), ids.decode("seg", input.id), expected_version=input.expected_version, fields=fields
        )
        return SegmentPayload(key=segment.id)

    @mutation(SegmentPayload, "Put a segment aside; its history stays. Needs segment:write.")
    async def segment_archive(self, info: Info, input: VersionedInput) -> SegmentPayload:
        segment = await definitions.archive(
            actor(info), ids.decode("seg", input.id), expected_version=input.expected_version, now=info.context.now
        )
        return SegmentPayload(key=segment.id)

    @mutation(SegmentMembersPayload, "Put customers into a static segment. Needs segment:write.")
    async def segment_members_add(self, info: Info, input: SegmentMembersInput) -> SegmentMembersPayload:
        return await _members(info, input, static.add)

    @mutation(SegmentMembersPayload, "Take customers out of a static segment. Needs segment:write.")
    async def segment_members_remove(self, info: Info, input: SegmentMembersInput) -> SegmentMembersPayload:
        return await _members(info, input, static.remove)

    @mutation(StageMovePayload, "Move a customer to another stage, or find out what keeps it. Needs stage:move.")
    async def stage_move(self, info: Info, input: StageMoveInput) -> StageMovePayload:
        customer_id = ids.decode("cus", input.customer_id, path=("customerId",))
        try:
            move = await positions.move(
                actor(info),
                customer_id,
                to=input.to,
                lifecycle=optional_value(input.lifecycle),
                expected_stage=optional_value(input.expected_stage),
                reason=optional_value(input.reason),
                dry_run=input.dry_run,
                now=info.context.now,
            )
        except Blocked as blocked:
            return StageMovePayload(
                key=customer_id,
                problems=problems_of(blocked),
                obstacles=[_obstacle(one) for one in blocked.details.get("obstacles", [])],
                open_to=blocked.details.get("open_to", []),
                choices=[_choice(**one) for one in blocked.details.get("choices", [])],
            )
        return StageMovePayload(
            key=customer_id,
            moved=not input.dry_run,
            obstacles=[_obstacle(one) for one in move.obstacles],
            open_to=[stage.key for stage in move.open_to],
            choices=[_choice(one.stage.key, one.obstacles) for one in move.choices],
        )


def refuse_rule(input: SegmentCreateInput) -> None:
    if optional_value(input.rule) is not None or optional_value(input.rule_text) is not None:
        raise ValidationFailed("A STATIC segment has no rule; choose DYNAMIC or SNAPSHOT.", path=("kind",))


async def _members(info: Info, input: SegmentMembersInput, change: Any) -> SegmentMembersPayload:
    segment_id = ids.decode("seg", input.segment_id, path=("segmentId",))
    wanted = [ids.decode("cus", one, path=("customerIds", str(n))) for n, one in enumerate(input.customer_ids)]
    moved = await change(actor(info), segment_id, wanted, now=info.context.now)
    return SegmentMembersPayload(key=segment_id, changed_ids=[strawberry.ID(ids.encode("cus", one)) for one in moved])
