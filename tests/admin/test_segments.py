"""Segments at the panel: made by hand or by rule, with what is wrong with a rule told at the rule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm.segments import definitions
from models import AuditEntry, Segment, SegmentKind, SegmentMembership, SegmentVersion
from tests.admin.conftest import At
from tests.admin.desk import Desk, fields_of
from tests.factories import OWNER, customer

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
    segment = await bonn()
    answer = await sara.fill("/segment/edit", {"rule_text": 'city = "Köln"', "name": "Köln"}, pk=str(segment.id))
    assert answer.status_code == 303, answer.text
    found = await Segment.get(id=segment.id)
    assert (found.name, found.rule_text, found.rule_version) == ("Köln", 'city = "Köln"', 2)
    assert await SegmentVersion.filter(segment_id=segment.id).count() == 2


async def test_editing_only_the_name_leaves_the_rule(sara: Desk) -> None:
    segment = await bonn()
    await sara.fill("/segment/edit", {"name": "In Bonn"}, pk=str(segment.id))
    entry = await AuditEntry.get(noun_id=segment.id, action="segment.updated")
    assert entry.changes == {"name": ["Bonn", "In Bonn"]}


async def test_a_wrong_rule_changes_nothing_not_even_the_name(sara: Desk) -> None:
    segment = await bonn()
    answer = await sara.fill("/segment/edit", {"rule_text": "city = ", "name": "Other"}, pk=str(segment.id))
    assert (answer.status_code, "Line 1" in answer.text) == (422, True)
    assert fields_of(answer.text)["name"] == ["Other"]
    assert (await Segment.get(id=segment.id)).name == "Bonn"


async def test_a_segment_is_archived_and_brought_back_and_never_deleted(sara: Desk) -> None:
    segment = await bonn()
    for name, away in (("archive", True), ("restore", False)):
        answer = await sara.post("/_api/segment/row-action", pk=str(segment.id), name=name)
        assert answer.status_code == 200, answer.text
        assert ((await Segment.get(id=segment.id)).archived_at is not None) is away
    assert (await sara.post("/_api/segment/row-action", pk=str(segment.id), name="delete")).status_code == 400


async def test_an_agent_changes_no_segment(at: At) -> None:
    segment, agent = await bonn(), await at("agent")
    await agent.post("/segment/create", {**BONN, "key": "other"})
    await agent.post("/segment/edit", {"name": "Other"}, pk=str(segment.id))
    await agent.post("/_api/segment/row-action", pk=str(segment.id), name="archive")
    found = await Segment.get()
    assert (found.name, found.archived_at) == ("Bonn", None)
