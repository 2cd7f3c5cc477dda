"""Lifecycles at the panel: rows of stages and moves, each a change of the whole definition."""

from __future__ import annotations

import pytest

from models import AuditEntry, Lifecycle, Stage, StageEdge
from tests.admin.conftest import At
from tests.admin.desk import Desk, fields_of
from tests.crm.lifecycle_world import lifecycle


async def stage(key: str) -> Stage:
    return await Stage.get(key=key)


async def edge(start: str, end: str) -> StageEdge:
    return await StageEdge.get(from_stage__key=start, to_stage__key=end)


async def test_a_lifecycle_is_made_with_its_first_stage(sara: Desk) -> None:
    answer = await sara.fill("/lifecycle/create", {"name": "Club", "key": "club", "first_stage": "guest"})
    assert answer.status_code == 303, answer.text
    first = await stage("guest")
    assert (first.is_initial, (await Lifecycle.get(key="club")).name) == (True, "Club")


async def test_a_lifecycle_is_renamed_and_keeps_its_version(sara: Desk) -> None:
    found = await lifecycle()
    answer = await sara.fill("/lifecycle/edit", {"name": "Tiny"}, pk=str(found.id))
    assert answer.status_code == 303, answer.text
    assert (await Lifecycle.get(id=found.id)).name == "Tiny"
    assert (await AuditEntry.get(noun_id=found.id, action="lifecycle.updated")).actor_label == "Sara"


async def test_the_default_lifecycle_is_not_archived(sara: Desk) -> None:
    found = await lifecycle()
    answer = await sara.post("/_api/lifecycle/row-action", pk=str(found.id), name="archive")
    assert (answer.status_code, "default" in answer.text) == (400, True)
    assert (await Lifecycle.get(id=found.id)).archived_at is None


async def test_a_stage_is_added_at_a_place(sara: Desk) -> None:
    found = await lifecycle()
    given = {"lifecycle": str(found.id), "name": "Trial", "key": "trial", "position": "2", "target_days": "14"}
    answer = await sara.fill("/stage/create", given)
    assert answer.status_code == 303, answer.text
    keys = await Stage.filter(lifecycle_id=found.id).order_by("position").values_list("key", flat=True)
    assert (keys[:3], (await stage("trial")).target_days) == (["new", "trial", "buyer"], 14)


async def test_a_stage_changes_its_name_and_target_days(sara: Desk) -> None:
    await lifecycle()
    answer = await sara.fill("/stage/edit", {"name": "Fresh", "target_days": "7"}, pk=str((await stage("new")).id))
    assert answer.status_code == 303, answer.text
    found = await stage("new")
    assert (found.name, found.target_days, found.is_initial) == ("Fresh", 7, True)


async def test_a_stage_that_changed_meanwhile_is_not_overwritten(sara: Desk) -> None:
    await lifecycle()
    key = str((await stage("new")).id)
    form = await sara.form("/stage/edit", pk=key)
    await sara.post("/stage/edit", {**form, "name": "Fresh"}, pk=key)
    answer = await sara.post("/stage/edit", {**form, "name": "Stale"}, pk=key)
    assert answer.status_code == 422
    assert (await stage("new")).name == "Fresh"


@pytest.mark.parametrize(("field", "value"), [("target_days", "0"), ("name", " "), ("target_days", "soon")])
async def test_what_a_stage_cannot_be_is_marked_at_its_field(sara: Desk, field: str, value: str) -> None:
    await lifecycle()
    answer = await sara.fill("/stage/edit", {field: value}, pk=str((await stage("buyer")).id))
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert (await stage("buyer")).name == "Buyer"


async def test_a_stage_is_taken_off_with_its_moves(sara: Desk) -> None:
    await lifecycle()
    key = str((await stage("loyal")).id)
    answer = await sara.post("/_api/stage/row-action", {"replacement": ""}, pk=key, name="take_off")
    assert answer.status_code == 200, answer.text
    assert not await Stage.exists(key="loyal")
    assert not await StageEdge.exists(to_stage_id=key)


async def test_the_first_stage_is_not_taken_off(sara: Desk) -> None:
    await lifecycle()
    answer = await sara.post("/_api/stage/row-action", pk=str((await stage("new")).id), name="take_off")
    assert (answer.status_code, "initial" in answer.text) == (400, True)


async def test_a_move_is_allowed_with_a_guard(sara: Desk) -> None:
    await lifecycle()
    ends = {"from_stage": str((await stage("new")).id), "to_stage": str((await stage("loyal")).id)}
    answer = await sara.fill("/stage_edge/create", {**ends, "guard_text": 'city = "Bonn"', "requires_reason": "true"})
    assert answer.status_code == 303, answer.text
    found = await edge("new", "loyal")
    assert (found.guard_text, found.requires_reason, found.automatic) == ('city = "Bonn"', True, False)


async def test_a_wrong_guard_is_marked_at_it_and_kept(sara: Desk) -> None:
    await lifecycle()
    key = str((await edge("new", "buyer")).id)
    answer = await sara.fill("/stage_edge/edit", {"guard_text": "city ="}, pk=key)
    assert answer.status_code == 422
    assert "Line 1" in answer.text.split('id="guard_text-error">')[1].split("<")[0]
    assert fields_of(answer.text)["guard_text"] == ["city ="]


async def test_a_move_changes_and_loses_its_guard(sara: Desk) -> None:
    await lifecycle()
    key = str((await edge("new", "buyer")).id)
    await sara.fill("/stage_edge/edit", {"guard_text": 'city = "Bonn"', "automatic": "true"}, pk=key)
    assert ((await edge("new", "buyer")).guard is not None, (await edge("new", "buyer")).automatic) == (True, True)
    form = await sara.form("/stage_edge/edit", pk=key)
    form.pop("automatic")
    answer = await sara.post("/stage_edge/edit", {**form, "guard_text": ""}, pk=key)
    assert answer.status_code == 303, answer.text
    assert ((await edge("new", "buyer")).guard, (await edge("new", "buyer")).automatic) == (None, False)


async def test_a_move_is_no_longer_allowed(sara: Desk) -> None:
    await lifecycle()
    key = str((await edge("gone", "new")).id)
    assert (await sara.post("/_api/stage_edge/row-action", pk=key, name="delete")).status_code == 200
    assert not await StageEdge.exists(id=key)


async def test_an_agent_changes_no_lifecycle(at: At) -> None:
    found, agent = await lifecycle(), await at("agent")
    await agent.post("/lifecycle/edit", {"name": "Other"}, pk=str(found.id))
    await agent.post("/stage/edit", {"name": "Other"}, pk=str((await stage("new")).id))
    key = (await edge("gone", "new")).id
    await agent.post("/_api/stage_edge/row-action", pk=str(key), name="delete")
    await agent.post("/_api/stage/row-action", pk=str((await stage("loyal")).id), name="take_off")
    assert not await AuditEntry.exists(action="lifecycle.updated")
