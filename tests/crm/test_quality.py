"""How good the data of customers are, and where each value came from."""

from typing import Any

import pytest

from crm import customers, ids, quality
from crm.access import Scope, system
from crm.errors import NotFound
from crm.imports import ImportKind, import_file
from crm.quality import QualityGroup
from models import (
    Customer,
    CustomerKind,
)
from tests import factories
from tests.crm.intimacy_world import DAY
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER


async def test_a_full_and_fresh_customer_has_the_full_score(db: str) -> None:
    carol = await staff("carol")
    fields: Any = {"language": "en", "country": "IR", "city": "Yazd", "owner_id": carol.id, "acquisition_source": "web"}
    alice = await factories.customer("Alice Example", factories.email("a@example.org"), **fields)
    half = await quality.of_customer(OWNER, alice.id, now=alice.updated_at)
    assert (half.completeness, half.reachability, half.missing) == (1, 0.5, ["phone"])
    assert half.score == pytest.approx(80, abs=0.1)
    later = await quality.of_customer(OWNER, alice.id, now=alice.updated_at + 365 * DAY)
    assert later.freshness == pytest.approx(0.5, abs=0.01)


async def test_what_is_missing_is_named_and_reported_by_source(db: str) -> None:
    bob = await factories.customer("Bob", kind=CustomerKind.PERSON, acquisition_source="fair")
    await customers.create(system("import"), fields={"display_name": "Carol"}, now=NOW)
    found = await quality.of_customer(OWNER, bob.id, now=NOW)
    assert found.missing == ["language", "country", "city", "owner", "familyName", "email", "phone"]
    by_source = await quality.report(OWNER, now=NOW, group=QualityGroup.SOURCE)
    assert [(each.group, each.customers, each.unreachable) for each in by_source] == [("fair", 1, 1), (None, 1, 1)]
    by_creator = await quality.report(OWNER, now=NOW, group=QualityGroup.CREATOR)
    assert {each.group for each in by_creator} == {"owner", "import"}


async def test_what_an_import_wrote_is_told_of_that_import(db: str) -> None:
    await factories.customer("Typed")
    run = await import_file(
        OWNER, ImportKind.CUSTOMERS, b"name,city,email\nLoaded,Yazd,l@example.org\n", name="list.csv", now=NOW
    )
    key = ids.encode("imp", run.id)
    assert {each.group for each in await quality.report(OWNER, now=NOW, group=QualityGroup.IMPORT)} == {key, None}
    loaded = await Customer.get(display_name="Loaded")
    found = {each.field: each.import_id for each in await quality.provenance(OWNER, loaded.id)}
    assert found["city"] == key


async def test_provenance_names_who_wrote_each_value_last(db: str) -> None:
    alice = await factories.customer("Alice", country="IR")
    fields: Any = {"city": "Yazd", "country": "DE"}
    await customers.update(system("import"), alice.id, expected_version=1, fields=fields, now=NOW)
    found = {each.field: each.actor for each in await quality.provenance(OWNER, alice.id)}
    assert (found["country"], found["city"], found["given_name"]) == ("import", "import", "owner")


async def test_the_data_of_a_customer_one_may_not_see_are_not_judged(db: str) -> None:
    alice = await factories.customer("Alice", country="DE")
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    for attempt in (quality.of_customer(partner, alice.id, now=NOW), quality.provenance(partner, alice.id)):
        with pytest.raises(NotFound):
            await attempt
    assert await quality.report(partner, now=NOW) == []
