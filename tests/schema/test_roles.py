"""Roles through GraphQL: created, changed and deleted by who manages staff, with no more rights than one's own."""

from typing import Any

from crm import ids, roles
from crm.access import Scope
from models import Role
from tests import factories
from tests.factories import OWNER
from tests.schema.test_mutations import change

CREATE = """mutation ($input: RoleCreateInput!) {
  roleCreate(input: $input) { role { key name scopes builtIn version } problems { code path } }
}"""
UPDATE = """mutation ($input: RoleUpdateInput!) {
  roleUpdate(input: $input) { role { name scopes version } problems { code path } }
}"""
DELETE = "mutation ($input: VersionedInput!) { roleDelete(input: $input) { deletedId problems { code path } } }"


async def clerk() -> Role:
    return await roles.create(OWNER, key="clerk", fields={"name": "Clerk", "scopes": ["customer:read"]})


def of(role: Role, **given: Any) -> dict[str, Any]:
    return {"id": ids.encode("rol", role.id), "expectedVersion": role.version, **given}


async def test_a_role_is_created(db: str) -> None:
    payload = await change(CREATE, key="clerk", name="Clerk", scopes=["customer:read"])
    expected = {"key": "clerk", "name": "Clerk", "scopes": ["customer:read"], "builtIn": False, "version": 1}
    assert payload == {"role": expected, "problems": []}


async def test_a_role_is_changed_and_a_stale_change_is_refused(db: str) -> None:
    role = await clerk()
    payload = await change(UPDATE, **of(role, scopes=["customer:read", "order:read"]))
    assert payload["role"]["scopes"] == ["customer:read", "order:read"]
    stale = await change(UPDATE, **of(role, name="Other"))
    assert stale["problems"][0]["code"] == "VERSION_CONFLICT"
    assert (await Role.get(id=role.id)).name == "Clerk"


async def test_a_role_that_nobody_holds_is_deleted(db: str) -> None:
    role = await clerk()
    payload = await change(DELETE, **of(role))
    assert payload == {"deletedId": ids.encode("rol", role.id), "problems": []}
    assert not await Role.exists(id=role.id)


async def test_built_in_roles_stay(db: str) -> None:
    viewer = next(role for role in await roles.install_built_in(OWNER) if role.key == "viewer")
    assert (await change(DELETE, **of(viewer)))["problems"][0]["code"] == "BLOCKED"
    assert await Role.exists(id=viewer.id)


async def test_nobody_makes_a_role_with_more_rights_than_their_own(db: str) -> None:
    manager = factories.actor(Scope.STAFF_MANAGE, Scope.STAFF_READ)
    payload = await change(CREATE, manager, key="boss", name="Boss", scopes=["token:manage"])
    assert payload["problems"][0]["code"] == "FORBIDDEN"
    assert not await Role.exists(key="boss")
