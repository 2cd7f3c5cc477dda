"""Tables: fields, constraints and indexes of every noun."""

from models.base import Record, Versioned, new_id
from models.cursor import EventCursor
from models.customer import Customer, CustomerKind, Identity, IdentityKind, Relationship, RelationshipKind
from models.followup import FollowUp, FollowUpStatus
from models.goal import Goal, GoalFigure, GoalMeasurement
from models.interaction import Channel, Direction, Interaction, InteractionKind, RatingKind, Sentiment
from models.lifecycle import (
    Lifecycle,
    LifecycleRevision,
    Stage,
    StageEdge,
    StageOutcome,
    StagePosition,
    StageTransition,
    TransitionCause,
)
from models.order import (
    CostActivity,
    CostEntry,
    ExchangeRate,
    Order,
    OrderLine,
    OrderStatus,
    Product,
)
from models.outlook import RunOutlook
from models.record import (
    AuditEntry,
    Event,
    FieldDefinition,
    FieldType,
    IdempotencyKey,
    ImportRun,
    ImportStatus,
    OrganizationSetting,
)
from models.report import KeptReport
from models.saved_view import SavedView
from models.segment import MembershipCause, Segment, SegmentKind, SegmentMembership, SegmentVersion
from models.staff import LoginAttempt, Role, StaffMember, StaffSession
from models.token import ApiToken
from models.value import (
    CustomerDay,
    CustomerTotal,
    DesignationStatus,
    ProductDay,
    RunStatus,
    StrategicDesignation,
    StrategicKind,
    ValueRun,
    ValueSnapshot,
)
from models.webhook import DeliveryStatus, DisabledReason, WebhookDelivery, WebhookEndpoint

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Channel",
    "CostActivity",
    "CostEntry",
    "Customer",
    "CustomerDay",
    "CustomerKind",
    "CustomerTotal",
    "DeliveryStatus",
    "DesignationStatus",
    "Direction",
    "DisabledReason",
    "Event",
    "EventCursor",
    "ExchangeRate",
    "FieldDefinition",
    "FieldType",
    "FollowUp",
    "FollowUpStatus",
    "Goal",
    "GoalFigure",
    "GoalMeasurement",
    "IdempotencyKey",
    "Identity",
    "IdentityKind",
    "ImportRun",
    "ImportStatus",
    "Interaction",
    "InteractionKind",
    "KeptReport",
    "Lifecycle",
    "LifecycleRevision",
    "LoginAttempt",
    "MembershipCause",
    "Order",
    "OrderLine",
    "OrderStatus",
    "OrganizationSetting",
    "Product",
    "ProductDay",
    "RatingKind",
    "Record",
    "Relationship",
    "RelationshipKind",
    "Role",
    "RunOutlook",
    "RunStatus",
    "SavedView",
    "Segment",
    "SegmentKind",
    "SegmentMembership",
    "SegmentVersion",
    "Sentiment",
    "StaffMember",
    "StaffSession",
    "Stage",
    "StageEdge",
    "StageOutcome",
    "StagePosition",
    "StageTransition",
    "TransitionCause",
    "StrategicDesignation",
    "StrategicKind",
    "ValueRun",
    "ValueSnapshot",
    "Versioned",
    "WebhookDelivery",
    "WebhookEndpoint",
    "new_id",
]
