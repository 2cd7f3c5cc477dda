"""What is to come of the customers of a run, in sum: what any what-if is answered from at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from models.base import Record
from models.value import ValueRun

if TYPE_CHECKING:
    from uuid import UUID


class RunOutlook(Record):
    """The outlook of one run (`crm.value.outlook`): months, hazards and `terms` moments of three measures.

    `figures` are its columns one after the other, little-endian floats of eight bytes.
    """

    run: fields.ForeignKeyRelation[ValueRun] = fields.ForeignKeyField(
        "models.ValueRun", related_name="outlooks", on_delete=fields.CASCADE
    )
    customers = fields.IntField()
    terms = fields.SmallIntField()
    figures = fields.BinaryField()

    if TYPE_CHECKING:
        run_id: UUID

    class Meta:
        table = "run_outlook"
        constraints = [UniqueConstraint(fields=("run_id",), name="uq_run_outlook")]
