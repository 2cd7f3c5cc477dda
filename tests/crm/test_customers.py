"""What happens to customers, and what does not when it must not."""

import asyncio
from typing import Any

import pytest

from crm import customers
from crm.access import Scope
from crm.database import fetch_value
from crm.errors import (
    CrmError,
    DuplicateFound,
    Forbidden,
    IdempotencyConflict,
    NotFound,
    Problems,
    ValidationFailed,
    VersionConflict,
)
from crm.identities import IdentityInput
from crm.lifecycle import default
from models import AuditEntry, Customer, CustomerKind, Event, Identity, IdentityKind, StagePosition
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER, email


async def traces() -> int:
    """How many rows a refused change could have left behind."""
    tables = ("customer", "identity", "audit_entry", "event", "idempotency_key")
    return sum([await fetch_value(f"SELECT count(*) FROM {table}") for table in tables])


async def test_a_new_customer_leaves_its_audit_entry_and_its_event(db: str) -> None:
    alice = await factories.customer("Alice Example", email("Alice@Example.com"))
    entry = await AuditEntry.get(noun_id=alice.id)
    event = await Event.get(noun_id=alice.id)
    assert entry.changes["given_name"] == [None, "Alice"]
    assert (event.type, event.customer_id) == ("customer.created", alice.id)
    assert await Event.filter(customer_id=alice.id, type="identity.added").count() == 1


async def test_a_new_customer_stands_at_the_start_of_the_default_lifecycle(db: str) -> None:
    await default.install(OWNER)
    alice = await factories.customer()
    position = await StagePosition.get(customer_id=alice.id).prefetch_related("stage")
    assert position.stage.key == "suspect"


@pytest.mark.parametrize(
    ("fields", "shown", "sorted_by"),
    [
        ({"given_name": "Alice", "family_name": "Zand"}, "Alice Zand", "zand alice"),
        ({"kind": CustomerKind.ORGANIZATION, "organization_name": "Ácme GmbH"}, "Ácme GmbH", "acme gmbh"),
        ({"given_name": "伟", "family_name": "王", "display_name": "王伟"}, "王伟", "王 伟"),
    ],
)
async def test_names_follow_from_what_is_given(db: str, fields: Any, shown: str, sorted_by: str) -> None:
    customer = await customers.create(OWNER, fields=fields, now=NOW)
    assert (customer.display_name, customer.sort_name) == (shown, sorted_by)


async def test_a_derived_name_follows_a_change_and_a_chosen_one_stays(db: str) -> None:
    derived = await factories.customer("Alice Zand")
    chosen = await factories.customer("Bob Zand", display_name="Bobby")
    for customer in (derived, chosen):
        await customers.update(OWNER, customer.id, expected_version=1, fields={"family_name": "Amiri"}, now=NOW)
    names = await Customer.all().order_by("created_at").values_list("display_name", flat=True)
    assert names == ["Alice Amiri", "Bobby"]


async def test_searches_find_an_arabic_spelling_under_the_persian_one(db: str) -> None:
    await factories.customer("علي رضايي")
    assert await Customer.filter(search_text__contains="علی رضایی").count() == 1


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"display_name": "x" * 301}, ("displayName",)),
        ({"given_name": "x" * 10_000}, ("givenName",)),
        ({"given_name": "a\x00b"}, ("givenName",)),
        ({"given_name": "Ali", "country": "XX"}, ("country",)),
        ({"given_name": "Ali", "time_zone": "Asia/Teheran"}, ("timeZone",)),
        ({"given_name": "Ali", "owner_id": new_id()}, ("ownerId",)),
        ({"given_name": "Ali", "acquired_at": NOW.replace(year=2030)}, ("acquiredAt",)),
        ({"given_name": "Ali", "custom_fields": {"unknown": 1}}, ("customFields", "unknown")),
    ],
)
async def test_bad_input_names_its_field_and_leaves_nothing(db: str, fields: Any, path: tuple[str, ...]) -> None:
    with pytest.raises((ValidationFailed, Problems)) as refused:
        await customers.create(OWNER, fields=fields, given_identities=[email("a@example.com")], now=NOW)
    assert refused.value.path == path
    assert await traces() == 0


async def test_a_customer_without_name_and_identity_is_refused(db: str) -> None:
    with pytest.raises(ValidationFailed, match="needs a name: send givenName"):
        await customers.create(OWNER, fields={}, now=NOW)
    assert await traces() == 0


async def test_an_email_that_belongs_to_another_names_that_customer(db: str) -> None:
    alice = await factories.customer("Alice", email("alice@example.com"))
    before = await traces()
    with pytest.raises(DuplicateFound, match=f"belongs to cus_{alice.id}") as refused:
        await factories.customer("Bob", email("ALICE@example.com"))
    assert refused.value.path == ("identities", "0", "value")
    assert await traces() == before


async def test_a_stale_version_conflicts_and_tells_the_current_one(db: str) -> None:
    alice = await factories.customer()
    await customers.update(OWNER, alice.id, expected_version=1, fields={"city": "Shiraz"}, now=NOW)
    with pytest.raises(VersionConflict) as refused:
        await customers.update(OWNER, alice.id, expected_version=1, fields={"city": "Yazd"}, now=NOW)
    assert refused.value.current_version == 2
    assert (await Customer.get(id=alice.id)).city == "Shiraz"


async def test_a_change_that_changes_nothing_leaves_no_trace(db: str) -> None:
    alice = await factories.customer(city="Shiraz")
    before = await traces()
    same = await customers.update(OWNER, alice.id, expected_version=1, fields={"city": "Shiraz"}, now=NOW)
    assert (same.version, await traces()) == (1, before)


async def test_a_repeated_create_with_the_same_key_gives_the_first_customer(db: str) -> None:
    first = await customers.create(OWNER, fields={"given_name": "Ali"}, now=NOW, idempotency_key="k")
    again = await customers.create(OWNER, fields={"given_name": "Ali"}, now=NOW, idempotency_key="k")
    assert first.id == again.id
    with pytest.raises(IdempotencyConflict):
        await customers.create(OWNER, fields={"given_name": "Sara"}, now=NOW, idempotency_key="k")
    assert await Customer.all().count() == 1


async def test_two_creates_at_once_under_one_key_make_one_customer(fresh_db: str) -> None:
    made = await asyncio.gather(
        *(customers.create(OWNER, fields={"given_name": "Ali"}, now=NOW, idempotency_key="k") for _ in range(8))
    )
    assert len({customer.id for customer in made}) == 1
    assert await Customer.all().count() == 1


async def test_a_key_of_a_failed_create_is_free_again(db: str) -> None:
    with pytest.raises(ValidationFailed):
        await customers.create(OWNER, fields={}, now=NOW, idempotency_key="k")
    made = await customers.create(OWNER, fields={"given_name": "Ali"}, now=NOW, idempotency_key="k")
    assert made.display_name == "Ali"


async def test_upsert_updates_whoever_holds_an_identity_and_adds_the_others(db: str) -> None:
    alice = await factories.customer("Alice", email("alice@example.com"))
    shop = IdentityInput(IdentityKind.EXTERNAL, "77", source="Shop")
    found, created = await customers.upsert(
        OWNER, match=[email("Alice@Example.com"), shop], fields={"city": "Qom"}, now=NOW
    )
    assert (found.id, created, found.city) == (alice.id, False, "Qom")
    assert await Identity.filter(customer_id=alice.id, source="shop", normalized="77").exists()


async def test_upsert_refuses_identities_of_two_customers(db: str) -> None:
    await factories.customer("Alice", email("alice@example.com"))
    await factories.customer("Bob", email("bob@example.com"))
    with pytest.raises(DuplicateFound, match="merge"):
        await customers.upsert(OWNER, match=[email("alice@example.com"), email("bob@example.com")], fields={}, now=NOW)


async def test_a_customer_with_orders_is_archived_not_deleted(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice)
    with pytest.raises(ValidationFailed, match="archive it instead"):
        await customers.delete(OWNER, alice.id, expected_version=1)
    archived = await customers.archive(OWNER, alice.id, expected_version=1, now=NOW)
    assert archived.archived_at == NOW


@pytest.mark.parametrize(
    "change",
    [
        lambda who, key: customers.create(who, fields={"given_name": "Eve"}, now=NOW),
        lambda who, key: customers.update(who, key, expected_version=None, fields={"city": "x"}, now=NOW),
        lambda who, key: customers.upsert(who, match=[email("e@example.com")], fields={}, now=NOW),
        lambda who, key: customers.archive(who, key, expected_version=None, now=NOW),
        lambda who, key: customers.delete(who, key, expected_version=None),
    ],
)
async def test_who_may_not_write_customers_changes_nothing(db: str, change: Any) -> None:
    alice = await factories.customer()
    before = await traces()
    with pytest.raises(Forbidden) as refused:
        await change(factories.everything_but(Scope.CUSTOMER_WRITE), alice.id)
    assert refused.value.missing_scope == "customer:write"
    assert await traces() == before


async def test_an_unknown_customer_is_not_found(db: str) -> None:
    with pytest.raises(NotFound, match="There is no customer 'cus_"):
        await customers.update(OWNER, new_id(), expected_version=None, fields={}, now=NOW)


async def test_only_one_of_many_simultaneous_updates_wins(fresh_db: str) -> None:
    alice = await factories.customer()
    results = await asyncio.gather(
        *(
            customers.update(OWNER, alice.id, expected_version=1, fields={"city": f"City {n}"}, now=NOW)
            for n in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Customer) for result in results) == 1
    assert all(isinstance(result, Customer | CrmError) for result in results)


async def test_a_form_is_told_all_its_faults_at_once(db: str) -> None:
    wrong: Any = {"given_name": "Zoe", "country": "XX", "language": "qq", "time_zone": "Mars/Base", "city": "c" * 200}
    with pytest.raises(Problems) as refused:
        await customers.create(OWNER, fields=wrong, now=NOW)
    assert [each.path for each in refused.value.problems] == [("country",), ("language",), ("timeZone",), ("city",)]
    assert not await Customer.exists()
