"""The enums of the models, given to GraphQL."""

import strawberry

from crm.access import ActorKind
from models import (
    Channel,
    CostActivity,
    CustomerKind,
    DeliveryStatus,
    DesignationStatus,
    Direction,
    DisabledReason,
    FieldType,
    FollowUpStatus,
    GoalFigure,
    IdentityKind,
    ImportStatus,
    InteractionKind,
    MembershipCause,
    OrderStatus,
    RatingKind,
    RelationshipKind,
    RunStatus,
    SegmentKind,
    Sentiment,
    StageOutcome,
    StrategicKind,
    TransitionCause,
)

strawberry.enum(ActorKind, description="What kind of actor: a person, an app, or the product itself.")
strawberry.enum(Channel, name="InteractionChannel", description="Through which channel.")
strawberry.enum(CostActivity, description="What the money was spent on.")
strawberry.enum(CustomerKind, description="A person or an organisation.")
strawberry.enum(Direction, name="InteractionDirection", description="Who began it.")
strawberry.enum(FieldType, description="What a custom field holds.")
strawberry.enum(FollowUpStatus, description="What became of a follow-up.")
strawberry.enum(GoalFigure, name="GoalMeasure", description="What a goal measures; rates are shares from 0 to 1.")
strawberry.enum(IdentityKind, description="A kind of identity.")
strawberry.enum(ImportStatus, description="How far an import is.")
strawberry.enum(InteractionKind, description="What kind of touchpoint.")
strawberry.enum(MembershipCause, description="Why a customer came in or went out.")
strawberry.enum(OrderStatus, description="What became of an order.")
strawberry.enum(RatingKind, description="The scale of a rating.")
strawberry.enum(RelationshipKind, description="What one customer is to another.")
strawberry.enum(RunStatus, description="How far a value run is.")
strawberry.enum(DesignationStatus, description="What became of a proposal of a strategic customer.")
strawberry.enum(StrategicKind, description="Why a customer matters beyond its numbers.")
strawberry.enum(SegmentKind, description="Hand-picked, by rule, or a rule frozen at a time.")
strawberry.enum(Sentiment, description="How the customer felt.")
strawberry.enum(StageOutcome, description="Whether a stage is an end, and a good one.")
strawberry.enum(TransitionCause, description="Why a customer moved.")

strawberry.enum(
    DeliveryStatus, name="WebhookDeliveryStatus", description="What became of telling an endpoint of an event."
)
strawberry.enum(DisabledReason, name="WebhookDisabledReason", description="Why a webhook was switched off.")

__all__ = [
    "ActorKind",
    "Channel",
    "CostActivity",
    "CustomerKind",
    "DeliveryStatus",
    "DesignationStatus",
    "Direction",
    "DisabledReason",
    "FieldType",
    "FollowUpStatus",
    "GoalFigure",
    "IdentityKind",
    "ImportStatus",
    "InteractionKind",
    "MembershipCause",
    "OrderStatus",
    "RatingKind",
    "RelationshipKind",
    "RunStatus",
    "SegmentKind",
    "Sentiment",
    "StageOutcome",
    "StrategicKind",
    "TransitionCause",
]
