"""Mutations of roles, the named sets of scopes that staff members hold."""

from typing import Any

import strawberry

import models
from crm import ids, roles
from schema.mutations.support import (
    DeletePayload,
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
from schema.staff import Role


@strawberry.input
class RoleFields:
    name: str | None = strawberry.UNSET
    scopes: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="What its members may do; no more than you may yourself."
    )


@strawberry.input
class RoleCreateInput(RoleFields):
    key: str


@strawberry.input
class RoleUpdateInput(RoleFields):
    id: strawberry.ID
    expected_version: int


@strawberry.type
class RolePayload(Payload):
    role: Role | None = written(models.Role)


@strawberry.type
class RoleMutations:
    @mutation(RolePayload, "Create a role. Needs staff:manage.")
    async def role_create(self, info: Info, input: RoleCreateInput) -> RolePayload:
        fields: Any = without(refuse_null(given(input), "name", "scopes"), "key")
        role = await roles.create(actor(info), key=input.key, fields=fields)
        return RolePayload(key=role.id)

    @mutation(RolePayload, "Change a role that is not built in. Needs staff:manage.")
    async def role_update(self, info: Info, input: RoleUpdateInput) -> RolePayload:
        fields: Any = without(refuse_null(given(input), "name", "scopes"), "id", "expected_version")
        role = await roles.update(
            actor(info), ids.decode("rol", input.id), expected_version=input.expected_version, fields=fields
        )
        return RolePayload(key=role.id)

    @mutation(DeletePayload, "Delete a role that nobody holds. Needs staff:manage.")
    async def role_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await roles.delete(actor(info), ids.decode("rol", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)
