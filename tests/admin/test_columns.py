"""What lists show: a few columns at first, any when chosen; what stands beside customers; filters as they are read."""

from __future__ import annotations

import pytest

from admin.filters import chips
from crm.lifecycle import default, positions
from models import Role
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.factories import NOW, OWNER, customer, order


async def test_columns_that_are_folded_away_are_shown_to_who_chooses_them(sara: Desk) -> None:
    await order(await customer("Ali"))
    shown = '<td data-column="source"'
    page = (await sara.get("/order/list")).text
    assert (shown in page, 'value="source"' in page) == (False, True)
    assert shown in (await sara.get("/order/list", cols="customer,source")).text
    every = "customer,placed_at,amount,currency,status,channel,source,reference,quantity,list_amount,refunded"
    assert shown in (await sara.get("/order/list", cols=f"{every},cost_of_goods,exchange_rate,created_at")).text


async def test_the_list_of_customers_tells_where_each_one_stands(sara: Desk) -> None:
    await default.install(OWNER)
    ali = await customer("Ali")
    await positions.move(OWNER, ali.id, to="prospect", now=NOW)
    page = (await sara.get("/customer/list")).text
    assert ("Prospect" in page, 'data-column="clv"' in page) == (True, True)


async def test_a_name_leads_to_its_record(sara: Desk) -> None:
    ali = await customer("Ali")
    assert f"/admin/customer/detail?pk={ali.id}" in (await sara.get("/customer/list")).text.split("arz-opens")[1]


async def test_who_may_not_read_stages_and_values_sees_no_columns_of_them(at: At) -> None:
    await customer("Ali")
    await Role.create(key="clerk", name="Clerk", scopes=["customer:read"])
    page = (await (await at("clerk")).get("/customer/list")).text
    assert [f'data-column="{name}"' in page for name in ("display_name", "stage", "clv")] == [True, False, False]


async def test_orders_are_filtered_by_a_moment_of_the_readers_clock(sara: Desk) -> None:
    await order(await customer("Filtered Ali"))
    found = await sara.client.get("/admin/order/list", params={"filter": "placed_at__since=2001-01-01T00:00"})
    assert (found.status_code, "Filtered Ali" in found.text, "Jan 1, 2001" in found.text) == (200, True, True)
    earlier = await sara.client.get("/admin/order/list", params={"filter": "placed_at__before=2001-01-01T00:00"})
    assert (earlier.status_code, "Filtered Ali" in earlier.text) == (200, False)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("Placed after 2026-03-21T00:00", "Placed after Mar 21, 2026"),
        ("Due between 2026-03-21T09:30 and 2026-04-01", "Due between Mar 21, 2026, 09:30 and Apr 1, 2026"),
        ("Name is 2026-99-99", "Name is 2026-99-99"),
    ],
)
def test_days_in_filters_are_told_as_the_reader_reads_them(label: str, told: str) -> None:
    assert chips.told(label) == told
