"""Roles hide what somebody may not see, and refuse what somebody may not do."""

from __future__ import annotations

import pytest
from starlette_admin import BaseModelView, DropDown

from admin import views
from crm import events, roles
from crm.events import EventType
from crm.lifecycle import default
from models import Customer, Event, Identity, Product, Role
from tests.admin.conftest import At
from tests.factories import OWNER, customer, email

ROLES = ("viewer", "agent", "manager", "administrator")
HAND_WRITTEN = ("/", "/account", "/organisation", "/tokens/new")


def keys() -> list[str]:
    flat = [view for each in views() for view in (each.views if isinstance(each, DropDown) else [each])]
    return [str(view.key) for view in flat if isinstance(view, BaseModelView)]


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_answers_every_role_with_a_page_or_a_refusal(at: At, role: str) -> None:
    await default.install(OWNER)
    desk = await at(role)
    paths = [f"/{key}/{page}" for key in keys() for page in ("list", "create")]
    found = {path: (await desk.get(path)).status_code for path in (*paths, *HAND_WRITTEN)}
    assert {path: status for path, status in found.items() if status not in (200, 403)} == {}


async def test_the_menu_shows_only_what_opens(at: At) -> None:
    viewer = await at("viewer")
    page = (await viewer.get("/")).text
    assert "/admin/customer/list" in page
    assert "/admin/api_token/list" not in page
    assert (await viewer.get("/api_token/list")).status_code == 403


@pytest.mark.parametrize(
    ("role", "path", "allowed"),
    [
        ("viewer", "/customer/create", False),
        ("agent", "/customer/create", True),
        ("agent", "/product/create", False),
        ("manager", "/product/create", True),
        ("manager", "/staff_member/create", False),
        ("administrator", "/staff_member/create", True),
    ],
)
async def test_who_may_create_what(at: At, role: str, path: str, allowed: bool) -> None:
    desk = await at(role)
    assert ((await desk.get(path)).status_code == 200) is allowed


async def test_a_viewer_changes_nothing_by_posting(at: At) -> None:
    ali, viewer = await customer("Ali"), await at("viewer")
    await viewer.post("/product/create", {"sku": "T", "name": "Tea"})
    await viewer.post("/customer/edit", {"city": "Bonn"}, pk=str(ali.id))
    await viewer.post("/_api/customer/row-action", pk=str(ali.id), name="archive")
    await viewer.post("/_api/customer/inline-edit", {"city": "Bonn"}, pk=str(ali.id), field="city")
    await viewer.post(f"/customer/{ali.id}/log", {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND"})
    found = await Customer.get(id=ali.id)
    assert (found.city, found.archived_at, await Product.exists()) == (None, None, False)


async def test_nobody_gives_a_role_with_more_rights_than_their_own(at: At) -> None:
    manager = await at("manager")
    assert (await manager.post("/staff_member/create", {"name": "Eve"})).status_code == 403


async def test_without_the_right_to_read_them_addresses_are_masked_and_left_alone(at: At) -> None:
    ali = await customer("Ali", email("ali@example.com"))
    await Role.create(key="clerk", name="Clerk", scopes=["customer:read", "customer:write", "export:run"])
    clerk = await at("clerk")
    for page in ("/customer/list", f"/customer/detail?pk={ali.id}", f"/customer/edit?pk={ali.id}"):
        assert "ali@example.com" not in (await clerk.client.get(f"/admin{page}")).text
    await clerk.fill("/customer/edit", {"city": "Bonn"}, pk=str(ali.id))
    assert (await Customer.get(id=ali.id)).city == "Bonn"
    assert (await Identity.get(customer_id=ali.id)).value == "ali@example.com"


async def test_an_export_holds_no_formulas_and_needs_the_right_to_export(at: At) -> None:
    await customer("=1+1")
    query = {"name": "export", "all": "1"}
    form = {"format": "csv", "scope": "all", "fields": ["display_name"]}
    answer = await (await at("manager")).post("/_api/customer/action", form, **query)
    assert "'=1+1" in answer.text
    refused = await (await at("agent", "Tom")).post("/_api/customer/action", form, **query)
    assert refused.status_code == 400


@pytest.mark.parametrize(("scopes", "seen"), [(["event:read"], False), (["event:read", "pii:read"], True)])
async def test_an_event_shows_identities_only_to_who_may_read_them(at: At, scopes: list[str], seen: bool) -> None:
    ali = await customer("Ali")
    data = {"identities": ["secret@example.com"]}
    await events.emit(OWNER, EventType.CUSTOMER_UPDATED, "customer", ali.id, customer_id=ali.id, data=data)
    event = await Event.filter(type="customer.updated").get()
    await roles.create(OWNER, key="clerk", fields={"name": "Clerk", "scopes": [*scopes, "customer:read"]})
    page = await (await at("clerk", "Arash")).get("/event/detail", pk=str(event.id))
    assert (page.status_code, "secret@example.com" in page.text) == (200, seen)
