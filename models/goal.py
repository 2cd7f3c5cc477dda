"""What the organisation wants to reach: a figure, from where, to where, by when."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from models.base import Versioned, money


class GoalFigure(StrEnum):
    """What a goal measures; rates are shares from 0 to 1, amounts in the base currency."""

    RETENTION = "RETENTION"
    CHURN = "CHURN"
    NPS = "NPS"
    CSAT = "CSAT"
    CES = "CES"
    ANSWERED_ON_TIME = "ANSWERED_ON_TIME"
    FUNNEL_CONVERSION = "FUNNEL_CONVERSION"
    STAGE_SIZE = "STAGE_SIZE"
    SEGMENT_SIZE = "SEGMENT_SIZE"
    AVERAGE_CLV = "AVERAGE_CLV"
    TOTAL_CLV = "TOTAL_CLV"
    DATA_QUALITY = "DATA_QUALITY"


class Goal(Versioned):
    """A measurable target. `segment`, `lifecycle` and `stage` are keys that narrow the figure, where it takes them."""

    name = fields.CharField(max_length=200)
    figure = fields.CharEnumField(GoalFigure, max_length=20)
    segment = fields.CharField(max_length=80, null=True)
    lifecycle = fields.CharField(max_length=80, null=True)
    stage = fields.CharField(max_length=80, null=True)
    baseline: fields.Field[Decimal] = money()
    target: fields.Field[Decimal] = money()
    starts_on = fields.DateField()
    due_on = fields.DateField()
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "goal"
        indexes = [("due_on", "id")]
        constraints = [
            CheckConstraint(check="due_on > starts_on", name="ck_goal_dates"),
            CheckConstraint(check="target <> baseline", name="ck_goal_target"),
        ]
