"""Roles of the back office: the built-in ones, and how a role is named."""

from __future__ import annotations

from uuid import UUID

from crm import changes
from crm.access import BUILT_IN_ROLES, Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import Forbidden, NotFound
from crm.events import EventType
from models import Role


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
    role = await Role.get_or_none(key=key)
    if role is None:
        known = ", ".join(sorted(await Role.all().values_list("key", flat=True)))  # type: ignore[arg-type]
        raise NotFound(f"There is no role '{key[:60]}'; there are: {known or 'none yet'}.", path=path)
    return role


async def need_no_more_than_own(actor: Actor, role_id: UUID, *, path: tuple[str, ...] = ("role",)) -> None:
    """Raise Forbidden, naming the scope, if the role may do what the actor may not."""
    role = await changes.get(Role, role_id, path=path)
    for scope in sorted(set(role.scopes) - {own.value for own in actor.scopes}):
        raise Forbidden(
            f"The role '{role.key}' has the scope '{scope}', which you do not have yourself.",
            missing_scope=scope,
            path=path,
        )
