"""Use cases of a role of the back office: the built-in ones installed, others created, updated, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from crm import changes, keys, text
from crm.access import BUILT_IN_ROLES, Actor, Scope, need, parse_scopes
from crm.audit import state
from crm.credentials import generation
from crm.database import fetch, transaction
from crm.errors import Blocked, DuplicateFound, Forbidden, NotFound, ValidationFailed
from crm.events import EventType
from models import Role, StaffMember

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class RoleFields(TypedDict, total=False):
    """What can be said of a role; a key that is absent is left as it is."""

    name: str
    scopes: list[str]


async def create(actor: Actor, *, key: str, fields: RoleFields) -> Role:
    """Add a role that may do no more than the actor. Raises ValidationFailed, DuplicateFound, Forbidden."""
    need(actor, Scope.STAFF_MANAGE)
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            f"'{key[:60]}' cannot be a role's key; use small letters, digits, - and _, at most 60.", path=("key",)
        )
    async with transaction():
        if await Role.exists(key=key):
            raise DuplicateFound(f"The role '{key}' exists already.", path=("key",))
        role = Role(key=key, scopes=[])
        _apply(actor, role, {"name": key, "scopes": [], **fields})
        return await changes.create(actor, role, EventType.ROLE_CREATED)


async def update(actor: Actor, role_id: UUID, *, expected_version: int | None, fields: RoleFields) -> Role:
    """Change a role's name or scopes, at once for everybody who has it.

    Raises NotFound, VersionConflict, Blocked (a built-in role), ValidationFailed (nobody would be left to manage
    staff), Forbidden.
    """
    need(actor, Scope.STAFF_MANAGE)
    async with transaction():
        role = await _changeable(actor, role_id, expected_version)
        before = state(role)
        _apply(actor, role, fields)
        await changes.save(actor, role, before, EventType.ROLE_UPDATED)
        if Scope.STAFF_MANAGE.value in set(before["scopes"]) - set(role.scopes):
            await need_a_manager()
    generation.grow()
    return role


async def delete(actor: Actor, role_id: UUID, *, expected_version: int | None) -> None:
    """Delete a role that nobody has. Raises NotFound, VersionConflict, Blocked (built in or in use), Forbidden."""
    need(actor, Scope.STAFF_MANAGE)
    async with transaction():
        role = await _changeable(actor, role_id, expected_version)
        members = await StaffMember.filter(role_id=role.id).count()
        if members:
            raise Blocked(f"The role '{role.key}' is held by {members:,}; give them another role first.", path=("id",))
        await changes.delete(actor, role, EventType.ROLE_DELETED)


async def _changeable(actor: Actor, role_id: UUID, expected_version: int | None) -> Role:
    role = await changes.load(Role, role_id, expected_version=expected_version)
    if role.built_in:
        raise Blocked(f"The role '{role.key}' is built in and stays as it is; create another one.", path=("id",))
    _need_own(actor, role, role.scopes, ("id",))
    return role


def _apply(actor: Actor, role: Role, fields: RoleFields) -> None:
    if "name" in fields:
        role.name = text.required(fields["name"], field="name", limit=120)
    if "scopes" in fields:
        wanted = sorted(scope.value for scope in parse_scopes(fields["scopes"]))
        _need_own(actor, role, wanted, ("scopes",))
        role.scopes = wanted


async def install_built_in(actor: Actor) -> list[Role]:
    """Have the built-in roles with this version's scopes; doing it again changes nothing."""
    need(actor, Scope.STAFF_MANAGE)
    async with transaction():
        return [await _install(actor, key, sorted(scopes)) for key, scopes in BUILT_IN_ROLES.items()]


async def _install(actor: Actor, key: str, scopes: list[Scope]) -> Role:
    named = [scope.value for scope in scopes]
    role = await Role.filter(key=key).select_for_update().first()
    if role is None:
        fresh = Role(key=key, name=key.capitalize(), scopes=named, built_in=True)
        return await changes.create(actor, fresh, EventType.ROLE_UPDATED)
    before = state(role)
    role.scopes = named
    await changes.save(actor, role, before, EventType.ROLE_UPDATED)
    return role


async def named(key: str, *, path: tuple[str, ...] = ("role",)) -> Role:
    """The role with this key; raises NotFound, naming the roles there are."""
    role = await keys.known(Role, key=key)
    if role is None:
        known = ", ".join(sorted(await Role.all().values_list("key", flat=True)))  # type: ignore[arg-type]
        raise NotFound(f"There is no role '{key[:60]}'; there are: {known or 'none yet'}.", path=path)
    return role


async def need_no_more_than_own(actor: Actor, role_id: UUID, *, path: tuple[str, ...] = ("role",)) -> None:
    """Raise Forbidden, naming the scope, if the role may do what the actor may not."""
    role = await changes.get(Role, role_id, path=path)
    _need_own(actor, role, role.scopes, path)


def _need_own(actor: Actor, role: Role, scopes: Iterable[str], path: tuple[str, ...]) -> None:
    for scope in sorted(set(scopes) - {own.value for own in actor.scopes}):
        raise Forbidden(
            f"The role '{role.key}' has the scope '{scope}', which you do not have yourself.",
            missing_scope=scope,
            path=path,
        )


_MANAGERS = """
SELECT m.id FROM staff_member m JOIN role r ON r.id = m.role_id
WHERE m.active AND $1 = ANY (r.scopes) ORDER BY m.id FOR SHARE OF m
"""


async def need_a_manager() -> None:
    """Raise ValidationFailed if nobody manages staff; holds those who do, lest two remove each other at one time."""
    if not await fetch(_MANAGERS, Scope.STAFF_MANAGE.value):
        raise ValidationFailed("Nobody would be left who can manage staff; give somebody else that role first.")
