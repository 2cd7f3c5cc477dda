"""Duplicates are merged over the API, and their ids keep leading to the customer that they became part of."""

from __future__ import annotations

from typing import Any

import pytest

from crm import custom_fields, ids
from crm.database import fetch_value
from crm.segments import definitions
from models import Customer, FieldType, SegmentKind
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

MERGE = """mutation ($input: CustomerMergeInput!) { customerMerge(input: $input) {
  merged moved { noun count } conflicts { field kept candidates { customerId value } }
  customer { id city absorbed { id mergedInto { id } } } problems { code message path existingId } } }"""


async def merge(survivor: Customer, *absorbed: Customer, **options: Any) -> Any:
    given = [{"id": ids.encode("cus", one.id), "expectedVersion": 1} for one in absorbed]
    key = ids.encode("cus", survivor.id)
    answer = await ask(MERGE, {"input": {"survivorId": key, "expectedVersion": 1, "absorbed": given, **options}})
    return answer.data["customerMerge"]


async def test_a_merge_answers_with_the_survivor_and_what_moved(db: str) -> None:
    ali, twin = await factories.customer("Ali"), await factories.customer("Ali", city="Qom")
    await factories.order(twin)
    payload = await merge(ali, twin)
    key = ids.encode("cus", ali.id)
    assert (payload["merged"], payload["problems"]) == (True, [])
    assert {"noun": "order", "count": 1} in payload["moved"]
    absorbed = [{"id": ids.encode("cus", twin.id), "mergedInto": {"id": key}}]
    assert payload["customer"] == {"id": key, "city": "Qom", "absorbed": absorbed}


async def test_the_old_id_leads_to_the_survivor(db: str) -> None:
    ali, twin = await factories.customer("Ali"), await factories.customer("Ali")
    await merge(ali, twin)
    answer = await ask("query ($id: ID!) { customer(id: $id) { id } }", {"id": ids.encode("cus", twin.id)})
    assert answer.data == {"customer": {"id": ids.encode("cus", ali.id)}}


async def test_a_change_by_the_old_id_names_the_new_one(db: str) -> None:
    ali, twin = await factories.customer("Ali"), await factories.customer("Ali")
    await merge(ali, twin)
    document = """mutation ($input: CustomerUpdateInput!) { customerUpdate(input: $input) {
      problems { code existingId } } }"""
    answer = await ask(document, {"input": {"id": ids.encode("cus", twin.id), "expectedVersion": 2, "city": "Qom"}})
    (problem,) = answer.data["customerUpdate"]["problems"]
    assert problem == {"code": "NOT_FOUND", "existingId": ids.encode("cus", ali.id)}


async def test_a_dry_run_tells_the_conflicts_and_changes_nothing(db: str) -> None:
    ali, twin = await factories.customer("Ali", country="IR"), await factories.customer("Ali", country="DE")
    payload = await merge(ali, twin, dryRun=True)
    (conflict,) = payload["conflicts"]
    assert (payload["merged"], conflict["field"], conflict["kept"]) == (False, "country", "IR")
    assert not await fetch_value("SELECT count(*) FROM customer WHERE merged_into_id IS NOT NULL")


@pytest.mark.parametrize("absorbed", ["nobody", "changed"])
async def test_what_cannot_be_merged_is_a_problem_with_its_place(db: str, absorbed: str) -> None:
    ali, twin = await factories.customer("Ali"), await factories.customer("Ali")
    key = ids.encode("cus", new_id() if absorbed == "nobody" else twin.id)
    payload = await merge(ali, absorbed=[{"id": key, "expectedVersion": 9}])
    (problem,) = payload["problems"]
    place = ["absorbed", "0", "id"] if absorbed == "nobody" else ["expectedVersion"]
    assert (problem["code"], problem["path"]) == ("NOT_FOUND" if absorbed == "nobody" else "VERSION_CONFLICT", place)


ARCHIVE = """mutation ($input: VersionedInput!) { fieldArchive(input: $input) {
  fieldDefinition { archivedAt } problems { code message } } }"""
RESTORE = ARCHIVE.replace("fieldArchive", "fieldRestore")


async def test_a_custom_field_in_use_is_not_archived_and_the_place_is_told(db: str) -> None:
    field = await custom_fields.define(OWNER, key="tier", type=FieldType.TEXT, fields={})
    rule = 'country = "IR" and customFields.tier = "gold"'
    await definitions.create_by_rule(OWNER, key="gold", kind=SegmentKind.DYNAMIC, rule=rule, fields={}, now=NOW)
    answer = await ask(ARCHIVE, {"input": {"id": ids.encode("fld", field.id), "expectedVersion": 1}})
    (problem,) = answer.data["fieldArchive"]["problems"]
    assert problem["code"] == "BLOCKED"
    assert "segment 'gold' (AND.1.customFields.tier)" in problem["message"]


async def test_a_custom_field_is_archived_and_comes_back(db: str) -> None:
    field = await custom_fields.define(OWNER, key="tier", type=FieldType.TEXT, fields={})
    key = ids.encode("fld", field.id)
    gone = (await ask(ARCHIVE, {"input": {"id": key, "expectedVersion": 1}})).data["fieldArchive"]
    back = (await ask(RESTORE, {"input": {"id": key, "expectedVersion": 2}})).data["fieldRestore"]
    assert gone["fieldDefinition"]["archivedAt"] is not None
    assert back["fieldDefinition"] == {"archivedAt": None}
