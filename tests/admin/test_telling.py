"""Pages of records speak to people: by names rather than ids, in words rather than JSON."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from admin import formats
from admin.structures import parts
from admin.told_changes import lines
from crm import orders, products
from crm.orders import LineInput
from models import Role
from tests.admin.desk import Desk
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER, customer, order


async def test_an_order_lists_what_was_bought_under_a_name_that_says_something(sara: Desk) -> None:
    ali = await customer("Ali")
    await products.create(OWNER, fields={"sku": "TEA", "name": "Green tea"})
    bought: Any = [LineInput(sku="TEA", unit_price=Decimal(4), quantity=Decimal(3), discount=Decimal(2))]
    made = await orders.record(OWNER, ali.id, fields={"placed_at": NOW}, lines=bought, now=NOW)
    page = (await sara.get("/order/detail", pk=str(made.id))).text
    assert "<title>Order of Nov 20, 2026, $10.00 · Orders · Arzesh</title>" in page
    row = re.sub(r"<[^>]+>|\s+", " ", page.partition('id="lines-title"')[2])
    assert re.search(r"Green tea\s+TEA\s+3\s+\$4\.00\s+\$2\.00\s+\$10\.00", row)


async def test_an_order_without_lines_shows_no_empty_table(sara: Desk) -> None:
    made = await order(await customer("Ali"), "120")
    assert "lines-title" not in (await sara.get("/order/detail", pk=str(made.id))).text


async def test_a_history_calls_a_role_by_its_name(sara: Desk) -> None:
    manager, person = await Role.get(key="manager"), await staff("carol")
    answer = await sara.fill("/staff_member/edit", {"role": str(manager.id)}, pk=str(person.id))
    assert answer.status_code == 303, answer.text
    history = (await sara.get("/staff_member/detail", pk=str(person.id))).text.partition("arz-changes")[2]
    assert "Manager" in history
    assert str(manager.id) not in history


def test_a_secret_that_changed_is_named_without_a_value_and_an_empty_field_not_at_all() -> None:
    told = lines({"password_hash": ["…", "…"], "note": [None, ""], "list_price": [None, "78.6"], "size": [0, 1200]})
    assert [tuple(each) for each in told] == [
        ("Password", None, "changed"),
        ("List price", None, "78.60"),
        ("Members", "0", "1,200"),
    ]


def test_json_is_told_part_by_part_with_what_nobody_named_as_it_is_written() -> None:
    status, column, inner = parts({"status": "COMPLETED", "Name": "x", "unheardOf": {"amount": "5"}})
    assert (status.name, status.known, status.text) == ("Status", True, "Completed")
    assert (column.name, column.known) == ("Name", False)
    assert (inner.name, inner.known, inner.parts[0].text) == ("unheardOf", False, "5")


def test_a_small_rate_is_not_rounded_away() -> None:
    shown = [formats.exact(Decimal(text)) for text in ("0.0000018", "1", "1234.5")]
    assert shown == ["0.0000018", "1", "1,234.50"]
