"""The ready-made segments: all of them can be installed, twice, and the computed ones say what they are."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from crm import orders, products
from crm.access import Scope
from crm.errors import Forbidden, ValidationFailed
from crm.segments import clusters, library
from crm.segments.clusters import cluster, standardised
from crm.segments.computed import Computed
from crm.segments.library_entries import ENTRIES, Entry
from models import Segment, SegmentKind
from tests.crm.segments_world import members
from tests.factories import NOW, OWNER, customer, everything_but, order


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever installs waits, however slow the machine is."""
    monkeypatch.setattr(library, "QUICK", 600.0)


async def test_every_entry_can_be_installed_and_again_without_change(db: str) -> None:
    first = await library.install(OWNER, library.RULED, now=NOW)
    again = await library.install(OWNER, library.RULED, now=NOW)
    assert [one.key for one in first] == [entry.key for entry in ENTRIES]
    assert [(one.id, one.version) for one in again] == [(one.id, one.version) for one in first]
    assert all(one.evaluation_error is None and one.evaluated_at == NOW for one in first)
    assert all("Source: " in one.description for one in first)


async def test_an_unknown_group_is_refused_and_names_the_known_ones(db: str) -> None:
    with pytest.raises(ValidationFailed, match="the groups are RFM, TIERS, STRATEGIC, NEEDS, BEHAVIOUR"):
        await library.install(OWNER, ["HOROSCOPE"], now=NOW)
    with pytest.raises(Forbidden):
        await library.install(everything_but(Scope.VALUE_READ), ["RFM"], now=NOW)


async def test_needs_follow_the_share_of_spending_by_category(db: str) -> None:
    sara, ali = await customer("Sara"), await customer("Ali")
    for sku, category in (("tea", "Drinks"), ("pen", "Office")):
        await products.create(OWNER, fields={"sku": sku, "name": sku, "category": category})
    await buys(sara, tea="90", pen="10")
    await buys(ali, tea="49", pen="51")
    made = await library.install(OWNER, ["NEEDS"], now=NOW)
    assert {one.name: await members(one.key) for one in made} == {"Mostly Drinks": {"Sara"}, "Mostly Office": {"Ali"}}


async def test_twice_the_usual_part_is_a_need_too(db: str) -> None:
    sara, ali, omid = await customer("Sara"), await customer("Ali"), await customer("Omid")
    for sku, category in (("tea", "Drinks"), ("pen", "Office"), ("cup", "Kitchen")):
        await products.create(OWNER, fields={"sku": sku, "name": sku, "category": category})
    await buys(sara, tea="40", pen="30", cup="30")
    await buys(ali, pen="300")
    await buys(omid, cup="40", pen="35", tea="25")
    made = await library.install(OWNER, ["NEEDS"], now=NOW)
    assert await members(next(one.key for one in made if one.name == "Mostly Drinks")) == {"Sara"}


async def buys(who: object, **prices: str) -> None:
    lines = [orders.LineInput(sku=sku, quantity=Decimal(1), unit_price=Decimal(price)) for sku, price in prices.items()]
    await orders.record(OWNER, who.id, fields={"placed_at": NOW}, lines=lines, now=NOW)  # type: ignore[attr-defined]


async def test_behaviour_is_clustered_into_segments_that_say_what_they_are(fresh_db: str) -> None:
    for number in range(60):
        one = await customer(f"P{number}")
        for days in range(1 if number % 2 else 6):
            await order(one, "500" if number % 2 else "5", days_ago=300 if number % 2 else days)
    made = await library.install(OWNER, ["BEHAVIOUR"], now=NOW)
    assert [(one.key, one.size, one.kind) for one in made] == [
        ("micro-1", 30, SegmentKind.STATIC),
        ("micro-2", 30, SegmentKind.STATIC),
    ]
    assert {one.name for one in made} == {"Silent for long · Buy seldom", "Bought lately · Buy often"}
    assert "times in two years (all: 3.5), spent" in made[0].description
    assert await library.recompute(OWNER, now=NOW) == ["micro-1", "micro-2"]
    assert await Segment.all().count() == 2


async def test_a_group_that_takes_long_is_left_to_the_background(
    fresh_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        await order(await customer(f"P{number}"), "500" if number % 2 else "5", days_ago=3 + 300 * (number % 2))
    monkeypatch.setattr(library, "QUICK", 0.0)
    for _ in range(2):
        [pending] = await library.install(OWNER, ["BEHAVIOUR"], now=NOW)
        assert (pending.key, pending.name, pending.size) == ("micro-1", "By behaviour", 0)
    assert await library.recompute(OWNER, now=NOW, older_than=library.KEPT) == ["micro-1", "micro-2"]
    assert await library.recompute(OWNER, now=NOW, older_than=library.KEPT) == []
    assert {one.size for one in await Segment.all()} == {30}


async def test_too_few_customers_are_not_clustered(db: str) -> None:
    with pytest.raises(ValidationFailed, match="0 customers bought; clusters need at least 50"):
        await library.install(OWNER, ["BEHAVIOUR"], now=NOW)


async def test_groups_look_back_from_the_last_order_of_all(fresh_db: str) -> None:
    for number in range(60):
        await order(await customer(f"P{number}"), "500" if number % 2 else "5", days_ago=3000 + number % 2)
    assert len(await library.install(OWNER, ["BEHAVIOUR"], now=NOW)) == 2


async def test_where_no_order_has_lines_needs_are_refused_and_nothing_is_installed(db: str) -> None:
    with pytest.raises(ValidationFailed, match="lines with products of a category"):
        await library.install(OWNER, ["TIERS", "NEEDS"], now=NOW)
    assert not await Segment.exists()


def test_a_group_keeps_the_key_of_whom_it_shares_most_members_with() -> None:
    one, two, three, four = (uuid4() for _ in range(4))
    found = [Computed(f"micro-{n}", "", "", who) for n, who in enumerate(([one], [two, three], [four]), start=1)]
    kept = library.kept_keys(found, {"micro-1": frozenset({two, three}), "micro-2": frozenset({one})})
    assert [group.key for group in kept] == ["micro-2", "micro-1", "micro-3"]


def test_three_heaps_are_found_as_three() -> None:
    dice = np.random.default_rng(1)
    heaps = [dice.normal(middle, 0.01, (100, 5)) for middle in (1.0, 5.0, 20.0)]
    found = cluster(np.vstack(heaps))
    assert len(found.centres) == 3
    assert found.silhouette > 0.9
    assert [len(set(part)) for part in np.split(found.labels, 3)] == [1, 1, 1]


def test_many_are_told_to_the_groups_that_are_found_among_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "SAMPLE", 100)
    dice = np.random.default_rng(1)
    found = cluster(np.vstack([dice.normal(middle, 0.01, (500, 5)) for middle in (1.0, 20.0)]))
    assert np.bincount(found.labels).tolist() == [500, 500]


def test_a_feature_without_spread_does_not_count() -> None:
    values = np.column_stack([np.arange(10.0), np.full(10, 3.0)])
    assert np.all(standardised(values)[:, 1] == 0)


def test_customers_who_are_all_alike_are_not_clustered() -> None:
    with pytest.raises(ValidationFailed, match="behave alike"):
        cluster(np.ones((100, 5)))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_every_entry_is_documented_with_rule_and_source(entry: Entry) -> None:
    page = Path("docs/reference/segment-library.md").read_text(encoding="utf-8")
    assert f"| `{entry.key}` | {entry.name} | `{entry.rule}` |" in page
    assert entry.source in page
