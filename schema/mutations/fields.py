"""Mutations of custom fields."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

import models
from crm import custom_fields, ids
from models import FieldType
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    mutation,
    refuse_null,
    without,
    written,
)
from schema.records import FieldDefinition

_SPOKEN = ("label", "labels", "choices", "required", "searchable", "position")


@strawberry.input
class CustomFieldFields:
    label: str | None = strawberry.UNSET
    labels: JSON | None = strawberry.field(default=strawberry.UNSET, description='By language: {"fa": "…", "zh": "…"}.')
    choices: list[str] | None = strawberry.UNSET
    required: bool | None = strawberry.UNSET
    searchable: bool | None = strawberry.UNSET
    position: int | None = strawberry.UNSET


@strawberry.input
class FieldDefineInput(CustomFieldFields):
    key: str
    type: FieldType


@strawberry.input
class FieldUpdateInput(CustomFieldFields):
    id: strawberry.ID
    expected_version: int


@strawberry.type
class FieldPayload(Payload):
    field_definition: FieldDefinition | None = written(models.FieldDefinition)


@strawberry.type
class FieldMutations:
    @mutation(FieldPayload, "Add a custom field of customers. Needs settings:write.")
    async def field_define(self, info: Info, input: FieldDefineInput) -> FieldPayload:
        fields: Any = without(refuse_null(given(input), *_SPOKEN), "key", "type")
        field = await custom_fields.define(actor(info), key=input.key, type=input.type, fields=fields)
        return FieldPayload(key=field.id)

    @mutation(FieldPayload, "Change a custom field; its key and type are fixed. Needs settings:write.")
    async def field_update(self, info: Info, input: FieldUpdateInput) -> FieldPayload:
        fields: Any = without(refuse_null(given(input), *_SPOKEN), "id", "expected_version")
        field = await custom_fields.update(
            actor(info), ids.decode("fld", input.id), expected_version=input.expected_version, fields=fields
        )
        return FieldPayload(key=field.id)

    @mutation(
        FieldPayload,
        "Take a custom field out of use; values stay stored. Refused while a rule asks for it. Needs settings:write.",
    )
    async def field_archive(self, info: Info, input: VersionedInput) -> FieldPayload:
        field = await custom_fields.archive(
            actor(info), ids.decode("fld", input.id), expected_version=input.expected_version, now=info.context.now
        )
        return FieldPayload(key=field.id)

    @mutation(FieldPayload, "Take an archived custom field into use again. Needs settings:write.")
    async def field_restore(self, info: Info, input: VersionedInput) -> FieldPayload:
        field = await custom_fields.restore(
            actor(info), ids.decode("fld", input.id), expected_version=input.expected_version
        )
        return FieldPayload(key=field.id)
