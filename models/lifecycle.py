"""Lifecycles: their stages, the moves between them, where each customer stands and how it got there."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned
from models.customer import Customer

if TYPE_CHECKING:
    from uuid import UUID


class StageOutcome(StrEnum):
    """What standing in a stage means: on the way, arrived, resting aside, or gone."""

    OPEN = "OPEN"
    WON = "WON"
    IDLE = "IDLE"
    LOST = "LOST"


class TransitionCause(StrEnum):
    MANUAL = "MANUAL"
    AUTOMATIC = "AUTOMATIC"
    IMPORT = "IMPORT"
    MERGED = "MERGED"
    STAGE_REMOVED = "STAGE_REMOVED"


class Lifecycle(Versioned):
    """A graph of stages that customers move through."""

    key = fields.CharField(max_length=80, unique=True)
    name = fields.CharField(max_length=200)
    is_default = fields.BooleanField(default=False)
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "lifecycle"
        constraints = [
            UniqueConstraint(fields=("is_default",), name="uq_lifecycle_default", condition="is_default"),
        ]


class LifecycleRevision(Record):
    """A lifecycle as it was defined from a time on; `number` is the version that the definition made."""

    lifecycle: fields.ForeignKeyRelation[Lifecycle] = fields.ForeignKeyField(
        "models.Lifecycle", related_name="revisions", on_delete=fields.CASCADE
    )
    number = fields.IntField()
    definition: dict[str, Any] = fields.JSONField()
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)

    if TYPE_CHECKING:
        lifecycle_id: UUID

    class Meta:
        table = "lifecycle_revision"
        constraints = [UniqueConstraint(fields=("lifecycle_id", "number"), name="uq_lifecycle_revision")]


class Stage(Versioned):
    """A place in a lifecycle; one that was removed stays for the sake of history, with `archived_at`."""

    lifecycle: fields.ForeignKeyRelation[Lifecycle] = fields.ForeignKeyField(
        "models.Lifecycle", related_name="stages", on_delete=fields.CASCADE
    )
    key = fields.CharField(max_length=80)
    name = fields.CharField(max_length=200)
    position = fields.SmallIntField()
    outcome = fields.CharEnumField(StageOutcome, max_length=4, default=StageOutcome.OPEN)
    is_initial = fields.BooleanField(default=False)
    target_days = fields.IntField(null=True)
    archived_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        lifecycle_id: UUID

    class Meta:
        table = "stage"
        constraints = [
            UniqueConstraint(fields=("lifecycle_id", "key"), name="uq_stage_key"),
            UniqueConstraint(fields=("lifecycle_id",), name="uq_stage_initial", condition="is_initial"),
            CheckConstraint(check="target_days IS NULL OR target_days > 0", name="ck_stage_target_days"),
        ]


class StageEdge(Versioned):
    """An allowed move between two stages."""

    lifecycle: fields.ForeignKeyRelation[Lifecycle] = fields.ForeignKeyField(
        "models.Lifecycle", related_name="edges", on_delete=fields.CASCADE
    )
    from_stage: fields.ForeignKeyRelation[Stage] = fields.ForeignKeyField(
        "models.Stage", related_name="edges_out", on_delete=fields.CASCADE
    )
    to_stage: fields.ForeignKeyRelation[Stage] = fields.ForeignKeyField(
        "models.Stage", related_name="edges_in", on_delete=fields.CASCADE
    )
    position = fields.SmallIntField(default=0)
    guard: dict[str, Any] | None = fields.JSONField(null=True)
    guard_text = fields.TextField(null=True)
    automatic = fields.BooleanField(default=False)
    requires_reason = fields.BooleanField(default=False)
    required_scope = fields.CharField(max_length=40, null=True)

    if TYPE_CHECKING:
        lifecycle_id: UUID
        from_stage_id: UUID
        to_stage_id: UUID

    class Meta:
        table = "stage_edge"
        constraints = [
            UniqueConstraint(fields=("from_stage_id", "to_stage_id"), name="uq_stage_edge"),
            CheckConstraint(check="from_stage_id <> to_stage_id", name="ck_stage_edge_self"),
        ]


class StagePosition(Record):
    """Where a customer stands in a lifecycle now."""

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="stage_positions", on_delete=fields.CASCADE
    )
    lifecycle: fields.ForeignKeyRelation[Lifecycle] = fields.ForeignKeyField(
        "models.Lifecycle", related_name="positions", on_delete=fields.CASCADE
    )
    stage: fields.ForeignKeyRelation[Stage] = fields.ForeignKeyField(
        "models.Stage", related_name="positions", on_delete=fields.RESTRICT
    )
    entered_at = fields.DatetimeField()

    if TYPE_CHECKING:
        customer_id: UUID
        lifecycle_id: UUID
        stage_id: UUID

    class Meta:
        table = "stage_position"
        indexes = [("stage_id", "entered_at", "customer_id")]
        constraints = [
            UniqueConstraint(fields=("customer_id", "lifecycle_id"), name="uq_stage_position"),
        ]


class StageTransition(Record):
    """A move that happened.

    `dwell_seconds` is how long the customer had stood in the stage that it left; `rule` is the text of the guard that
    an automatic move followed.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="stage_transitions", on_delete=fields.CASCADE
    )
    lifecycle: fields.ForeignKeyRelation[Lifecycle] = fields.ForeignKeyField(
        "models.Lifecycle", related_name="transitions", on_delete=fields.CASCADE
    )
    from_stage: fields.ForeignKeyNullableRelation[Stage] = fields.ForeignKeyField(
        "models.Stage", related_name="departures", null=True, on_delete=fields.RESTRICT
    )
    to_stage: fields.ForeignKeyRelation[Stage] = fields.ForeignKeyField(
        "models.Stage", related_name="arrivals", on_delete=fields.RESTRICT
    )
    occurred_at = fields.DatetimeField()
    dwell_seconds = fields.BigIntField(null=True)
    cause = fields.CharEnumField(TransitionCause, max_length=14)
    reason = fields.CharField(max_length=300, null=True)
    rule = fields.TextField(null=True)
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)

    if TYPE_CHECKING:
        customer_id: UUID
        lifecycle_id: UUID
        from_stage_id: UUID | None
        to_stage_id: UUID

    class Meta:
        table = "stage_transition"
        indexes = [("customer_id", "occurred_at", "id"), ("lifecycle_id", "occurred_at")]
