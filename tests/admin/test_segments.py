"""Segments at the panel: made by hand or by rule, with what is wrong with a rule told at the rule."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.changes import public_id
from crm.segments import definitions, library, static
from models import AuditEntry, Segment, SegmentKind, SegmentMembership, SegmentVersion
from tests.admin.conftest import At
from tests.admin.desk import Desk, fields_of
from tests.factories import OWNER, customer, email, segment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BONN = {"name": "Bonn", "key": "bonn", "kind": "DYNAMIC", "rule_text": 'city = "Bonn"'}


async def bonn() -> Segment:
    return await definitions.create_by_rule(
        OWNER, key="bonn", kind=SegmentKind.DYNAMIC, rule='city = "Bonn"', fields={"name": "Bonn"}, now=NOW
    )


async def test_a_segment_is_made_by_hand(sara: Desk) -> None:
    answer = await sara.fill("/segment/create", {"name": "Friends", "key": "friends", "kind": "STATIC"})
    assert answer.status_code == 303, answer.text
    found = await Segment.get(key="friends")
    assert (found.name, found.kind, found.rule) == ("Friends", SegmentKind.STATIC, None)
    assert (await AuditEntry.get(noun_id=found.id)).actor_label == "Sara"


async def test_a_segment_by_rule_has_its_members_at_once(sara: Desk) -> None:
    ali = await customer("Ali", city="Bonn")
    answer = await sara.fill("/segment/create", BONN)
    assert answer.status_code == 303, answer.text
    assert (await SegmentMembership.get(segment__key="bonn")).customer_id == ali.id


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [('city = "Bonn" and\n  and', "Line 2"), ("nothing > 1", "Line 1, column 1"), ("", "rule")],
)
async def test_what_is_wrong_with_a_rule_is_marked_at_it_and_what_was_typed_stays(
    sara: Desk, rule: str, complaint: str
) -> None:
    answer = await sara.fill("/segment/create", {**BONN, "rule_text": rule})
    assert answer.status_code == 422
    assert complaint in answer.text.split('id="rule_text-error">')[1].split("<")[0]
    assert fields_of(answer.text)["rule_text"] == ([rule] if rule else [""])
    assert not await Segment.exists()


async def test_a_hand_picked_segment_takes_no_rule(sara: Desk) -> None:
    answer = await sara.fill("/segment/create", {**BONN, "kind": "STATIC"})
    assert (answer.status_code, "A hand-picked segment has no rule." in answer.text) == (422, True)


async def test_editing_the_rule_makes_its_next_version(sara: Desk) -> None:
    made = await bonn()
    answer = await sara.fill("/segment/edit", {"rule_text": 'city = "Köln"', "name": "Köln"}, pk=str(made.id))
    assert answer.status_code == 303, answer.text
    found = await Segment.get(id=made.id)
    assert (found.name, found.rule_text, found.rule_version) == ("Köln", 'city = "Köln"', 2)
    assert await SegmentVersion.filter(segment_id=made.id).count() == 2


async def test_editing_only_the_name_leaves_the_rule(sara: Desk) -> None:
    made = await bonn()
    await sara.fill("/segment/edit", {"name": "In Bonn"}, pk=str(made.id))
    entry = await AuditEntry.get(noun_id=made.id, action="segment.updated")
    assert entry.changes == {"name": ["Bonn", "In Bonn"]}


async def test_a_wrong_rule_changes_nothing_not_even_the_name(sara: Desk) -> None:
    made = await bonn()
    answer = await sara.fill("/segment/edit", {"rule_text": "city = ", "name": "Other"}, pk=str(made.id))
    assert (answer.status_code, "Line 1" in answer.text) == (422, True)
    assert fields_of(answer.text)["name"] == ["Other"]
    assert (await Segment.get(id=made.id)).name == "Bonn"


async def test_a_segment_is_archived_and_brought_back_and_never_deleted(sara: Desk) -> None:
    made = await bonn()
    for name, away in (("archive", True), ("restore", False)):
        answer = await sara.post("/_api/segment/row-action", pk=str(made.id), name=name)
        assert answer.status_code == 200, answer.text
        assert ((await Segment.get(id=made.id)).archived_at is not None) is away
    assert (await sara.post("/_api/segment/row-action", pk=str(made.id), name="delete")).status_code == 400


async def test_an_agent_changes_no_segment(at: At) -> None:
    made, agent = await bonn(), await at("agent")
    await agent.post("/segment/create", {**BONN, "key": "other"})
    await agent.post("/segment/edit", {"name": "Other"}, pk=str(made.id))
    await agent.post("/_api/segment/row-action", pk=str(made.id), name="archive")
    found = await Segment.get()
    assert (found.name, found.archived_at) == ("Bonn", None)


# -- the editor of rules ---------------------------------------------------------------------------------------------


async def ask(desk: Desk, path: str, **body: Any) -> Any:
    headers = {"X-CSRFToken": desk.client.cookies.get("starlette_admin_csrftoken", "")}
    return await desk.client.post(f"/admin/rules/{path}", json=body, headers=headers)


RULE = 'city = "Bonn" and orders.count(last 90 days, status = "PLACED") >= 2 and not in segment "vip"'


async def test_a_text_becomes_a_form_and_the_form_the_same_text(sara: Desk) -> None:
    await segment("vip")
    read = (await ask(sara, "read", text=RULE)).json()
    assert (read["faults"], [item["kind"] for item in read["form"]["items"]]) == ([], ["compare", "figure", "not"])
    back = (await ask(sara, "read", form=read["form"])).json()
    assert (back["text"].replace("\n", " "), back["form"]) == (RULE, read["form"])


async def test_a_fault_names_its_place_and_the_word_that_was_meant(sara: Desk) -> None:
    fault = (await ask(sara, "read", text='country = "IR"\nand citi = "Bonn"')).json()["faults"][0]
    assert (fault["line"], fault["column"], fault["wrong"], fault["meant"]) == (2, 5, "citi", "city")


@pytest.mark.parametrize(
    "form", [None, {}, {"kind": "group", "items": []}, {"kind": "compare", "path": [], "value": 1}]
)
async def test_what_is_no_form_is_told_as_a_fault(sara: Desk, form: Any) -> None:
    answer = await ask(sara, "read", form=form)
    assert (answer.status_code, answer.json()["form"], len(answer.json()["faults"])) == (200, None, 1)


async def test_completion_speaks_the_readers_language(sara: Desk) -> None:
    sara.client.cookies.set("language", "fa")
    found = (await ask(sara, "complete", text="coun", cursor=4)).json()
    assert ("country", "کشور") in [(one["text"].strip(), one["label"]) for one in found["suggestions"]]


async def test_the_vocabulary_holds_labels_operators_and_lists(sara: Desk) -> None:
    await segment("vip")
    found = (await sara.get("/rules/vocabulary")).json()
    city = next(field for field in found["nouns"]["customer"]["fields"] if field["key"] == "city")
    assert (city["label"], city["type"], found["lists"]["segments"]) == ("City", "TEXT", [["vip", "VIP"]])
    assert "eq" in found["fitting"]["TEXT"]


async def test_the_preview_counts_the_whole_each_part_and_names_some(sara: Desk) -> None:
    await customer("Ali", city="Bonn", country="DE")
    await customer("Bea", city="Köln", country="DE")
    found = (await ask(sara, "preview", text='country = "DE" and city = "Bonn"')).json()
    assert (found["count"]["value"], [each["value"] for each in found["conditions"]]) == (1, [2, 1])
    assert [one["name"] for one in found["sample"]] == ["Ali"]


async def test_the_difference_tells_who_would_come_and_go(sara: Desk) -> None:
    await customer("Ali", city="Bonn")
    await customer("Bea", city="Köln")
    await sara.fill("/segment/create", BONN)
    made = await Segment.get()
    found = (await ask(sara, "difference", segment=str(made.id), text='city = "Köln"')).json()
    assert found["counts"] == {"entering": 1, "leaving": 1, "staying": 0}
    assert (found["people"]["entering"][0]["name"], (await Segment.get()).rule_version) == ("Bea", 1)


# -- pages -----------------------------------------------------------------------------------------------------------


async def test_a_segments_page_shows_members_rule_and_what_depends_on_it(sara: Desk) -> None:
    await customer("Ali", city="Bonn")
    await sara.fill("/segment/create", BONN)
    await sara.fill("/segment/create", {**BONN, "key": "both", "rule_text": 'in segment "bonn"'})
    page = (await sara.get("/segment/detail", pk=str((await Segment.get(key="bonn")).id))).text
    assert all(part in page for part in ("Ali", "city = &#34;Bonn&#34;", "What depends on it", "both"))


async def test_the_report_of_a_segment_is_a_part_of_its_own(sara: Desk) -> None:
    await customer("Ali", city="Bonn")
    await sara.fill("/segment/create", BONN)
    answer = await sara.get(f"/segments/{(await Segment.get()).id}/report", days="30")
    assert (answer.status_code, "Members over time" in answer.text, "Targeting" in answer.text) == (200, True, True)


async def test_members_are_paged_by_the_last_one_shown(sara: Desk) -> None:
    made = await segment("vip")
    people = [(await customer(f"Nr {number}")).id for number in range(27)]
    await static.add(OWNER, made.id, people, now=NOW)
    first = (await sara.get(f"/segments/{made.id}/members")).text
    link = html.unescape(first.split("data-arz-next href=")[1].split('"')[1])
    second = (await sara.client.get(link)).text
    names = re.findall(r"<bdi>(Nr \d+)</bdi>", first + second)
    assert (len(names), len(set(names)), "data-arz-next" in second) == (27, 27, False)


async def test_pasted_identities_names_and_ids_go_in_and_out(sara: Desk) -> None:
    made, ali = await segment("vip"), await customer("Ali", email("ali@example.com"))
    bea, carl = await customer("Bea Zander"), await customer("Carl")
    pasted = f"ALI@example.com\nbea zander, {public_id(carl)}"
    answer = await sara.post(f"/segments/{made.id}/members", {"identities": pasted, "do": "add"})
    assert answer.status_code == 200, answer.text
    inside = await SegmentMembership.filter(segment_id=made.id, exited_at=None).values_list("customer_id", flat=True)
    assert set(inside) == {ali.id, bea.id, carl.id}
    await sara.post(f"/segments/{made.id}/members", {"identities": "ali@example.com", "do": "remove"})
    assert (await Segment.get(id=made.id)).size == 2


async def test_entries_that_mean_nobody_are_named_and_nobody_moves(sara: Desk) -> None:
    made = await segment("vip")
    await customer("Ali", email("ali@example.com"))
    given = {"identities": "ali@example.com\nnobody@example.com", "do": "add"}
    answer = await sara.post(f"/segments/{made.id}/members", given)
    assert (answer.status_code, "nobody@example.com" in answer.json()["errors"]["identities"]) == (422, True)
    assert not await SegmentMembership.exists()
    assert (await sara.post(f"/segments/{made.id}/members", {**given, "skip": "1"})).status_code == 200


async def test_an_earlier_rule_is_compared_and_brought_back(sara: Desk) -> None:
    await customer("Ali", city="Bonn")
    await sara.fill("/segment/create", BONN)
    made = await Segment.get()
    await sara.fill("/segment/edit", {"rule_text": 'city = "Köln"'}, pk=str(made.id))
    assert "Compare and bring back" in (await sara.get(f"/segments/{made.id}/versions")).text
    page = await sara.get(f"/segments/{made.id}/versions/1")
    assert ("<del>" in page.text, '<b class="arz-good">1</b>' in page.text) == (True, True)
    answer = await sara.fill(f"/segments/{made.id}/versions/1", {})
    found = await Segment.get()
    assert (answer.status_code, found.rule_text, found.rule_version, found.size) == (303, 'city = "Bonn"', 3, 1)


async def test_the_overlap_of_chosen_segments_is_drawn(sara: Desk) -> None:
    ali = await customer("Ali")
    for key in ("vip", "new"):
        await static.add(OWNER, (await segment(key)).id, [ali.id], now=NOW)
    assert (
        "/segment-overlap/shared?key=vip&amp;key=new" in (await sara.get("/segment-overlap", key=["vip", "new"])).text
    )
    page = await sara.get("/segment-overlap/shared", key=["vip", "new"])
    assert ('data-chart="heat"' in page.text, "100%" in page.text) == (True, True)


async def test_a_group_of_the_library_is_installed_by_its_button(sara: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "QUICK", 600.0)
    assert "Champions" in (await sara.get("/segment-library")).text
    answer = await sara.post("/segment-library", {"group": "TIERS"})
    assert (answer.status_code, await Segment.filter(library_key="TIERS").count()) == (303, 4)
    refused = await sara.post("/segment-library", {"group": "BEHAVIOUR"})
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)


async def test_an_agent_neither_picks_members_nor_installs(at: At) -> None:
    made, agent = await segment("vip"), await at("agent")
    await customer("Ali", email("ali@example.com"))
    await agent.post(f"/segments/{made.id}/members", {"identities": "ali@example.com", "do": "add"})
    await agent.post("/segment-library", {"group": "TIERS"})
    assert (await SegmentMembership.exists(), await Segment.all().count()) == (False, 1)


@pytest.mark.parametrize("path", ["nothing", "00000000-0000-0000-0000-000000000000"])
async def test_a_segment_that_is_not_there_is_not_found(sara: Desk, path: str) -> None:
    found = [(await sara.get(f"/segments/{path}/{part}")).status_code for part in ("members", "report", "versions")]
    assert found == [404, 404, 404]
