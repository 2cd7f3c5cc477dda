"""Roles at the panel: boxes to tick, each with what it allows."""

from __future__ import annotations

from crm import roles
from models import AuditEntry, Role
from tests.admin.desk import Desk, fields_of
from tests.factories import OWNER

CLERK = {"name": "Clerk", "key": "clerk", "scopes": ["customer:read", "order:read"]}


async def clerk() -> Role:
    return await roles.create(OWNER, key="clerk", fields={"name": "Clerk", "scopes": ["customer:read"]})


async def test_a_role_is_made_of_ticked_scopes(sara: Desk) -> None:
    page = (await sara.get("/role/create")).text
    assert "Record, correct and cancel orders." in page
    answer = await sara.fill("/role/create", CLERK)
    assert answer.status_code == 303, answer.text
    role = await Role.get(key="clerk")
    assert role.scopes == ["customer:read", "order:read"]
    assert (await AuditEntry.get(noun_id=role.id)).actor_label == "Sara"


async def test_ticks_stay_when_a_role_is_refused(sara: Desk) -> None:
    answer = await sara.fill("/role/create", {**CLERK, "key": "Clerk!"})
    assert answer.status_code == 422
    assert "cannot be a role" in answer.text.split('id="key-error">')[1]
    assert fields_of(answer.text)["scopes"] == CLERK["scopes"]


async def test_scopes_are_changed_by_ticking(sara: Desk) -> None:
    role = await clerk()
    assert (await sara.form("/role/edit", pk=str(role.id)))["scopes"] == ["customer:read"]
    await sara.fill("/role/edit", {"scopes": ["order:read"]}, pk=str(role.id))
    found = await Role.get(id=role.id)
    assert (found.name, found.scopes, found.version) == ("Clerk", ["order:read"], 2)


async def test_a_role_that_nobody_has_is_deleted(sara: Desk) -> None:
    role = await clerk()
    assert (await sara.post("/_api/role/row-action", pk=str(role.id), name="delete")).status_code == 200
    assert not await Role.exists(key="clerk")


async def test_built_in_roles_offer_no_change_and_take_none(sara: Desk) -> None:
    viewer = await Role.get(key="viewer")
    answer = await sara.post("/role/edit", {"name": "Eve", "scopes": []}, pk=str(viewer.id))
    assert (answer.status_code, "built in" in answer.text) == (422, True)
    assert (await sara.post("/_api/role/row-action", pk=str(viewer.id), name="delete")).status_code == 400
    assert (await Role.get(key="viewer")).version == viewer.version
