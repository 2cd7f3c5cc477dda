"""Mutations of interactions."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

import models
from crm import ids, interactions
from crm.followups import FollowUpFields
from models import Channel, Direction, InteractionKind, RatingKind, Sentiment
from schema.interactions import Interaction
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

NEVER_NULL = ("channel", "direction", "kind", "occurred_at", "subject", "body")


@strawberry.input(description="What can be said of an interaction; a field left out stays as it is.")
class InteractionFields:
    staff_id: strawberry.ID | None = strawberry.UNSET
    occurred_at: datetime | None = strawberry.UNSET
    subject: str | None = strawberry.UNSET
    body: str | None = strawberry.UNSET
    outcome: str | None = strawberry.UNSET
    sentiment: Sentiment | None = strawberry.UNSET
    rating_kind: RatingKind | None = strawberry.UNSET
    rating: int | None = strawberry.field(
        default=strawberry.UNSET, description="NPS 0–10, CSAT 1–5, CES 1–7; goes together with ratingKind."
    )
    attribute_ratings: JSON | None = strawberry.field(
        default=strawberry.UNSET, description='Ratings of single things, 1 to 10: {"delivery": 7}.'
    )
    duration_seconds: int | None = strawberry.UNSET
    cost: Decimal | None = strawberry.UNSET
    cost_currency: str | None = strawberry.UNSET
    answer_due_at: datetime | None = strawberry.UNSET
    answered_at: datetime | None = strawberry.UNSET
    source: str | None = strawberry.UNSET
    reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="What `source` calls it; a customer has each but once."
    )


@strawberry.input(description="What is to follow an interaction, until when and by whom.")
class InteractionFollowUpInput:
    due_at: datetime
    subject: str | None = strawberry.field(default=strawberry.UNSET, description="That of the interaction, by default.")
    note: str | None = strawberry.UNSET
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who is to do it; a staff member who asks, by default."
    )


@strawberry.input
class InteractionLogInput(InteractionFields):
    customer_id: strawberry.ID
    channel: Channel
    direction: Direction
    kind: InteractionKind
    follow_up: InteractionFollowUpInput | None = strawberry.field(
        default=strawberry.UNSET, description="A follow-up to make along with it: both are made, or neither."
    )
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input
class InteractionCorrectInput(InteractionFields):
    id: strawberry.ID
    expected_version: int
    channel: Channel | None = strawberry.UNSET
    direction: Direction | None = strawberry.UNSET
    kind: InteractionKind | None = strawberry.UNSET


@strawberry.type
class InteractionPayload(Payload):
    interaction: Interaction | None = written(models.Interaction)


def follow_up(sent: InteractionFollowUpInput | None) -> FollowUpFields | None:
    """What was sent of a follow-up; what is null is as if it had not been sent."""
    if sent is None:
        return None
    fields = given(sent, owner_id=key("stf", "followUp.ownerId"))
    return cast(FollowUpFields, {name: value for name, value in fields.items() if value is not None})


@strawberry.type
class InteractionMutations:
    @mutation(InteractionPayload, "Log a touchpoint. Needs interaction:write.")
    async def interaction_log(self, info: Info, input: InteractionLogInput) -> InteractionPayload:
        sent = refuse_null(given(input, staff_id=key("stf", "staffId")), *NEVER_NULL)
        fields: Any = without(sent, "customer_id", "follow_up", "idempotency_key")
        interaction = await interactions.log(
            actor(info),
            ids.decode("cus", input.customer_id, path=("customerId",)),
            fields=fields,
            follow_up=follow_up(optional_value(input.follow_up)),
            idempotency_key=idempotency_key(info, input.idempotency_key),
            now=info.context.now,
        )
        return InteractionPayload(key=interaction.id)

    @mutation(InteractionPayload, "Correct a touchpoint; the audit trail keeps what it said. Needs interaction:write.")
    async def interaction_correct(self, info: Info, input: InteractionCorrectInput) -> InteractionPayload:
        sent = refuse_null(given(input, staff_id=key("stf", "staffId")), *NEVER_NULL)
        fields: Any = without(sent, "id", "expected_version")
        interaction = await interactions.correct(
            actor(info),
            ids.decode("int", input.id),
            expected_version=input.expected_version,
            fields=fields,
            now=info.context.now,
        )
        return InteractionPayload(key=interaction.id)

    @mutation(DeletePayload, "Delete a touchpoint that was logged by mistake. Needs interaction:write.")
    async def interaction_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await interactions.delete(actor(info), ids.decode("int", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)
