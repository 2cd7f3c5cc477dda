"""Use cases of a staff member: created, changed, deactivated, given a password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from crm import changes, codes, idempotency, passwords, roles, sessions, text
from crm.access import Actor, ActorKind, Scope, need
from crm.audit import state
from crm.credentials import generation
from crm.database import transaction
from crm.errors import DuplicateFound, Forbidden, Unauthenticated, ValidationFailed
from crm.events import EventType
from models import StaffMember

LOCALES = ("en", "fa", "zh")


class StaffFields(TypedDict, total=False):
    """What can be said of a staff member; a key that is absent is left as it is. `role` is a role's key."""

    email: str
    name: str
    role: str
    locale: str
    time_zone: str
    active: bool


def _locale(value: str) -> str:
    if value not in LOCALES:
        raise ValidationFailed(f"locale '{value[:20]}' is not one of {', '.join(LOCALES)}.", path=("locale",))
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "email": text.email,
    "name": lambda value: text.required(value, field="name", limit=200),
    "locale": _locale,
    "time_zone": lambda value: codes.time_zone(value) or "UTC",
    "active": bool,
}


async def create(
    actor: Actor, *, fields: StaffFields, password: str | None = None, idempotency_key: str | None = None
) -> StaffMember:
    """Add a staff member with a role that may do no more than the actor; without a password nobody can sign in.

    Raises ValidationFailed, DuplicateFound (the e-mail address), NotFound (the role), Forbidden, IdempotencyConflict.
    """
    need(actor, Scope.STAFF_MANAGE)
    staff = StaffMember(email="", name="")
    hashed = await _hashed(password, fields.get("email", ""))

    async def work() -> UUID:
        await _apply(actor, staff, {"email": "", "name": "", "role": "", **fields})
        staff.password_hash = hashed
        return (await changes.create(actor, staff, EventType.STAFF_CREATED)).id

    async with transaction():
        key = await idempotency.once(actor, idempotency_key, "staffCreate", dict(fields), work)
        return await changes.get(StaffMember, key)


async def update(
    actor: Actor, staff_id: UUID, *, expected_version: int | None, fields: StaffFields, now: datetime
) -> StaffMember:
    """Change a staff member. Deactivation and another role end the sessions.

    Raises NotFound, VersionConflict, ValidationFailed (nobody would be left to manage staff), DuplicateFound,
    Forbidden.
    """
    need(actor, Scope.STAFF_MANAGE)
    async with transaction():
        staff = await changes.load(StaffMember, staff_id, expected_version=expected_version)
        await roles.need_no_more_than_own(actor, staff.role_id)
        before = state(staff)
        await _apply(actor, staff, fields)
        await changes.save(actor, staff, before, EventType.STAFF_UPDATED)
        if (staff.active, staff.role_id) != (before["active"], before["role_id"]):
            await roles.need_a_manager()
            await sessions.end_all(actor, staff.id, now=now)
    generation.grow()
    return staff


async def deactivate(actor: Actor, staff_id: UUID, *, expected_version: int | None, now: datetime) -> StaffMember:
    """Keep somebody out, at once; what they did stays theirs. Raises as `update`."""
    return await update(actor, staff_id, expected_version=expected_version, fields={"active": False}, now=now)


async def set_password(actor: Actor, staff_id: UUID, password: str, *, now: datetime) -> StaffMember:
    """Give somebody a new password, ending their sessions. Raises NotFound, ValidationFailed, Forbidden."""
    need(actor, Scope.STAFF_MANAGE)
    staff = await changes.get(StaffMember, staff_id)
    await roles.need_no_more_than_own(actor, staff.role_id)
    return await _keep_password(actor, staff, password, now=now, but=None)


async def change_own_password(
    actor: Actor, *, current: str, password: str, now: datetime, session_secret: str | None = None
) -> StaffMember:
    """Change one's own password, which ends one's other sessions.

    Raises Unauthenticated when `current` is wrong, ValidationFailed, and Forbidden for an actor that is no staff.
    """
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise Forbidden("Only a signed-in staff member has a password to change.")
    staff = await changes.get(StaffMember, actor.id)
    if not await passwords.matches(current, staff.password_hash):
        raise Unauthenticated("The current password is wrong.", path=("current",))
    return await _keep_password(actor, staff, password, now=now, but=session_secret)


async def _keep_password(
    actor: Actor, staff: StaffMember, password: str, *, now: datetime, but: str | None
) -> StaffMember:
    hashed = await _hashed(password, staff.email)
    async with transaction():
        staff = await changes.load(StaffMember, staff.id, expected_version=None)
        before = state(staff)
        staff.password_hash = hashed
        await changes.save(actor, staff, before, EventType.STAFF_UPDATED)
        await sessions.end_all(actor, staff.id, now=now, but=but)
    return staff


async def _hashed(password: str | None, email: str) -> str | None:
    if password is None:
        return None
    passwords.check(password, email=email)
    return await passwords.hash_password(password)


async def _apply(actor: Actor, staff: StaffMember, fields: StaffFields) -> None:
    for name, value in fields.items():
        if name in _CHECKS:
            setattr(staff, name, _CHECKS[name](value))
    if "role" in fields:
        staff.role_id = (await roles.named(fields["role"])).id
        await roles.need_no_more_than_own(actor, staff.role_id)
    if await StaffMember.filter(email=staff.email).exclude(id=staff.id).exists():
        raise DuplicateFound(f"'{staff.email}' belongs to another staff member.", path=("email",))
