"""Saved views: a list kept under a name, for oneself or for everybody, opened by an address of its own."""

from __future__ import annotations

from models import AuditEntry, SavedView
from tests.admin.conftest import At
from tests.admin.desk import Desk

QUERY = "?q=tea&sort=name__desc&cols=name,sku&page=3&_origin=x"


async def keep(desk: Desk, name: str = "Teas", *, shared: bool = False) -> SavedView:
    given = {"noun": "product", "name": name, "query": QUERY, **({"shared": "1"} if shared else {})}
    answer = await desk.post("/views", given)
    assert answer.status_code == 200, answer.text
    return await SavedView.get(name=name)


async def test_a_view_opens_the_list_with_its_search_order_and_columns(sara: Desk) -> None:
    view = await keep(sara)
    answer = await sara.get(f"/views/{view.id}")
    assert answer.headers["location"].endswith("/admin/product/list?cols=name%2Csku&q=tea&sort=name__desc")
    assert await AuditEntry.exists(noun_id=view.id, action="view.created")


async def test_the_list_says_which_view_it_shows(sara: Desk) -> None:
    view = await keep(sara)
    page = await sara.client.get((await sara.get(f"/views/{view.id}")).headers["location"])
    assert (page.status_code, 'aria-current="true"' in page.text) == (200, True)


async def test_keeping_a_view_again_changes_it(sara: Desk) -> None:
    await keep(sara)
    await sara.post("/views", {"noun": "product", "name": "Teas", "query": "?q=mint"})
    assert (await SavedView.get()).query == "q=mint"


async def test_a_personal_view_is_for_its_owner_alone(sara: Desk, at: At) -> None:
    view, tom = await keep(sara), await at("manager", "Tom")
    assert (await tom.get(f"/views/{view.id}")).status_code == 404
    assert "Teas" not in (await tom.get("/product/list")).text
    await tom.post(f"/views/{view.id}/delete", {"noun": "product"})
    assert await SavedView.exists(id=view.id)


async def test_a_shared_view_is_opened_by_others_but_deleted_by_its_owner(sara: Desk, at: At) -> None:
    view, tom = await keep(sara, shared=True), await at("agent", "Tom")
    assert (await tom.get(f"/views/{view.id}")).status_code == 303
    await tom.post(f"/views/{view.id}/delete", {"noun": "product"})
    assert await SavedView.exists(id=view.id)
    await sara.post(f"/views/{view.id}/delete", {"noun": "product"})
    assert not await SavedView.exists(id=view.id)


async def test_a_view_of_a_list_that_one_may_not_see_stays_closed(sara: Desk, at: At) -> None:
    await sara.post("/views", {"noun": "api_token", "name": "Old", "query": "", "shared": "1"})
    viewer = await at("viewer", "Vida")
    assert (await viewer.get(f"/views/{(await SavedView.get()).id}")).status_code == 403


async def test_a_view_without_a_name_is_refused_at_its_field(sara: Desk) -> None:
    answer = await sara.post("/views", {"noun": "product", "name": " ", "query": ""})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["name"])
    assert not await SavedView.exists()
