"""Figures over everybody that take long to work out, kept until they are worked out again."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from models.base import Record


class KeptReport(Record):
    """A report's question, whose eyes it is seen with (`row_filter`), and the last answer.

    `key` is a digest of both. `asked_at` is when it was last looked at, `wanted_at` when somebody asked for newer
    figures. `found` is of `worked_at`; at `tried_at` it was last worked out, which took `seconds`, or failed for
    `problem`. A process that works it out has it to itself until `claimed_until`.
    """

    key = fields.CharField(max_length=64, unique=True)
    question: dict[str, Any] = fields.JSONField()
    row_filter: dict[str, Any] | None = fields.JSONField(null=True)
    found: Any = fields.JSONField(null=True)
    problem = fields.CharField(max_length=500, null=True)
    seconds = fields.FloatField(null=True)
    asked_at = fields.DatetimeField()
    wanted_at = fields.DatetimeField()
    tried_at = fields.DatetimeField(null=True)
    worked_at = fields.DatetimeField(null=True)
    claimed_until = fields.DatetimeField(null=True)

    class Meta:
        table = "kept_report"
