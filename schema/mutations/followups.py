"""Mutations of follow-ups, of goals, and of who serves whom."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry

import models
from crm import followups, goals, ids, ownership
from schema.enums import FollowUpStatus, GoalFigure
from schema.followups import FollowUp
from schema.mutations.support import (
    DeletePayload,
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    idempotency_key,
    key,
    mutation,
    optional_value,
    refuse_null,
    without,
    written,
)


@strawberry.input
class FollowUpCreateInput:
    customer_id: strawberry.ID
    subject: str
    due_at: datetime
    note: str = ""
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who is to do it; a staff member who asks, by default."
    )
    interaction_id: strawberry.ID | None = strawberry.UNSET
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input(description="A field left out stays as it is.")
class FollowUpUpdateInput(VersionedInput):
    subject: str | None = strawberry.UNSET
    note: str | None = strawberry.UNSET
    due_at: datetime | None = strawberry.UNSET
    owner_id: strawberry.ID | None = strawberry.UNSET


@strawberry.input
class FollowUpCloseInput(VersionedInput):
    status: FollowUpStatus = strawberry.field(default=FollowUpStatus.DONE, description="DONE or DROPPED.")
    outcome: str | None = strawberry.UNSET


@strawberry.type
class FollowUpPayload(Payload):
    follow_up: FollowUp | None = written(models.FollowUp)


@strawberry.input(description="Everything of one staff member goes to others, in turn.")
class OwnerTransferInput:
    leaver_id: strawberry.ID = strawberry.field(name="from")
    heir_ids: list[strawberry.ID] = strawberry.field(name="to")
    dry_run: bool = False


@strawberry.type
class OwnerTransferPayload(Payload):
    customers: int = 0
    follow_ups: int = 0


@strawberry.input(description="A field left out stays as it is; rates are shares from 0 to 1.")
class GoalFields:
    segment: str | None = strawberry.UNSET
    lifecycle: str | None = strawberry.UNSET
    stage: str | None = strawberry.field(
        default=strawberry.UNSET, description="The stage that the figure is about, or whose customers it is about."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The staff member whose customers it is about."
    )
    baseline: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Where things stand when the goal is set, by default."
    )


@strawberry.input
class GoalCreateInput(GoalFields):
    name: str
    figure: GoalFigure
    target: Decimal
    starts_on: date
    due_on: date


@strawberry.input
class GoalUpdateInput(GoalFields):
    id: strawberry.ID
    expected_version: int
    name: str | None = strawberry.UNSET
    target: Decimal | None = strawberry.UNSET
    starts_on: date | None = strawberry.UNSET
    due_on: date | None = strawberry.UNSET


@strawberry.type
class GoalPayload(Payload):
    goal_id: strawberry.ID | None = None
    version: int | None = None


def _goal(goal: models.Goal) -> GoalPayload:
    return GoalPayload(goal_id=strawberry.ID(ids.encode("gol", goal.id)), version=goal.version)


@strawberry.type
class FollowUpMutations:
    @mutation(FollowUpPayload, "Promise to do something for a customer. Needs interaction:write.")
    async def follow_up_create(self, info: Info, input: FollowUpCreateInput) -> FollowUpPayload:
        owner, touch = optional_value(input.owner_id), optional_value(input.interaction_id)
        made = await followups.create(
            actor(info),
            ids.decode("cus", input.customer_id, path=("customerId",)),
            subject=input.subject,
            due_at=input.due_at,
            note=input.note,
            owner_id=key("stf", "ownerId")(owner) if owner else None,
            interaction_id=key("int", "interactionId")(touch) if touch else None,
            now=info.context.now,
            idempotency_key=idempotency_key(info, input.idempotency_key),
        )
        return FollowUpPayload(key=made.id)

    @mutation(FollowUpPayload, "Change what is promised, until when or by whom. Needs interaction:write.")
    async def follow_up_update(self, info: Info, input: FollowUpUpdateInput) -> FollowUpPayload:
        fields: Any = refuse_null(given(input, owner_id=key("stf", "ownerId")), "subject", "note", "due_at")
        done = await followups.update(
            actor(info),
            ids.decode("fup", input.id),
            expected_version=input.expected_version,
            fields=without(fields, "id", "expected_version"),  # type: ignore[arg-type]
            now=info.context.now,
        )
        return FollowUpPayload(key=done.id)

    @mutation(FollowUpPayload, "Say that it is done, or dropped. Needs interaction:write.")
    async def follow_up_close(self, info: Info, input: FollowUpCloseInput) -> FollowUpPayload:
        done = await followups.close(
            actor(info),
            ids.decode("fup", input.id),
            expected_version=input.expected_version,
            now=info.context.now,
            status=input.status,
            outcome=optional_value(input.outcome),
        )
        return FollowUpPayload(key=done.id)

    @mutation(FollowUpPayload, "Take a closed follow-up up again. Needs interaction:write.")
    async def follow_up_reopen(self, info: Info, input: VersionedInput) -> FollowUpPayload:
        done = await followups.reopen(actor(info), ids.decode("fup", input.id), expected_version=input.expected_version)
        return FollowUpPayload(key=done.id)

    @mutation(DeletePayload, "Delete a follow-up that was made by mistake. Needs interaction:write.")
    async def follow_up_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await followups.delete(actor(info), ids.decode("fup", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)

    @mutation(OwnerTransferPayload, "Hand over customers and follow-ups. Needs customer:write and interaction:write.")
    async def owner_transfer(self, info: Info, input: OwnerTransferInput) -> OwnerTransferPayload:
        heirs = [ids.decode("stf", one, path=("to", str(n))) for n, one in enumerate(input.heir_ids)]
        leaver = ids.decode("stf", input.leaver_id, path=("from",))
        done = await ownership.transfer(actor(info), leaver, heirs, dry_run=input.dry_run)
        return OwnerTransferPayload(customers=done.customers, follow_ups=done.follow_ups)

    @mutation(GoalPayload, "Set a goal. Needs settings:write, and what its figure needs.")
    async def goal_create(self, info: Info, input: GoalCreateInput) -> GoalPayload:
        fields: Any = given(input, owner_id=key("stf", "ownerId"))
        return _goal(await goals.create(actor(info), fields=fields, now=info.context.now))

    @mutation(GoalPayload, "Change a goal. Needs settings:write.")
    async def goal_update(self, info: Info, input: GoalUpdateInput) -> GoalPayload:
        sent = given(input, owner_id=key("stf", "ownerId"))
        fields: Any = refuse_null(sent, "name", "target", "starts_on", "due_on", "baseline")
        done = await goals.update(
            actor(info),
            ids.decode("gol", input.id),
            expected_version=input.expected_version,
            fields=without(fields, "id", "expected_version"),  # type: ignore[arg-type]
        )
        return _goal(done)

    @mutation(GoalPayload, "Put a goal aside. Needs settings:write.")
    async def goal_archive(self, info: Info, input: VersionedInput) -> GoalPayload:
        done = await goals.archive(
            actor(info), ids.decode("gol", input.id), expected_version=input.expected_version, now=info.context.now
        )
        return _goal(done)
