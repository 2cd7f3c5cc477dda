"""Customers, the ways to recognise them, and how they are connected."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.contrib.postgres.fields import TSVectorField
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned
from models.staff import StaffMember

if TYPE_CHECKING:
    from uuid import UUID


class CustomerKind(StrEnum):
    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


class IdentityKind(StrEnum):
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    EXTERNAL = "EXTERNAL"


class RelationshipKind(StrEnum):
    EMPLOYED_BY = "EMPLOYED_BY"
    PARENT_COMPANY = "PARENT_COMPANY"
    REFERRED_BY = "REFERRED_BY"
    INFLUENCES = "INFLUENCES"
    PARTNER = "PARTNER"
    SUPPLIER = "SUPPLIER"


class Customer(Versioned):
    """A person or an organisation, from suspect to advocate.

    `merged_into` is set on a duplicate that became part of another; its own id leads to that one from then on.
    `search_text` holds names, identities and searchable custom fields in normal form; the use cases keep it.
    """

    kind = fields.CharEnumField(CustomerKind, max_length=12, default=CustomerKind.PERSON)
    display_name = fields.CharField(max_length=300)
    given_name = fields.CharField(max_length=150, null=True)
    family_name = fields.CharField(max_length=150, null=True)
    organization_name = fields.CharField(max_length=300, null=True)
    sort_name = fields.CharField(max_length=300)
    language = fields.CharField(max_length=10, null=True)
    country = fields.CharField(max_length=2, null=True)
    city = fields.CharField(max_length=120, null=True)
    time_zone = fields.CharField(max_length=64, null=True)
    birthday = fields.DateField(null=True)
    owner: fields.ForeignKeyNullableRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="customers", null=True, on_delete=fields.SET_NULL
    )
    acquisition_source = fields.CharField(max_length=80, null=True)
    acquisition_channel = fields.CharField(max_length=80, null=True)
    acquired_at = fields.DatetimeField(null=True)
    custom_fields: dict[str, Any] = fields.JSONField(default=dict)
    search_text = fields.TextField(default="")
    search_vector = TSVectorField(source_fields="search_text", config="simple", null=True)
    archived_at = fields.DatetimeField(null=True)
    merged_into: fields.ForeignKeyNullableRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="absorbed", null=True, on_delete=fields.CASCADE
    )

    if TYPE_CHECKING:
        owner_id: UUID | None
        merged_into_id: UUID | None
        identities: fields.ReverseRelation[Identity]

    class Meta:
        table = "customer"
        indexes = [
            ("created_at", "id"),
            ("updated_at", "id"),
            ("sort_name", "id"),
            ("country", "id"),
            ("owner_id", "id"),
            ("merged_into_id",),
            GinIndex(fields=("search_vector",), name="idx_customer_search_vector"),
            GinIndex(fields=("custom_fields",), name="idx_customer_custom_fields"),
        ]
        constraints = [
            CheckConstraint(check="kind IN ('PERSON', 'ORGANIZATION')", name="ck_customer_kind"),
            CheckConstraint(check="length(display_name) > 0", name="ck_customer_display_name"),
            CheckConstraint(check="version > 0", name="ck_customer_version"),
            CheckConstraint(
                check="merged_into_id IS NULL OR (merged_into_id <> id AND archived_at IS NOT NULL)",
                name="ck_customer_merged_into",
            ),
        ]


class Identity(Record):
    """One way to recognise a customer; unique over all customers in its normal form."""

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="identities", on_delete=fields.CASCADE
    )
    kind = fields.CharEnumField(IdentityKind, max_length=10)
    source = fields.CharField(max_length=80, default="")
    value = fields.CharField(max_length=320)
    normalized = fields.CharField(max_length=320)
    is_primary = fields.BooleanField(default=False)
    verified_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        customer_id: UUID

    class Meta:
        table = "identity"
        indexes = [("customer_id", "kind")]
        constraints = [
            UniqueConstraint(fields=("kind", "source", "normalized"), name="uq_identity_normalized"),
            CheckConstraint(check="kind IN ('EMAIL', 'PHONE', 'EXTERNAL')", name="ck_identity_kind"),
            CheckConstraint(check="(kind = 'EXTERNAL') = (source <> '')", name="ck_identity_source"),
        ]


class Relationship(Versioned):
    """A typed, dated link from one customer to another."""

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="relationships", on_delete=fields.CASCADE
    )
    related: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="inverse_relationships", on_delete=fields.CASCADE
    )
    kind = fields.CharEnumField(RelationshipKind, max_length=20)
    since = fields.DateField(null=True)
    until = fields.DateField(null=True)
    note = fields.CharField(max_length=500, null=True)

    if TYPE_CHECKING:
        customer_id: UUID
        related_id: UUID

    class Meta:
        table = "relationship"
        indexes = [("customer_id", "kind"), ("related_id", "kind")]
        constraints = [
            CheckConstraint(check="customer_id <> related_id", name="ck_relationship_self"),
            CheckConstraint(check="until IS NULL OR since IS NULL OR until >= since", name="ck_relationship_dates"),
            UniqueConstraint(
                fields=("customer_id", "related_id", "kind"),
                name="uq_relationship_open",
                condition="until IS NULL",
            ),
            UniqueConstraint(
                fields=("customer_id",),
                name="uq_relationship_referrer",
                condition="kind = 'REFERRED_BY' AND until IS NULL",
            ),
        ]
