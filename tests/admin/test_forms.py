"""Generated forms: they write through use cases, keep what was typed, and tell what happened meanwhile."""

from __future__ import annotations

from decimal import Decimal

from crm import products
from models import AuditEntry, Event, OrderLine, Product
from tests.admin.desk import Desk, fields_of
from tests.factories import OWNER, customer, order

TEA = {"sku": "T1", "name": "Tea"}


async def tea() -> Product:
    return await products.create(OWNER, fields={"sku": "T1", "name": "Tea", "category": "Drinks"})


async def rename(product: Product, **fields: str) -> None:
    await products.update(OWNER, product.id, expected_version=None, fields=fields)  # type: ignore[typeddict-item]


async def test_creating_leaves_an_audit_entry_and_an_event_by_the_staff_member(sara: Desk) -> None:
    answer = await sara.fill("/product/create", {**TEA, "list_price": "1,250.5", "currency": "USD"})
    assert answer.status_code == 303
    product = await Product.get(sku="T1")
    assert product.list_price == Decimal("1250.5")
    assert (await AuditEntry.get(noun_id=product.id)).actor_label == "Sara"
    assert (await Event.get(noun_id=product.id)).type == "product.created"


async def test_a_number_that_cannot_be_read_stays_in_the_form_with_the_reason_beside_it(sara: Desk) -> None:
    answer = await sara.fill("/product/create", {**TEA, "list_price": "twelve", "currency": "USD"})
    assert answer.status_code == 422
    assert fields_of(answer.text)["list_price"] == ["twelve"]
    assert "Type a number, such as 12.50." in answer.text
    assert not await Product.exists()


async def test_what_a_use_case_refuses_is_marked_at_its_field(sara: Desk) -> None:
    answer = await sara.fill("/product/create", {**TEA, "list_price": "3"})
    assert answer.status_code == 422
    assert 'id="currency-error">A price needs its currency.' in answer.text
    assert fields_of(answer.text)["name"] == ["Tea"]


async def test_editing_changes_only_the_fields_that_were_touched(sara: Desk) -> None:
    product = await tea()
    form = await sara.form("/product/edit", pk=str(product.id))
    await sara.post("/product/edit", {**form, "name": "Green tea"}, pk=str(product.id))
    entry = await AuditEntry.get(noun_id=product.id, action="product.updated")
    assert entry.changes == {"name": ["Tea", "Green tea"]}


async def test_saving_an_untouched_form_changes_nothing(sara: Desk) -> None:
    product = await tea()
    await sara.fill("/product/edit", {}, pk=str(product.id))
    assert (await Product.get(id=product.id)).version == 1


async def test_a_stale_form_shows_what_changed_meanwhile_and_keeps_what_was_typed(sara: Desk) -> None:
    product = await tea()
    form = await sara.form("/product/edit", pk=str(product.id))
    await rename(product, category="Hot drinks")
    answer = await sara.post("/product/edit", {**form, "name": "Green tea"}, pk=str(product.id))
    assert answer.status_code == 422
    assert "Category: Drinks → Hot drinks" in answer.text
    kept = fields_of(answer.text)
    assert (kept["name"], kept["category"]) == (["Green tea"], ["Hot drinks"])


async def test_saving_a_stale_form_again_keeps_both_peoples_changes(sara: Desk) -> None:
    product = await tea()
    form = await sara.form("/product/edit", pk=str(product.id))
    await rename(product, category="Hot drinks")
    stale = await sara.post("/product/edit", {**form, "name": "Green tea"}, pk=str(product.id))
    again = await sara.post("/product/edit", fields_of(stale.text), pk=str(product.id))
    found = await Product.get(id=product.id)
    assert (again.status_code, found.name, found.category) == (303, "Green tea", "Hot drinks")


async def test_a_field_that_two_people_changed_is_marked_with_the_others_value(sara: Desk) -> None:
    product = await tea()
    form = await sara.form("/product/edit", pk=str(product.id))
    await rename(product, name="Black tea")
    answer = await sara.post("/product/edit", {**form, "name": "Green tea"}, pk=str(product.id))
    assert "Somebody set this to: Black tea" in answer.text
    assert (await Product.get(id=product.id)).name == "Black tea"


async def test_a_refused_deletion_says_why_and_deletes_nothing(sara: Desk) -> None:
    product = await tea()
    bought = await order(await customer())
    await OrderLine.create(order=bought, customer_id=bought.customer_id, product=product, unit_price=1, amount=1)
    answer = await sara.post("/_api/product/row-action", pk=str(product.id), name="delete")
    assert (answer.status_code, "archive it instead" in answer.text) == (400, True)
    assert await Product.exists(id=product.id)


async def test_deleting_several_is_all_or_nothing(sara: Desk) -> None:
    product, plain = await tea(), await products.create(OWNER, fields={"sku": "B", "name": "Biscuit"})
    bought = await order(await customer())
    await OrderLine.create(order=bought, customer_id=bought.customer_id, product=product, unit_price=1, amount=1)
    keys = [str(plain.id), str(product.id)]
    answer = await sara.post("/_api/product/action", pks=keys, name="delete")
    assert answer.status_code == 400
    assert await Product.all().count() == 2


async def test_a_cell_edited_in_the_list_goes_through_the_use_case(sara: Desk) -> None:
    product = await tea()
    answer = await sara.post("/_api/product/inline-edit", {"name": "Mint"}, pk=str(product.id), field="name")
    assert answer.status_code == 200
    assert await AuditEntry.exists(noun_id=product.id, action="product.updated")


async def test_an_imported_file_loads_its_good_rows_and_names_the_bad_ones(sara: Desk) -> None:
    file = b"sku,name,list_price,currency\nA,Apple,1.5,USD\nB,Bread,much,USD\nC,Cake,2,XXQ\n"
    headers = {"X-CSRFToken": sara.client.cookies["starlette_admin_csrftoken"]}
    answer = await sara.client.post(
        "/admin/_api/product/import", data={"format": "csv"}, files={"file": ("p.csv", file)}, headers=headers
    )
    found = answer.json()
    assert (found["rows_created"], [error["row"] for error in found["errors"]]) == (1, [2, 3])
    assert [product.sku for product in await Product.all()] == ["A"]
