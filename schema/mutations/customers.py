"""Mutations of customers, their identities and their relationships."""

from datetime import date, datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

import models
from crm import customers, ids, relationships
from crm.identities import IdentityInput
from models import CustomerKind, IdentityKind, RelationshipKind
from schema.customers import Customer
from schema.mutations.support import (
    DeletePayload,
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    idempotency_key,
    key,
    mutation,
    refuse_null,
    without,
    written,
)
from schema.relationships import Relationship

NAMED = ("kind",)


@strawberry.input(description="One way to recognise a customer.")
class IdentityFields:
    kind: IdentityKind
    value: str
    source: str = strawberry.field(default="", description="With EXTERNAL: the system that the reference is from.")
    primary: bool = False

    def read(self) -> IdentityInput:
        return IdentityInput(self.kind, self.value, self.source, self.primary)


@strawberry.input(description="What can be said of a customer; a field left out stays as it is, null empties it.")
class CustomerFields:
    kind: CustomerKind | None = strawberry.UNSET
    display_name: str | None = strawberry.UNSET
    given_name: str | None = strawberry.UNSET
    family_name: str | None = strawberry.UNSET
    organization_name: str | None = strawberry.UNSET
    language: str | None = strawberry.UNSET
    country: str | None = strawberry.UNSET
    city: str | None = strawberry.UNSET
    time_zone: str | None = strawberry.UNSET
    birthday: date | None = strawberry.UNSET
    owner_id: strawberry.ID | None = strawberry.UNSET
    acquisition_source: str | None = strawberry.UNSET
    acquisition_channel: str | None = strawberry.UNSET
    acquired_at: datetime | None = strawberry.UNSET
    custom_fields: JSON | None = strawberry.UNSET


def fields_of(source: CustomerFields) -> customers.CustomerFields:
    values = given(source, owner_id=key("stf", "ownerId"))
    names = {field.python_name for field in CustomerFields.__strawberry_definition__.fields}  # type: ignore[attr-defined]
    kept = {name: value for name, value in values.items() if name in names}
    return refuse_null(kept, *NAMED)  # type: ignore[return-value]


@strawberry.input
class CustomerCreateInput(CustomerFields):
    identities: list[IdentityFields] = strawberry.field(default_factory=list)
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input
class CustomerUpdateInput(CustomerFields):
    id: strawberry.ID
    expected_version: int
    add_identities: list[IdentityFields] = strawberry.field(default_factory=list)
    remove_identities: list[strawberry.ID] = strawberry.field(default_factory=list)


@strawberry.input
class CustomerUpsertInput(CustomerFields):
    identities: list[IdentityFields] = strawberry.field(
        description="Whoever holds one of these is updated; the others are added to it."
    )


@strawberry.type
class CustomerPayload(Payload):
    customer: Customer | None = written(models.Customer)


@strawberry.type
class CustomerUpsertPayload(CustomerPayload):
    created: bool | None = None


@strawberry.input
class RelationshipCreateInput:
    customer_id: strawberry.ID
    related_id: strawberry.ID
    kind: RelationshipKind
    since: date | None = strawberry.UNSET
    until: date | None = strawberry.UNSET
    note: str | None = strawberry.UNSET


@strawberry.input
class RelationshipUpdateInput(VersionedInput):
    since: date | None = strawberry.UNSET
    until: date | None = strawberry.UNSET
    note: str | None = strawberry.UNSET


@strawberry.type
class RelationshipPayload(Payload):
    relationship: Relationship | None = written(models.Relationship)


@strawberry.type
class CustomerMutations:
    @mutation(CustomerPayload, "Create a customer. Needs customer:write.")
    async def customer_create(self, info: Info, input: CustomerCreateInput) -> CustomerPayload:
        customer = await customers.create(
            actor(info),
            fields=fields_of(input),
            given_identities=[identity.read() for identity in input.identities],
            idempotency_key=idempotency_key(info, input.idempotency_key),
            now=info.context.now,
        )
        return CustomerPayload(key=customer.id)

    @mutation(CustomerPayload, "Change a customer. Needs customer:write.")
    async def customer_update(self, info: Info, input: CustomerUpdateInput) -> CustomerPayload:
        customer = await customers.update(
            actor(info),
            ids.decode("cus", input.id),
            expected_version=input.expected_version,
            fields=fields_of(input),
            add_identities=[identity.read() for identity in input.add_identities],
            remove_identities=[ids.decode("idn", one, path=("removeIdentities",)) for one in input.remove_identities],
            now=info.context.now,
        )
        return CustomerPayload(key=customer.id)

    @mutation(CustomerUpsertPayload, "Update whoever holds one of the identities, or create it. Needs customer:write.")
    async def customer_upsert(self, info: Info, input: CustomerUpsertInput) -> CustomerUpsertPayload:
        customer, created = await customers.upsert(
            actor(info),
            match=[identity.read() for identity in input.identities],
            fields=fields_of(input),
            now=info.context.now,
        )
        return CustomerUpsertPayload(key=customer.id, created=created)

    @mutation(CustomerPayload, "Put a customer aside; it keeps its history. Needs customer:write.")
    async def customer_archive(self, info: Info, input: VersionedInput) -> CustomerPayload:
        customer = await customers.archive(
            actor(info), ids.decode("cus", input.id), expected_version=input.expected_version, now=info.context.now
        )
        return CustomerPayload(key=customer.id)

    @mutation(CustomerPayload, "Bring an archived customer back. Needs customer:write.")
    async def customer_restore(self, info: Info, input: VersionedInput) -> CustomerPayload:
        customer = await customers.restore(
            actor(info), ids.decode("cus", input.id), expected_version=input.expected_version
        )
        return CustomerPayload(key=customer.id)

    @mutation(DeletePayload, "Delete a customer without orders. Needs customer:write.")
    async def customer_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await customers.delete(actor(info), ids.decode("cus", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)

    @mutation(RelationshipPayload, "Connect two customers. Needs customer:write.")
    async def relationship_create(self, info: Info, input: RelationshipCreateInput) -> RelationshipPayload:
        fields: Any = without(given(input), "customer_id", "related_id", "kind")
        relationship = await relationships.create(
            actor(info),
            ids.decode("cus", input.customer_id, path=("customerId",)),
            ids.decode("cus", input.related_id, path=("relatedId",)),
            kind=input.kind,
            fields=fields,
        )
        return RelationshipPayload(key=relationship.id)

    @mutation(RelationshipPayload, "Change the dates or the note of a relationship. Needs customer:write.")
    async def relationship_update(self, info: Info, input: RelationshipUpdateInput) -> RelationshipPayload:
        fields: Any = without(given(input), "id", "expected_version")
        relationship = await relationships.update(
            actor(info), ids.decode("rel", input.id), expected_version=input.expected_version, fields=fields
        )
        return RelationshipPayload(key=relationship.id)

    @mutation(DeletePayload, "Delete a relationship that never was. Needs customer:write.")
    async def relationship_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await relationships.delete(actor(info), ids.decode("rel", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)
