"""The memory of the system: events, audit trail, idempotency keys, imports, custom fields, settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned


class FieldType(StrEnum):
    TEXT = "TEXT"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    CHOICE = "CHOICE"


class ImportStatus(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Event(Record):
    """Something that happened, written in the transaction in which it happened.

    `position` follows the order of writing, `transaction_id` that of starting; positions become visible out of order.
    """

    position = fields.BigIntField(unique=True, db_default=SqlDefault("nextval('event_position')"))
    transaction_id = fields.BigIntField(db_default=SqlDefault("(pg_current_xact_id()::text)::bigint"))
    type = fields.CharField(max_length=60)
    noun = fields.CharField(max_length=40)
    noun_id = fields.UUIDField()
    customer_id = fields.UUIDField(null=True)
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)
    data: dict[str, Any] = fields.JSONField(default=dict)
    request_id = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "event"
        indexes = [
            ("customer_id", "created_at", "id"),
            ("type", "created_at", "id"),
            ("noun", "created_at", "id"),
            ("actor_id", "created_at", "id"),
            ("created_at", "id"),
            ("transaction_id", "position"),
        ]


class AuditEntry(Record):
    """Who changed what: field names with the values before and after."""

    action = fields.CharField(max_length=60)
    noun = fields.CharField(max_length=40)
    noun_id = fields.UUIDField()
    customer_id = fields.UUIDField(null=True)
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)
    changes: dict[str, Any] = fields.JSONField(default=dict)
    request_id = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "audit_entry"
        indexes = [
            ("noun_id", "created_at", "id"),
            ("customer_id", "created_at", "id"),
            ("actor_id", "created_at", "id"),
            ("action", "created_at", "id"),
            ("noun", "created_at", "id"),
            ("created_at", "id"),
        ]


class IdempotencyKey(Record):
    """A request that was carried out once, and its answer."""

    actor_key = fields.CharField(max_length=60)
    key = fields.CharField(max_length=255)
    fingerprint = fields.CharField(max_length=64)
    noun_id = fields.UUIDField(null=True)
    response: dict[str, Any] | None = fields.JSONField(null=True)

    class Meta:
        table = "idempotency_key"
        indexes = [("created_at",)]
        constraints = [UniqueConstraint(fields=("actor_key", "key"), name="uq_idempotency_key")]


class ImportRun(Versioned):
    """A file that was taken in, and the rows of it that could not be."""

    kind = fields.CharField(max_length=20)
    file_name = fields.CharField(max_length=200)
    fingerprint = fields.CharField(max_length=64)
    status = fields.CharEnumField(ImportStatus, max_length=8, default=ImportStatus.RUNNING)
    mapping: dict[str, Any] = fields.JSONField(default=dict)
    rows_read = fields.IntField(default=0)
    rows_created = fields.IntField(default=0)
    rows_updated = fields.IntField(default=0)
    rows_unchanged = fields.IntField(default=0)
    rows_refused = fields.IntField(default=0)
    refused: list[dict[str, Any]] = fields.JSONField(default=list)
    error = fields.TextField(null=True)
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "import_run"
        indexes = [("created_at", "id"), ("kind", "fingerprint")]


class FieldDefinition(Versioned):
    """A custom field of a noun: its type and what it accepts."""

    noun = fields.CharField(max_length=40, default="customer")
    key = fields.CharField(max_length=60)
    label = fields.CharField(max_length=120)
    labels: dict[str, str] = fields.JSONField(default=dict)
    type = fields.CharEnumField(FieldType, max_length=8)
    choices: list[str] = fields.JSONField(default=list)
    required = fields.BooleanField(default=False)
    searchable = fields.BooleanField(default=False)
    position = fields.SmallIntField(default=0)
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "field_definition"
        constraints = [
            UniqueConstraint(fields=("noun", "key"), name="uq_field_definition_key"),
            CheckConstraint(check="key ~ '^[a-z][a-zA-Z0-9_]*$'", name="ck_field_definition_key"),
        ]


class OrganizationSetting(Versioned):
    """A choice of the organisation that lives with its data."""

    key = fields.CharField(max_length=60, unique=True)
    value = fields.CharField(max_length=500, null=True)

    class Meta:
        table = "organization_setting"
