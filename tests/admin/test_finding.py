"""The search box over every noun: what is found, in groups, as far as one may read it."""

from __future__ import annotations

import pytest

from crm import customers, finding, products
from crm.access import Scope
from tests import factories
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.factories import OWNER, customer, order


async def test_customers_organisations_orders_and_products_are_found_at_once(db: str) -> None:
    ali = await customer("Tehran Ali")
    await customer("Tehran Bank", kind="ORGANIZATION", organization_name="Tehran Bank")
    await products.create(OWNER, fields={"sku": "T1", "name": "Tehran tea"})
    await order(ali, reference="tehran")
    found = await finding.find(OWNER, "tehran")
    assert {noun: len(entries) for noun, entries in found.items()} == {
        "customer": 1,
        "organization": 1,
        "order": 1,
        "product": 1,
    }


async def test_only_what_the_actor_may_read_is_found(db: str) -> None:
    await customer("Tehran Ali")
    await products.create(OWNER, fields={"sku": "T1", "name": "Tehran tea"})
    assert list(await finding.find(factories.actor(Scope.PRODUCT_READ), "tehran")) == ["product"]


async def test_who_may_not_read_identities_finds_by_name_alone(db: str) -> None:
    given = [factories.email("secret@example.org")]
    await customers.create(OWNER, fields={"display_name": "Tehran Ali"}, given_identities=given, now=factories.NOW)
    blind = factories.actor(Scope.CUSTOMER_READ)
    assert await finding.find(blind, "secret@example.org") == {}
    assert list(await finding.find(blind, "tehran")) == ["customer"]
    assert list(await finding.find(OWNER, "secret@example.org")) == ["customer"]


async def test_a_row_filter_hides_customers_from_the_search(db: str) -> None:
    await customer("Tehran Ali", country="IR")
    partner = factories.actor(Scope.CUSTOMER_READ, row_filter={"country": {"eq": "DE"}})
    assert await finding.find(partner, "tehran") == {}


@pytest.mark.parametrize("term", ["", "a", "%", "_", "\\", "'; --", "\x00"])
async def test_odd_terms_find_nothing_and_break_nothing(sara: Desk, term: str) -> None:
    await customer("Ali")
    assert (await sara.get("/find", text=term, part="1")).status_code == 200


async def test_pages_are_found_by_their_names_in_the_readers_language(sara: Desk) -> None:
    sara.client.cookies.set("language", "fa", domain="crm.test", path="/")
    assert "/admin/audit_entry/list" in (await sara.get("/find", text="ممیزی", part="1")).text


async def test_a_record_is_found_by_its_id(sara: Desk) -> None:
    ali = await customer("Ali")
    page = (await sara.get("/find", text=f"cus_{ali.id}", part="1")).text
    assert f"/admin/customer/detail?pk={ali.id}" in page


async def test_who_may_not_see_a_page_does_not_find_it(at: At) -> None:
    viewer = await at("viewer")
    assert "/admin/api_token/list" not in (await viewer.get("/find", text="token", part="1")).text
