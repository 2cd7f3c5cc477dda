"""What the organisation wants to reach: a figure, from where, to where, by when."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned, money
from models.staff import StaffMember

if TYPE_CHECKING:
    from uuid import UUID


class GoalFigure(StrEnum):
    """What a goal measures; `crm.goals.figures` tells unit, scopes and report of each."""

    RETENTION = "RETENTION"
    CHURN = "CHURN"
    NPS = "NPS"
    CSAT = "CSAT"
    CES = "CES"
    ANSWERED_ON_TIME = "ANSWERED_ON_TIME"
    COMPLAINTS = "COMPLAINTS"
    PROMISES_KEPT = "PROMISES_KEPT"
    INTERACTIONS = "INTERACTIONS"
    FUNNEL_CONVERSION = "FUNNEL_CONVERSION"
    STAGE_REACHED = "STAGE_REACHED"
    STAGE_SIZE = "STAGE_SIZE"
    STAGE_DWELL = "STAGE_DWELL"
    STUCK_CUSTOMERS = "STUCK_CUSTOMERS"
    NEW_CUSTOMERS = "NEW_CUSTOMERS"
    SEGMENT_SIZE = "SEGMENT_SIZE"
    REVENUE = "REVENUE"
    GROSS_MARGIN = "GROSS_MARGIN"
    ORDERS = "ORDERS"
    BUYERS = "BUYERS"
    FIRST_TIME_BUYERS = "FIRST_TIME_BUYERS"
    AVERAGE_ORDER = "AVERAGE_ORDER"
    REPEAT_RATE = "REPEAT_RATE"
    AVERAGE_CLV = "AVERAGE_CLV"
    TOTAL_CLV = "TOTAL_CLV"
    CUSTOMER_EQUITY = "CUSTOMER_EQUITY"
    NET_PROFIT = "NET_PROFIT"
    VALUE_AT_RISK = "VALUE_AT_RISK"
    EXPECTED_SPEND = "EXPECTED_SPEND"
    CHURN_RISK = "CHURN_RISK"
    ACTIVE_CUSTOMERS = "ACTIVE_CUSTOMERS"
    REFERRALS = "REFERRALS"
    SINGLE_THREADED = "SINGLE_THREADED"
    EXPOSED_VALUE = "EXPOSED_VALUE"
    DATA_QUALITY = "DATA_QUALITY"
    COMPLETENESS = "COMPLETENESS"
    REACHABILITY = "REACHABILITY"
    FRESHNESS = "FRESHNESS"
    SLA_BREACHES = "SLA_BREACHES"
    OVERDUE_COMPLAINTS = "OVERDUE_COMPLAINTS"
    COST_TO_SERVE = "COST_TO_SERVE"
    GROWTH_POTENTIAL = "GROWTH_POTENTIAL"
    NETWORKING_POTENTIAL = "NETWORKING_POTENTIAL"
    LEARNING_POTENTIAL = "LEARNING_POTENTIAL"
    DELIVERED_VALUE = "DELIVERED_VALUE"
    CONTACT_BREADTH = "CONTACT_BREADTH"
    UNREACHABLE = "UNREACHABLE"


class Goal(Versioned):
    """A measurable target.

    `segment`, `lifecycle` and `stage` are keys, `owner` a staff member: they narrow the figure, where it takes them.
    """

    name = fields.CharField(max_length=200)
    figure = fields.CharEnumField(GoalFigure, max_length=20)
    segment = fields.CharField(max_length=80, null=True)
    lifecycle = fields.CharField(max_length=80, null=True)
    stage = fields.CharField(max_length=80, null=True)
    owner: fields.ForeignKeyNullableRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="goals", null=True, on_delete=fields.RESTRICT
    )
    baseline: fields.Field[Decimal] = money()
    target: fields.Field[Decimal] = money()
    starts_on = fields.DateField()
    due_on = fields.DateField()
    archived_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        owner_id: UUID | None

    class Meta:
        table = "goal"
        indexes = [("due_on", "id")]
        constraints = [
            CheckConstraint(check="due_on > starts_on", name="ck_goal_dates"),
            CheckConstraint(check="target <> baseline", name="ck_goal_target"),
        ]


class GoalMeasurement(Record):
    """A goal's figure as it was on a day; `value` is None when there was nothing to measure."""

    goal: fields.ForeignKeyRelation[Goal] = fields.ForeignKeyField(
        "models.Goal", related_name="measurements", on_delete=fields.CASCADE
    )
    day = fields.DateField()
    value: fields.Field[Decimal | None] = money(null=True)

    if TYPE_CHECKING:
        goal_id: UUID

    class Meta:
        table = "goal_measurement"
        constraints = [UniqueConstraint(fields=("goal_id", "day"), name="uq_goal_measurement")]
