"""Staff members: roles give scopes, nobody gives more than they have, and somebody always manages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crm import roles, sessions, staff
from crm.access import BUILT_IN_ROLES, Actor, ActorKind, Scope, system
from crm.errors import CrmError, DuplicateFound, Forbidden, Unauthenticated, ValidationFailed
from models import AuditEntry, Event, Role, StaffMember

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = system("owner")
HELPER = replace(OWNER, label="helper", scopes=BUILT_IN_ROLES["manager"] | {Scope.STAFF_MANAGE})
STRANGER = replace(OWNER, label="stranger", scopes=BUILT_IN_ROLES["manager"])
PASSWORD = "four words at random"


async def hired(email: str = "sara@example.com", role: str = "agent", password: str | None = PASSWORD) -> StaffMember:
    await roles.install_built_in(OWNER)
    return await staff.create(OWNER, fields={"email": email, "name": "Sara", "role": role}, password=password)


async def signed_in(email: str = "sara@example.com", password: str = PASSWORD) -> sessions.SignedIn:
    return await sessions.sign_in(email, password, address="10.0.0.1", user_agent="Test", now=NOW)


async def test_the_built_in_roles_are_installed_once(db: str) -> None:
    await roles.install_built_in(OWNER)
    await roles.install_built_in(OWNER)
    kept = {role.key: set(role.scopes) for role in await Role.all()}
    assert kept == {key: {scope.value for scope in scopes} for key, scopes in BUILT_IN_ROLES.items()}
    assert await Event.filter(type="role.updated").count() == len(BUILT_IN_ROLES)


async def test_a_new_version_brings_its_scopes_to_the_built_in_roles(db: str) -> None:
    await roles.install_built_in(OWNER)
    await Role.filter(key="viewer").update(scopes=["customer:read"])
    await roles.install_built_in(OWNER)
    assert set((await Role.get(key="viewer")).scopes) == {scope.value for scope in BUILT_IN_ROLES["viewer"]}


async def test_a_staff_member_signs_in_with_the_scopes_of_the_role(db: str) -> None:
    sara = await hired()
    actor = (await signed_in("  SARA@example.com ")).actor
    assert (actor.kind, actor.id, actor.label) == (ActorKind.STAFF, sara.id, "Sara")
    assert actor.scopes == BUILT_IN_ROLES["agent"]


async def test_the_password_is_kept_as_argon2id_by_owasps_floor_and_not_in_the_trail(db: str) -> None:
    sara = await hired()
    assert sara.password_hash is not None
    assert sara.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    trail = f"{await AuditEntry.all().values()}{await Event.all().values()}"
    assert PASSWORD not in trail
    assert sara.password_hash not in trail


@pytest.mark.parametrize("password", ["short", "x" * 300, "sara@example.com", "aaaaaaaaaaaa"])
async def test_a_weak_password_is_refused(db: str, password: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await hired(password=password)
    assert refused.value.path == ("password",)
    assert await StaffMember.all().count() == 0


async def test_an_address_belongs_to_one_staff_member(db: str) -> None:
    await hired()
    with pytest.raises(DuplicateFound):
        await hired("Sara@Example.com")
    assert await StaffMember.all().count() == 1


@pytest.mark.parametrize(
    "fields", [{"email": "x"}, {"role": "king"}, {"name": ""}, {"locale": "tlh"}, {"time_zone": "Mars/Base"}]
)
async def test_a_wrong_value_is_refused_by_name(db: str, fields: dict[str, str]) -> None:
    await roles.install_built_in(OWNER)
    good = {"email": "sara@example.com", "name": "Sara", "role": "agent"}
    with pytest.raises(CrmError) as refused:
        await staff.create(OWNER, fields={**good, **fields})  # type: ignore[typeddict-item]
    assert refused.value.path[0].lower().replace("_", "") == next(iter(fields)).replace("_", "")
    assert await StaffMember.all().count() == 0


async def test_nobody_hands_out_a_role_above_their_own(db: str) -> None:
    sara = await hired()
    with pytest.raises(Forbidden, match="administrator"):
        await staff.create(HELPER, fields={"email": "b@example.com", "name": "B", "role": "administrator"})
    with pytest.raises(Forbidden, match="administrator"):
        await staff.update(HELPER, sara.id, expected_version=1, fields={"role": "administrator"}, now=NOW)
    assert await StaffMember.all().values_list("version", flat=True) == [1]


async def test_nobody_takes_over_an_account_above_their_own(db: str) -> None:
    boss = await hired("boss@example.com", "administrator")
    with pytest.raises(Forbidden):
        await staff.set_password(HELPER, boss.id, "a password of mine", now=NOW)
    with pytest.raises(Forbidden):
        await staff.update(HELPER, boss.id, expected_version=1, fields={"email": "me@example.com"}, now=NOW)
    await signed_in("boss@example.com")


async def test_a_stranger_changes_nobody(db: str) -> None:
    sara = await hired()
    for attempt in (
        staff.create(STRANGER, fields={"email": "b@example.com", "name": "B", "role": "viewer"}),
        staff.update(STRANGER, sara.id, expected_version=1, fields={"name": "X"}, now=NOW),
        staff.deactivate(STRANGER, sara.id, expected_version=1, now=NOW),
        staff.set_password(STRANGER, sara.id, "another password", now=NOW),
        roles.install_built_in(STRANGER),
    ):
        with pytest.raises(Forbidden, match="staff:manage"):
            await attempt
    assert await StaffMember.all().values_list("name", "version") == [("Sara", 1)]


async def test_deactivation_ends_the_sessions_and_keeps_out(db: str) -> None:
    await hired("boss@example.com", "administrator")
    sara = await hired()
    opened = await signed_in()
    await staff.deactivate(OWNER, sara.id, expected_version=1, now=NOW)
    with pytest.raises(Unauthenticated):
        await sessions.authenticate(opened.secret, now=NOW)
    with pytest.raises(Unauthenticated, match="wrong"):
        await signed_in()


async def test_the_last_manager_of_staff_stays(db: str) -> None:
    boss = await hired("boss@example.com", "administrator")
    for fields in ({"active": False}, {"role": "viewer"}):
        with pytest.raises(ValidationFailed, match="Nobody would be left"):
            await staff.update(OWNER, boss.id, expected_version=1, fields=fields, now=NOW)  # type: ignore[arg-type]
    kept = await StaffMember.get(id=boss.id).select_related("role")
    assert (kept.active, kept.role.key, kept.version) == (True, "administrator", 1)


async def test_a_new_password_ends_the_sessions(db: str) -> None:
    sara = await hired()
    opened = await signed_in()
    await staff.set_password(OWNER, sara.id, "four other words", now=NOW)
    with pytest.raises(Unauthenticated):
        await sessions.authenticate(opened.secret, now=NOW)
    await signed_in(password="four other words")


async def test_one_changes_ones_own_password_knowing_the_old_one(db: str) -> None:
    await hired()
    here, elsewhere = await signed_in(), await signed_in()
    change = {"password": "four other words", "now": NOW, "session_secret": here.secret}
    with pytest.raises(Unauthenticated, match="current password"):
        await staff.change_own_password(here.actor, current="guess", **change)  # type: ignore[arg-type]
    await staff.change_own_password(here.actor, current=PASSWORD, **change)  # type: ignore[arg-type]
    await sessions.authenticate(here.secret, now=NOW)
    with pytest.raises(Unauthenticated):
        await sessions.authenticate(elsewhere.secret, now=NOW)


async def test_a_token_has_no_password(db: str) -> None:
    partner = Actor(ActorKind.TOKEN, None, "shop", frozenset(Scope))
    with pytest.raises(Forbidden):
        await staff.change_own_password(partner, current="x", password="four other words", now=NOW)
