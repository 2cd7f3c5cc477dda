"""Who really serves a customer, and what hangs on one person."""

from decimal import Decimal

import pytest

from crm import depth
from tests import factories
from tests.crm.intimacy_world import DAY, called, worth
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER


async def test_depth_tells_who_really_serves_a_customer(db: str) -> None:
    carol, dave, alice = await staff("carol"), await staff("dave"), await factories.customer()
    await called(alice, carol, 3)
    await called(alice, dave)
    found = await depth.of_customer(OWNER, alice.id, since=NOW - DAY, now=NOW)
    assert (found.contacts, found.breadth, found.top_share, found.single_threaded) == (4, 1, 0.75, True)
    assert found.concentration == pytest.approx(0.75**2 + 0.25**2)
    assert [each.name for each in found.staff] == ["carol", "dave"]


async def test_with_more_than_four_people_loyalty_belongs_to_the_firm(db: str) -> None:
    alice = await factories.customer()
    for number in range(5):
        assert not (await depth.of_customer(OWNER, alice.id, since=NOW - DAY, now=NOW)).firm_level
        await called(alice, await staff(f"s{number}"), 2)
    assert (await depth.of_customer(OWNER, alice.id, since=NOW - DAY, now=NOW)).firm_level


async def test_value_at_risk_counts_each_leaning_customer_once(db: str) -> None:
    carol, dave = await staff("carol"), await staff("dave")
    cast = {name: await factories.customer(name) for name in ("A", "B", "C")}
    await called(cast["A"], carol, 3)
    await called(cast["A"], dave)
    await called(cast["B"], carol, 2)
    await called(cast["C"], carol, 2)
    await called(cast["C"], dave, 2)
    await worth(A=100, B=-5, C=1_000)
    found = await depth.exposure(OWNER, since=NOW - DAY, now=NOW)
    assert [(each.name, each.customers, each.value) for each in found] == [("carol", 2, Decimal(100))]
