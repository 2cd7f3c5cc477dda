"""Many customers at once: as if each had come alone."""

from datetime import timedelta
from typing import Any

import pytest

from crm import customers
from crm.access import Scope
from crm.bulk import CustomerRow, Outcome, RowResult, upsert_customers
from crm.database import fetch
from crm.errors import Forbidden
from crm.identities import IdentityInput
from crm.lifecycle import default
from models import AuditEntry, Customer, Event, Identity, IdentityKind, StagePosition, StageTransition
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER, email


def row(address: str, **fields: Any) -> CustomerRow:
    return CustomerRow((email(address),), fields)  # type: ignore[arg-type]


def outcomes(results: list[RowResult]) -> list[str]:
    return [result.outcome.value for result in results]


async def trail() -> list[tuple[str, str, Any]]:
    """Actions with what they say, without the ids that differ each time."""
    rows = await fetch("SELECT action, changes FROM audit_entry UNION ALL SELECT type, data FROM event ORDER BY 1, 2")
    keys = {str(row["id"]) for table in ("customer", "identity") for row in await fetch(f"SELECT id FROM {table}")}
    found = []
    for row in rows:
        text = row["changes"]
        for key in keys:
            text = text.replace(key, "…")
        found.append((row["action"], text.replace('"IMPORT"', '"MANUAL"')))
    return sorted(found)


async def test_a_bulk_customer_is_what_a_single_one_is(fresh_db: str) -> None:
    await default.install(OWNER)
    fields: Any = {"given_name": "علي", "family_name": "Rezaei", "country": "ir", "city": "Tehran"}
    await customers.create(OWNER, fields=fields, given_identities=[email("Ali@Example.com")], now=NOW)
    alone, said = await Customer.get(), await trail()
    await fetch("TRUNCATE customer, audit_entry, event CASCADE")
    await default.install(OWNER)
    await upsert_customers(OWNER, [CustomerRow((email("Ali@Example.com"),), fields)], NOW)
    among = await Customer.get()
    for name in Customer._meta.db_fields - {"id", "created_at", "updated_at"}:
        assert getattr(alone, name) == getattr(among, name), name
    assert [entry for entry in said if "lifecycle" not in entry[0]] == await trail()


async def test_a_row_updates_who_holds_its_identity_and_says_nothing_when_nothing_differs(db: str) -> None:
    alice = await factories.customer("Alice Example", email("alice@example.com"))
    before = await Event.all().count()
    results = await upsert_customers(OWNER, [row("ALICE@example.com", city="Basel")], NOW)
    assert outcomes(results) == ["UPDATED"]
    assert (await Customer.get()).city == "Basel"
    assert (await Customer.get()).version == alice.version + 1
    assert outcomes(await upsert_customers(OWNER, [row("alice@example.com", city="Basel")], NOW)) == ["UNCHANGED"]
    assert await Event.all().count() == before + 1
    assert (await AuditEntry.filter(action="customer.updated").get()).changes == {"city": [None, "Basel"]}


async def test_a_new_identity_is_added_to_the_customer_that_holds_another(db: str) -> None:
    await factories.customer("Alice Example", email("alice@example.com"))
    shop = IdentityInput(IdentityKind.EXTERNAL, "77", source="Shop")
    results = await upsert_customers(OWNER, [CustomerRow((email("alice@example.com"), shop), {})], NOW)
    assert outcomes(results) == ["UPDATED"]
    assert await Identity.filter(source="shop", normalized="77").exists()
    assert "77" in (await Customer.get()).search_text


async def test_rows_of_one_customer_follow_each_other(db: str) -> None:
    rows = [row("a@example.com", given_name="A"), row("A@example.com", city="Bern"), row("a@example.com", city="Basel")]
    results = await upsert_customers(OWNER, rows, NOW)
    assert outcomes(results) == ["CREATED", "UPDATED", "UPDATED"]
    assert len({result.key for result in results}) == 1
    assert (await Customer.get()).city == "Basel"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"country": "Atlantis"}, "country"),
        ({"given_name": "x" * 200}, "givenName"),
        ({"custom_fields": {"tier": "gold"}}, "customFields"),
        ({"owner_id": new_id()}, "ownerId"),
        ({"acquired_at": NOW + timedelta(days=1)}, "acquiredAt"),
    ],
)
async def test_a_bad_row_is_refused_and_the_good_ones_are_kept(db: str, fields: Any, path: str) -> None:
    rows = [row("a@example.com", given_name="A"), row("b@example.com", **fields), row("c@example.com")]
    results = await upsert_customers(OWNER, rows, NOW)
    assert outcomes(results) == ["CREATED", "REFUSED", "CREATED"]
    problem = results[1].problem
    assert problem is not None
    assert problem.path[0] == path
    assert await Customer.all().count() == 2


async def test_identities_of_two_customers_are_refused(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    await factories.customer("Bob Example", email("b@example.com"))
    both = CustomerRow((email("a@example.com"), email("b@example.com")), {"city": "Basel"})
    results = await upsert_customers(OWNER, [both, CustomerRow((), {}), row("nonsense")], NOW)
    assert outcomes(results) == ["REFUSED"] * 3
    assert not await Customer.filter(city="Basel").exists()


async def test_a_customer_stands_at_the_first_stage_since_it_was_acquired(db: str) -> None:
    await default.install(OWNER)
    since = NOW - timedelta(days=400)
    await upsert_customers(OWNER, [row("a@example.com", acquired_at=since), row("b@example.com")], NOW)
    assert await StagePosition.all().order_by("entered_at").values_list("entered_at", flat=True) == [since, NOW]
    assert await StageTransition.filter(from_stage_id=None, cause="IMPORT").count() == 2


async def test_an_actor_without_the_scope_changes_nothing(db: str) -> None:
    with pytest.raises(Forbidden):
        await upsert_customers(factories.everything_but(Scope.CUSTOMER_WRITE), [row("a@example.com")], NOW)
    assert not await Customer.exists()


async def test_more_rows_than_a_chunk_holds_are_all_taken(fresh_db: str) -> None:
    rows = [row(f"c{number}@example.com") for number in range(2_100)]
    results = await upsert_customers(OWNER, rows, NOW)
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert await Customer.all().count() == 2_100
