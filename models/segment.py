"""Segments, their rules over time, and who was in them when and why."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned
from models.customer import Customer

if TYPE_CHECKING:
    from uuid import UUID


class SegmentKind(StrEnum):
    STATIC = "STATIC"
    DYNAMIC = "DYNAMIC"
    SNAPSHOT = "SNAPSHOT"


class MembershipCause(StrEnum):
    DATA_CHANGED = "DATA_CHANGED"
    RULE_CHANGED = "RULE_CHANGED"
    MANUAL = "MANUAL"
    MERGED = "MERGED"
    TIME_PASSED = "TIME_PASSED"


class Segment(Versioned):
    """A named set of customers: hand-picked, by rule, or a rule frozen at a time.

    `evaluated_version` is the version of the rule that its members follow. A full pass is due at `due_at`; up to
    `timed_at` the passing of time is accounted for; after `stale_after` nobody vouches for the members.
    """

    key = fields.CharField(max_length=80, unique=True)
    name = fields.CharField(max_length=200)
    description = fields.TextField(default="")
    kind = fields.CharEnumField(SegmentKind, max_length=8)
    rule: dict[str, Any] | None = fields.JSONField(null=True)
    rule_text = fields.TextField(null=True)
    rule_version = fields.IntField(default=0)
    evaluated_version = fields.IntField(default=0)
    evaluated_at = fields.DatetimeField(null=True)
    evaluation_ms = fields.IntField(null=True)
    evaluation_error = fields.TextField(null=True)
    size = fields.IntField(default=0)
    due_at = fields.DatetimeField(null=True)
    timed_at = fields.DatetimeField(null=True)
    stale_after = fields.DatetimeField(null=True)
    library_key = fields.CharField(max_length=80, null=True)
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "segment"
        constraints = [
            CheckConstraint(check="kind IN ('STATIC', 'DYNAMIC', 'SNAPSHOT')", name="ck_segment_kind"),
            CheckConstraint(check="kind = 'STATIC' OR rule IS NOT NULL", name="ck_segment_rule"),
        ]


class SegmentVersion(Record):
    """A rule as it was from a time on, and how many customers it moved when it took effect."""

    segment: fields.ForeignKeyRelation[Segment] = fields.ForeignKeyField(
        "models.Segment", related_name="versions", on_delete=fields.CASCADE
    )
    number = fields.IntField()
    rule: dict[str, Any] = fields.JSONField()
    rule_text = fields.TextField()
    entered = fields.IntField(null=True)
    exited = fields.IntField(null=True)
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)

    if TYPE_CHECKING:
        segment_id: UUID

    class Meta:
        table = "segment_version"
        constraints = [UniqueConstraint(fields=("segment_id", "number"), name="uq_segment_version")]


class SegmentMembership(Record):
    """A stay of a customer in a segment; open while `exited_at` is null.

    Stays of one customer in one segment follow each other: who writes holds the segment's lock, one stay is open at a
    time, and none begins before the last has ended. An exclusion constraint would say so too, and was measured: with
    100,000 stays it doubles the work of entering, and takes far more with 500,000; so it is left out.
    """

    segment: fields.ForeignKeyRelation[Segment] = fields.ForeignKeyField(
        "models.Segment", related_name="memberships", on_delete=fields.CASCADE
    )
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="memberships", on_delete=fields.CASCADE
    )
    entered_at = fields.DatetimeField()
    exited_at = fields.DatetimeField(null=True)
    entry_cause = fields.CharEnumField(MembershipCause, max_length=12)
    exit_cause = fields.CharEnumField(MembershipCause, max_length=12, null=True)
    rule_version = fields.IntField(default=0)

    if TYPE_CHECKING:
        segment_id: UUID
        customer_id: UUID

    class Meta:
        table = "segment_membership"
        indexes = [("customer_id", "segment_id", "entered_at"), ("segment_id", "entered_at", "id")]
        constraints = [
            UniqueConstraint(
                fields=("segment_id", "customer_id"),
                name="uq_segment_membership_open",
                condition="exited_at IS NULL",
            ),
            CheckConstraint(
                check="(exited_at IS NULL) = (exit_cause IS NULL)", name="ck_segment_membership_exit_cause"
            ),
            CheckConstraint(check="exited_at IS NULL OR exited_at >= entered_at", name="ck_segment_membership_order"),
        ]
