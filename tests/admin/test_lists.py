"""Lists stay cheap: a fixed number of statements, no unbounded counts."""

from __future__ import annotations

import pytest

from admin import counting
from admin.counting import Total, total
from crm.database import execute
from tests.admin.desk import Desk
from tests.factories import customer, email, order
from tests.queries import counting as counting_statements


async def people(number: int) -> None:
    for index in range(number):
        someone = await customer(f"Person {index}", email(f"person{index}.{number}@example.com"))
        await order(someone)


# For customers: the session, saved views, the page, their identities, their stages and value, the table's size, the
# count, the segments to choose from; for events the staff as well. Home shows a dozen things.
STATEMENTS = {"/customer/list": 8, "/order/list": 6, "/event/list": 7, "/": 11}


@pytest.mark.parametrize("path", STATEMENTS)
async def test_a_page_sends_as_many_statements_for_many_rows_as_for_few(sara: Desk, path: str) -> None:
    for number in (2, 9):
        await people(number)
        async with counting_statements() as statements:
            await sara.get(path)
        assert len(statements) == STATEMENTS[path], "\n".join(statements)


async def test_a_customers_page_does_not_grow_with_its_history(sara: Desk) -> None:
    ali = await customer("Ali")
    sent = []
    for orders in (1, 30):
        for day in range(orders):
            await order(ali, days_ago=day)
        async with counting_statements() as statements:
            await sara.get("/customer/detail", pk=str(ali.id))
        sent.append(len(statements))
    assert sent[0] == sent[1] <= 12


async def test_a_large_table_is_not_counted(sara: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await people(8)
    await execute("ANALYZE customer")
    monkeypatch.setattr(counting, "MOST", 1)
    async with counting_statements() as statements:
        page = (await sara.get("/customer/list")).text
    assert "of about 8 entries" in page
    assert len(statements) == STATEMENTS["/customer/list"] - 1


def test_counts_past_the_limit_say_that_there_are_more() -> None:
    assert str(total(counting.MOST + 1)) == "10,000+"
    assert str(Total(42)) == "42"


@pytest.mark.parametrize("query", ["page=0", "page=99999999", "page=x", "sort=nothing__asc", "q=%25", "page_size=x"])
async def test_a_strange_address_shows_a_list_and_no_error(sara: Desk, query: str) -> None:
    assert (await sara.client.get(f"/admin/customer/list?{query}")).status_code == 200


@pytest.mark.parametrize("query", ["filter=kind__eq__NOBODY", "filter=((((", "page_size=7", "filter=created_at__eq__x"])
async def test_a_filter_that_cannot_be_read_is_refused(sara: Desk, query: str) -> None:
    assert (await sara.client.get(f"/admin/customer/list?{query}")).status_code in (200, 400)


@pytest.mark.parametrize(
    "path", ["/customer/detail?pk=x", "/customer/edit?pk=x", "/nothing/list", "/customer/x/timeline"]
)
async def test_what_does_not_exist_is_not_found(sara: Desk, path: str) -> None:
    assert (await sara.client.get(f"/admin{path}")).status_code == 404


async def test_a_row_leads_to_its_record_and_the_record_back_to_its_place_in_the_list(sara: Desk) -> None:
    ali = await customer("Ali")
    page = (await sara.get("/customer/list", q="ali")).text
    back = "_origin=%2Fadmin%2Fcustomer%2Flist%3Fq%3Dali"
    for kind in ("detail", "edit"):
        assert f"/admin/customer/{kind}?pk={ali.id}&amp;{back}" in page
