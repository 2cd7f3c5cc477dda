"""A customer's page tells what the customer is worth, of what it consists, and why."""

from __future__ import annotations

from uuid import uuid4

import pytest

from crm.value import runs
from models import ValueSnapshot
from tests.admin.desk import Desk
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER


async def test_the_card_shows_value_potentials_and_the_way_from_revenue_to_profit(sara: Desk) -> None:
    await bought(rhythm(await newcomers(200)))
    await runs.recompute(OWNER, now=NOW)
    best = await ValueSnapshot.all().order_by("-clv").first()
    assert best
    page = (await sara.get("/customer/detail", pk=str(best.customer_id))).text
    card = page.split('id="value-title"')[1].split("</section>")[0]
    for told in ("Lifetime value", "9 times of 10", "Base potential", "Cost to serve", "Net profit", "Churn risk"):
        assert told in card
    assert f"/value/customer/{best.customer_id}/why" in card


async def test_why_lists_the_drivers_and_that_they_give_the_stored_figures(sara: Desk) -> None:
    await bought(rhythm(await newcomers(200)))
    await runs.recompute(OWNER, now=NOW)
    best = await ValueSnapshot.all().order_by("-clv").first()
    assert best
    part = (await sara.get(f"/value/customer/{best.customer_id}/why")).text
    assert "Still a customer" in part
    assert "every figure is the stored one" in part


async def test_what_is_not_known_of_a_newcomer_says_why(sara: Desk) -> None:
    await bought(rhythm(await newcomers(200)))
    (nobody,) = await newcomers(1)
    await runs.recompute(OWNER, now=NOW)
    page = (await sara.get("/customer/detail", pk=str(nobody))).text
    assert "Purchases of this customer: 0 of 1 needed" in page
    assert "nothing to explain" in (await sara.get(f"/value/customer/{nobody}/why")).text


@pytest.mark.parametrize(("key", "status"), [("nobody", 404), (str(uuid4()), 200)])
async def test_why_of_nobody_is_no_fault(sara: Desk, key: str, status: int) -> None:
    assert (await sara.get(f"/value/customer/{key}/why")).status_code == status
