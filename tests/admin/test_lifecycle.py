"""Lifecycles at the panel: rows of stages and moves, each a change of the whole definition."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response

from crm.lifecycle import positions
from crm.lifecycle.definition import EdgeDefinition
from crm.reports import kept
from models import AuditEntry, Customer, Lifecycle, Stage, StageEdge, StagePosition, StageTransition
from tests.admin.conftest import At
from tests.admin.desk import Desk, fields_of
from tests.crm.lifecycle_world import Walk, lifecycle, populate
from tests.factories import NOW, OWNER, customer, order


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


# -- the page of a lifecycle -----------------------------------------------------------------------------------------


def go(found: Lifecycle, step: str) -> str:
    return f"/lifecycles/{found.id}/{step}"


async def test_a_lifecycles_page_draws_its_stages_and_moves(sara: Desk) -> None:
    found = await lifecycle()
    page = (await sara.get("/lifecycle/detail", pk=str(found.id))).text
    assert (page.count('class="arz-stage '), page.count('class="arz-edge"')) == (5, 9)


async def test_a_stage_is_added_from_the_page_before_another(sara: Desk) -> None:
    found = await lifecycle()
    given = {"key": "trial", "name": "Trial", "target_days": "14", "before": "buyer", "expected_version": "1"}
    answer = await sara.post(go(found, "stage"), given)
    assert "redirect" in answer.json(), answer.text
    keys = await Stage.filter(lifecycle_id=found.id).order_by("position").values_list("key", flat=True)
    assert (keys[:3], (await Lifecycle.get(id=found.id)).version) == (["new", "trial", "buyer"], 2)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": "Bad Key", "name": "X"}, "key"),
        ({"key": "x", "name": " "}, "name"),
        ({"key": "x", "name": "X", "target_days": "soon"}, "target_days"),
        ({"key": "x", "name": "X", "target_days": "-3"}, "target_days"),
        ({"key": "x", "name": "X", "outcome": "MAYBE"}, "outcome"),
    ],
)
async def test_what_is_wrong_with_a_stage_is_told_by_its_field(sara: Desk, given: dict[str, str], field: str) -> None:
    found = await lifecycle()
    answer = await sara.post(go(found, "stage"), given)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not await Stage.exists(key="x")


async def test_a_stage_in_use_asks_for_its_replacement(sara: Desk) -> None:
    found = await lifecycle()
    ali = await customer("Ali")
    await positions.move(OWNER, ali.id, to="buyer", now=NOW)
    answer = await sara.post(go(found, "remove-stage"), {"stage": "buyer"})
    assert (answer.status_code, list(answer.json()["errors"])) == (409, ["replacement"])
    await sara.post(go(found, "remove-stage"), {"stage": "buyer", "replacement": "loyal"})
    assert (await StagePosition.get(customer_id=ali.id).prefetch_related("stage")).stage.key == "loyal"


async def test_a_move_gets_its_guard_and_a_wrong_guard_is_told_beside_it(sara: Desk) -> None:
    found = await lifecycle()
    given = {"from": "new", "to": "loyal", "new": "1", "requires_reason": "1"}
    wrong = await sara.post(go(found, "edge"), {**given, "guard": "citi = 1"})
    assert (wrong.status_code, "city" in wrong.json()["errors"]["guard"]) == (422, True)
    assert "redirect" in (await sara.post(go(found, "edge"), {**given, "guard": 'city = "Bonn"'})).json()
    made = await edge("new", "loyal")
    assert (made.guard_text, made.requires_reason) == ('city = "Bonn"', True)


async def test_stages_change_places_and_an_earlier_version_comes_back(sara: Desk) -> None:
    found = await lifecycle()
    await sara.post(go(found, "order"), {"stage": "buyer", "to": "before"})
    assert (await stage("buyer")).position == 1
    answer = await sara.post(go(found, "revert"), {"number": "1"})
    assert ("redirect" in answer.json(), (await stage("buyer")).position) == (True, 2)


async def test_a_page_that_is_out_of_date_changes_nothing(sara: Desk) -> None:
    found = await lifecycle()
    await sara.post(go(found, "rename"), {"name": "Other", "expected_version": "1"})
    answer = await sara.post(go(found, "remove-edge"), {"from": "new", "to": "buyer", "expected_version": "1"})
    assert (answer.status_code, await StageEdge.filter(from_stage__key="new", to_stage__key="buyer").count()) == (
        409,
        1,
    )


async def test_a_lifecycle_goes_out_as_a_file_and_comes_in_again(sara: Desk) -> None:
    found = await lifecycle()
    content = (await sara.get(f"/lifecycles/{found.id}/export", format="yaml")).text
    answer = await sara.fill("/lifecycles/import", {"file": content.replace("key: small", "key: other")})
    assert (answer.status_code, await Lifecycle.exists(key="other")) == (303, True)
    wrong = await sara.fill("/lifecycles/import", {"file": "stages: 5"})
    assert (wrong.status_code, fields_of(wrong.text)["file"]) == (422, ["stages: 5"])


# -- the board -------------------------------------------------------------------------------------------------------


async def moved(desk: Desk, who: Customer, to: str, **more: str) -> Any:
    return await desk.post("/lifecycle-board/move", {"customer": str(who.id), "lifecycle": "small", "to": to, **more})


async def test_the_board_shows_customers_in_their_columns(sara: Desk) -> None:
    await lifecycle()
    await customer("Ali")
    page = (await sara.get("/lifecycle-board")).text
    column = page.split('id="column-new"')[1].split("</section>")[0]
    assert (">Ali<" in column, 'data-arz-count="1"' in column) == (True, True)


async def test_a_move_is_tried_then_made(sara: Desk) -> None:
    await lifecycle()
    ali = await customer("Ali")
    trial = (await moved(sara, ali, "buyer", dry_run="1")).json()
    assert (trial["ready"], trial["moved"], await StageTransition.filter(cause="MANUAL").count()) == (True, False, 1)
    assert (await moved(sara, ali, "buyer", **{"from": "new"})).json()["moved"] is True
    assert (await StagePosition.get(customer_id=ali.id).prefetch_related("stage")).stage.key == "buyer"


async def test_what_blocks_a_move_is_told_with_what_was_expected_and_found(sara: Desk) -> None:
    await lifecycle(EdgeDefinition("new", "buyer", 'city = "Bonn"'), EdgeDefinition("buyer", "loyal"))
    ali = await customer("Ali", city="Köln")
    told = (await moved(sara, ali, "buyer", dry_run="1")).json()["obstacles"][0]
    assert (told["code"], told["expected"], told["actual"]) == ("GUARD", 'city = "Bonn"', "koln")
    answer = await moved(sara, ali, "buyer")
    assert (answer.status_code, answer.json()["obstacles"][0]["code"]) == (409, "GUARD")


async def test_somebody_elses_move_meanwhile_is_told_with_the_stage_now(sara: Desk) -> None:
    await lifecycle()
    ali = await customer("Ali")
    await positions.move(OWNER, ali.id, to="buyer", now=datetime.now(UTC))
    answer = await moved(sara, ali, "gone", **{"from": "new", "reason": "left"})
    assert (answer.status_code, answer.json()["stage"], "Buyer" in answer.json()["conflict"]) == (409, "buyer", True)


async def test_a_viewer_moves_nobody(at: At) -> None:
    await lifecycle()
    ali, viewer = await customer("Ali"), await at("viewer")
    assert "draggable" not in (await viewer.get("/lifecycle-board")).text
    assert (await moved(viewer, ali, "buyer")).status_code == 403
    assert (await StagePosition.get(customer_id=ali.id).prefetch_related("stage")).stage.key == "new"


# -- reports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", ["funnel", "matrix", "forecast", "cohorts", "waiting", "churn"])
async def test_every_report_has_its_page_and_its_figures(sara: Desk, report: str) -> None:
    await lifecycle()
    ali = await customer("Ali")
    await order(ali, days_ago=40)
    await positions.move(OWNER, ali.id, to="buyer", now=datetime.now(UTC))
    page = await sara.get("/lifecycle-reports", report=report)
    assert (page.status_code, "data-arz-load" in page.text) == (200, True)
    part = await sara.get("/lifecycle-reports/figures", report=report)
    assert (part.status_code, "<table" in part.text or "arz-empty" in part.text) == (200, True)


async def test_the_funnel_is_told_cohort_by_cohort(sara: Desk) -> None:
    found = await lifecycle()
    walks: list[Walk] = [[("new", datetime(2026, month, 3, tzinfo=UTC))] for month in (2, 2, 5)]
    await populate(found, walks)
    asked = {"since": "2026-01-01", "until": "2026-07-01", "cohort": "MONTH"}
    part = (await sara.get("/lifecycle-reports/figures", **asked)).text
    assert ("Feb 2026" in part, "May 2026" in part, "Mar 2026" in part) == (True, True, False)
    assert 'value="MONTH" selected' in (await sara.get("/lifecycle-reports", **asked)).text


async def test_kept_figures_come_with_their_age_and_newer_ones_when_wanted(
    sara: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LARGE", -2)
    await populate(await lifecycle(), [[("new", datetime.now(UTC) - timedelta(days=9))]])
    waiting = await sara.get("/lifecycle-reports/figures")
    seen = again(waiting)
    assert (await sara.client.get(seen)).status_code == 204
    while await kept.keep(datetime.now(UTC)):
        pass
    shown = await sara.client.get(seen)
    assert ("data-arz-age" in shown.text, "<table" in shown.text, "data-arz-again" in shown.text) == (True, True, False)
    assert "Newer figures are on their way" in (await sara.get("/lifecycle-reports/figures", renew="1")).text


def again(part: Response) -> str:
    """Where a part that is still being worked out is asked for again."""
    (found,) = re.findall(r'data-arz-again="([^"]+)"', part.text)
    return html.unescape(found)


async def test_a_period_that_cannot_be_is_told_beside_it_and_stays(sara: Desk) -> None:
    await lifecycle()
    page = await sara.get("/lifecycle-reports", since="2026-05-01", until="2026-04-01")
    assert (page.status_code, 'id="until-error"' in page.text, 'value="2026-04-01"' in page.text) == (422, True, True)
    odd = await sara.get("/lifecycle-reports", since="soon")
    assert (odd.status_code, 'id="since-error"' in odd.text, 'value="soon"' in odd.text) == (422, True, True)
