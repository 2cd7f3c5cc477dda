"""Segments through GraphQL: defining, previewing, seeing a change before it is made, looking back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.segments import static
from models import Segment
from tests.crm.segments_world import dynamic, members
from tests.factories import NOW, OWNER, actor, customer, segment
from tests.schema.asking import ask

CREATE = """mutation ($input: SegmentCreateInput!) {
  segmentCreate(input: $input) { segment { key kind ruleText size members { nodes { displayName } } }
    problems { code message path } } }"""
CHANGE = """mutation ($input: SegmentRuleChangeInput!) {
  segmentRuleChange(input: $input) { changed difference { entering leaving staying }
    segment { ruleVersion size versions { number ruleText } } problems { code path } } }"""


async def test_a_segment_by_rule_is_there_with_its_members(db: str) -> None:
    await customer("Sara", country="IR")
    given = {"key": "home", "name": "Home", "kind": "DYNAMIC", "ruleText": 'country = "IR"'}
    answer = await ask(CREATE, {"input": given})
    assert answer.data["segmentCreate"] == {
        "segment": {
            "key": "home",
            "kind": "DYNAMIC",
            "ruleText": 'country = "IR"',
            "size": 1,
            "members": {"nodes": [{"displayName": "Sara"}]},
        },
        "problems": [],
    }


async def test_a_wrong_rule_is_a_problem_with_its_place(db: str) -> None:
    given = {"key": "home", "name": "Home", "kind": "DYNAMIC", "rule": {"country": {"near": "IR"}}}
    found = (await ask(CREATE, {"input": given})).data["segmentCreate"]
    assert (found["segment"], found["problems"][0]["path"][:2]) == (None, ["rule", "country"])
    assert not await Segment.exists()


async def test_a_static_segment_takes_no_rule(db: str) -> None:
    found = (await ask(CREATE, {"input": {"key": "a", "name": "A", "ruleText": "x"}})).data["segmentCreate"]
    assert found["problems"][0]["path"] == ["kind"]


async def test_a_rule_change_is_shown_first_and_made_then(db: str) -> None:
    await customer("Sara", country="IR")
    await customer("Ali", country="DE")
    made = await dynamic("home", 'country = "IR"')
    given = {"id": f"seg_{made.id}", "expectedVersion": 1, "ruleText": 'country = "DE"'}
    shown = (await ask(CHANGE, {"input": {**given, "dryRun": True}})).data["segmentRuleChange"]
    assert shown["difference"] == {"entering": 1, "leaving": 1, "staying": 0}
    assert (shown["changed"], shown["segment"]["ruleVersion"], await members("home")) == (False, 1, {"Sara"})
    done = (await ask(CHANGE, {"input": given})).data["segmentRuleChange"]
    assert [one["number"] for one in done["segment"]["versions"]] == [2, 1]
    assert await members("home") == {"Ali"}


async def test_a_preview_counts_and_shows_examples(db: str) -> None:
    sara = await customer("Sara", country="IR")
    answer = await ask(
        """{ segmentPreview(ruleText: "country = \\"IR\\" and orders.count() = 0") {
          count { value exact } perCondition { path matched { value } } sample { id displayName } costClass } }"""
    )
    assert answer.data["segmentPreview"] == {
        "count": {"value": 1, "exact": True},
        "perCondition": [
            {"path": ["AND", "0"], "matched": {"value": 1}},
            {"path": ["AND", "1"], "matched": {"value": 1}},
        ],
        "sample": [{"id": f"cus_{sara.id}", "displayName": "Sara"}],
        "costClass": "LOW",
    }


async def test_the_catalogue_is_told_in_the_language_that_is_asked_for(db: str) -> None:
    answer = await ask('{ segmentFilterCatalog(locale: "fa", noun: "customer") { fields { key label operators } } }')
    fields = {one["key"]: one for one in answer.data["segmentFilterCatalog"]["fields"]}
    assert fields["country"]["label"] == "کشور"
    assert "startsWith" in fields["country"]["operators"]


async def test_a_language_that_nothing_is_named_in_is_refused(db: str) -> None:
    for part in ('segmentFilterCatalog(locale: "de")', 'segmentRuleCompletion(ruleText: "c", cursor: 1, locale: "de")'):
        answer = await ask(f"{{ {part} {{ __typename }} }}")
        assert "'de'; 'locale' is one of en, fa, zh" in answer.errors[0]["message"]
    assert (await ask('{ segmentFilterCatalog(locale: "fa-IR") { __typename } }')).data


async def test_segments_are_read_at_a_time(db: str) -> None:
    sara, vip = await customer("Sara"), await segment("vip")
    await static.add(OWNER, vip.id, [sara.id], now=NOW)
    await static.remove(OWNER, vip.id, [sara.id], now=NOW + timedelta(days=2))
    document = "query ($id: ID!, $at: DateTime) { customer(id: $id) { segments(asOf: $at) { key } } }"
    asked = {"id": f"cus_{sara.id}", "at": (NOW + timedelta(days=1)).isoformat()}
    assert (await ask(document, asked)).data["customer"]["segments"] == [{"key": "vip"}]
    assert (await ask(document, {"id": asked["id"]})).data["customer"]["segments"] == []


async def test_a_segment_says_how_fresh_it_is(db: str) -> None:
    await dynamic("home", 'country = "IR"')
    found = (await ask('{ segment(key: "home") { freshAsOf staleAfter dueAt evaluationError } }')).data["segment"]
    assert found["freshAsOf"] == "2026-11-20T12:00:00.000000Z"
    assert found["staleAfter"] > found["dueAt"] > found["freshAsOf"]


async def test_overlaps_are_for_those_who_see_all_customers(db: str) -> None:
    await segment("a")
    document = '{ segmentOverlap(keys: ["a"]) { first second customers } }'
    assert (await ask(document)).data["segmentOverlap"] == [{"first": "a", "second": "a", "customers": 0}]
    limited = actor(*OWNER.scopes, row_filter={"country": {"eq": "IR"}})
    assert (await ask(document, actor=limited)).code == "FORBIDDEN"


async def test_the_library_is_installed_by_one_mutation(db: str) -> None:
    document = 'mutation { segmentLibraryInstall(input: {groups: ["TIERS"]}) { segmentKeys problems { message } } }'
    found = (await ask(document)).data["segmentLibraryInstall"]
    assert (found["problems"], len(found["segmentKeys"])) == ([], 4)


async def test_an_amount_and_its_currency_in_one_text_is_refused_with_the_way_to_write_it(db: str) -> None:
    answer = await ask('{ customers(where: {valueMetrics: {clv: {gt: "5 USD"}}}) { nodes { id } } }')
    assert "{amount: 5, currency: USD}" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    "asked",
    [
        '{ segmentPreview(ruleText: "in segment \\"vip\\" at 2126-01-01") { count { value } } }',
        '{ segmentPreview(rule: {segment: {key: "vip", at: "2126-01-01"}}) { count { value } } }',
        '{ customers(where: {segment: {key: "vip", at: "2126-01-01"}}) { nodes { id } } }',
    ],
)
async def test_who_will_be_in_a_segment_on_a_day_to_come_is_not_answered(db: str, asked: str) -> None:
    await segment("vip")
    answer = await ask(asked)
    assert answer.errors is not None
    assert "'2126-01-01' is yet to come" in answer.errors[0]["message"]
