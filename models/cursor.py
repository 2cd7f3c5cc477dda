"""How far a reader of the events has come, and which process reads on its behalf."""

from __future__ import annotations

from tortoise import fields

from models.base import Record


class EventCursor(Record):
    """The place of one reader in the events: everything up to (`transaction_id`, `position`) is dealt with.

    Only the process named by `holder` reads, until `lease_until`. At `caught_up_at` nothing was waiting.
    """

    name = fields.CharField(max_length=40, unique=True)
    transaction_id = fields.BigIntField(default=0)
    position = fields.BigIntField(default=0)
    holder = fields.CharField(max_length=80, null=True)
    lease_until = fields.DatetimeField(null=True)
    caught_up_at = fields.DatetimeField(null=True)
    error = fields.TextField(null=True)

    class Meta:
        table = "event_cursor"
