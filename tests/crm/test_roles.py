"""Roles: nobody gives what they do not have, built-in ones stay, and one that is held is not deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm import roles, staff
from crm.access import BUILT_IN_ROLES, Scope, system
from crm.errors import Blocked, CrmError, DuplicateFound, Forbidden, ValidationFailed, VersionConflict
from models import AuditEntry, Event, Role, StaffMember

OWNER = system("owner")
HELPER = replace(OWNER, label="helper", scopes=BUILT_IN_ROLES["agent"] | {Scope.STAFF_MANAGE})
MANAGING = [Scope.STAFF_READ.value, Scope.STAFF_MANAGE.value]


async def clerk(scopes: list[str] | None = None) -> Role:
    return await roles.create(OWNER, key="clerk", fields={"name": "Clerk", "scopes": scopes or ["customer:read"]})


async def hired(role: str = "clerk") -> StaffMember:
    return await staff.create(OWNER, fields={"email": "sara@example.com", "name": "Sara", "role": role})


async def test_a_role_is_created_with_its_trail(db: str) -> None:
    role = await clerk(["order:read", "customer:read"])
    assert role.scopes == ["customer:read", "order:read"]
    assert await AuditEntry.exists(noun="role", noun_id=role.id, action="role.created")
    assert await Event.exists(type="role.created", noun_id=role.id)


@pytest.mark.parametrize(
    ("key", "fields", "error"),
    [
        ("Clerk!", {}, ValidationFailed),
        ("k" * 61, {}, ValidationFailed),
        ("clerk", {"name": " "}, ValidationFailed),
        ("clerk", {"scopes": ["customer:eat"]}, ValidationFailed),
        ("clerk", {"scopes": ["settings:write"]}, Forbidden),
        ("taken", {}, DuplicateFound),
    ],
)
async def test_a_role_that_cannot_be_is_refused(db: str, key: str, fields: Any, error: type[CrmError]) -> None:
    await roles.create(OWNER, key="taken", fields={})
    with pytest.raises(error):
        await roles.create(HELPER, key=key, fields=fields)
    assert await Role.all().count() == 1


async def test_without_the_right_nothing_about_roles_changes(db: str) -> None:
    role, agent = await clerk(), replace(OWNER, scopes=BUILT_IN_ROLES["manager"])
    for attempt in (
        roles.create(agent, key="other", fields={}),
        roles.update(agent, role.id, expected_version=None, fields={"name": "Eve"}),
        roles.delete(agent, role.id, expected_version=None),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert await Role.all().values_list("name", flat=True) == ["Clerk"]


async def test_scopes_change_with_the_next_version_and_its_trail(db: str) -> None:
    role = await clerk()
    await roles.update(OWNER, role.id, expected_version=1, fields={"scopes": ["order:read"]})
    assert ((await Role.get(id=role.id)).scopes, (await Role.get(id=role.id)).version) == (["order:read"], 2)
    entry = await AuditEntry.get(noun_id=role.id, action="role.updated")
    assert entry.changes == {"scopes": [["customer:read"], ["order:read"]]}
    assert await Event.exists(type="role.updated", noun_id=role.id)


async def test_a_stale_version_is_refused(db: str) -> None:
    role = await clerk()
    with pytest.raises(VersionConflict):
        await roles.update(OWNER, role.id, expected_version=7, fields={"name": "Other"})


async def test_nobody_changes_or_deletes_a_role_with_more_rights_than_their_own(db: str) -> None:
    role = await clerk(["settings:write"])
    with pytest.raises(Forbidden, match="settings:write"):
        await roles.update(HELPER, role.id, expected_version=None, fields={"scopes": []})
    with pytest.raises(Forbidden, match="settings:write"):
        await roles.delete(HELPER, role.id, expected_version=None)
    assert (await Role.get(id=role.id)).scopes == ["settings:write"]


async def test_built_in_roles_stay_as_they_are(db: str) -> None:
    viewer = next(role for role in await roles.install_built_in(OWNER) if role.key == "viewer")
    with pytest.raises(Blocked, match="built in"):
        await roles.update(OWNER, viewer.id, expected_version=None, fields={"scopes": []})
    with pytest.raises(Blocked, match="built in"):
        await roles.delete(OWNER, viewer.id, expected_version=None)
    assert (await Role.get(key="viewer")).version == viewer.version


async def test_a_role_that_somebody_has_is_not_deleted(db: str) -> None:
    role = await clerk()
    await hired()
    with pytest.raises(Blocked, match="held by 1"):
        await roles.delete(OWNER, role.id, expected_version=None)
    assert await Role.exists(id=role.id)


async def test_a_role_that_nobody_has_is_deleted_and_stays_in_the_trail(db: str) -> None:
    role = await clerk()
    await roles.delete(OWNER, role.id, expected_version=1)
    assert not await Role.exists(id=role.id)
    assert (await AuditEntry.get(noun_id=role.id, action="role.deleted")).changes["key"] == ["clerk", None]
    assert await Event.exists(type="role.deleted", noun_id=role.id)


async def test_the_last_role_that_manages_staff_keeps_that_right(db: str) -> None:
    role = await clerk(MANAGING)
    await hired()
    with pytest.raises(ValidationFailed, match="Nobody would be left"):
        await roles.update(OWNER, role.id, expected_version=None, fields={"scopes": []})
    assert (await Role.get(id=role.id)).scopes == sorted(MANAGING)
