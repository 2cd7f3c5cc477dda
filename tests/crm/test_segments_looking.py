"""Looking at segments: previews before, history after, and what members are worth."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm import customers
from crm.access import Scope
from crm.database import fetch
from crm.errors import Forbidden, NotFound, ValidationFailed
from crm.rules.faults import RuleInvalid
from crm.rules.predicate import predicate
from crm.rules.sql import Shape
from crm.segments import history, merging, preview, refresh, static
from crm.segments.preview import SAMPLED, Count
from crm.segments.report import report
from models import Customer, Segment, SegmentMembership
from tests.crm.segments_world import dynamic, moves
from tests.factories import NOW, OWNER, actor, customer, everything_but, order, segment

LATER = NOW + timedelta(days=10)


async def test_a_preview_counts_exactly_where_customers_are_few_and_keeps_nothing(db: str) -> None:
    sara = await customer("Sara", country="IR")
    await customer("Ali", country="DE")
    found = await preview.preview(OWNER, 'country = "IR"', now=NOW)
    assert (found.count, found.sample, found.cost) == (Count(1, True, 1, 1), [(sara.id, "Sara")], "LOW")
    assert found.rule == {"country": {"eq": "IR"}}
    assert not await Segment.exists()


async def test_a_preview_tells_how_much_each_condition_does(db: str) -> None:
    await order(await customer("Sara", country="IR"))
    await customer("Ali", country="IR")
    found = await preview.preview(OWNER, 'country = "IR" and not orders.some()', now=NOW)
    assert [(one.path, one.text, one.matched.value) for one in found.conditions] == [
        (("AND", "0"), 'country = "IR"', 2),
        (("AND", "1", "NOT"), "orders.some()", 1),
    ]


async def test_a_preview_counts_only_customers_that_the_actor_sees(db: str) -> None:
    await customer("Sara", country="IR", city="Shiraz")
    await customer("Ali", country="IR", city="Yazd")
    limited = actor(*OWNER.scopes, row_filter={"city": {"eq": "Yazd"}})
    found = await preview.preview(limited, 'country = "IR"', now=NOW)
    assert found.count == Count(1, True, 1, 1)
    assert [name for _, name in found.sample] == ["Ali"]


async def test_a_list_takes_the_members_of_a_small_segment_by_their_keys(db: str) -> None:
    await customer("Sara", country="IR")
    await dynamic("home", 'country = "IR"')
    condition, values = await predicate({"segment": {"key": "home"}}, alias="c", first_parameter=1, shape=Shape.LIST)
    assert "c.id = ANY(ARRAY(" in condition
    rows = await fetch(f"SELECT c.display_name FROM customer c WHERE {condition}", *values)  # noqa: S608
    assert [row["display_name"] for row in rows] == ["Sara"]


async def test_an_estimate_comes_with_a_range_that_holds_the_truth() -> None:
    found = preview._count(2_500, SAMPLED, 1_000_000)
    assert (found.value, found.exact) == (250_000, False)
    assert 240_000 < found.low < 250_000 < found.high < 260_000
    assert preview._count(0, SAMPLED, 1_000_000).high > 0


async def test_a_preview_of_a_wrong_rule_says_where(db: str) -> None:
    with pytest.raises(RuleInvalid, match="line 1|Line 1"):
        await preview.preview(OWNER, "cuntry = 3", now=NOW)
    with pytest.raises(Forbidden):
        await preview.preview(everything_but(Scope.SEGMENT_READ), 'country = "IR"', now=NOW)


async def test_a_segment_remembers_who_was_in_it_at_any_time(db: str) -> None:
    sara, vip = await customer("Sara"), await segment("vip")
    await static.add(OWNER, vip.id, [sara.id], now=NOW)
    await static.remove(OWNER, vip.id, [sara.id], now=LATER)
    times = [NOW - timedelta(seconds=1), NOW, LATER - timedelta(seconds=1), LATER]
    assert [await history.segments_at(OWNER, sara.id, at) for at in times] == [[], ["vip"], ["vip"], []]


async def test_the_size_over_time_is_that_of_each_time(db: str) -> None:
    sara, ali, vip = await customer("Sara"), await customer("Ali"), await segment("vip")
    await static.add(OWNER, vip.id, [sara.id], now=NOW)
    await static.add(OWNER, vip.id, [ali.id], now=NOW + timedelta(days=5))
    await static.remove(OWNER, vip.id, [sara.id], now=NOW + timedelta(days=9))
    found = await history.sizes(OWNER, vip.id, since=NOW, until=LATER, points=2)
    assert [(one.size, one.entered, one.exited) for one in found] == [(2, 1, 0), (1, 0, 1)]


async def test_the_flow_between_two_segments_accounts_for_everybody(db: str) -> None:
    people = [await customer(name) for name in ("Sara", "Ali", "Reza", "Mina")]
    old, new = await segment("old"), await segment("new")
    ids = [one.id for one in people]
    await static.add(OWNER, old.id, ids, now=NOW)
    await static.remove(OWNER, old.id, ids[:2], now=NOW + timedelta(days=1))
    await static.add(OWNER, new.id, [ids[0], ids[2]], now=NOW + timedelta(days=2))
    found = await history.flow(OWNER, "old", "new", since=NOW, until=LATER)
    assert (found.at_start, found.stayed, found.both, found.moved, found.gone, found.crossed) == (4, 1, 1, 1, 1, 1)


async def test_overlaps_are_counted_of_every_two_segments(db: str) -> None:
    sara, ali = await customer("Sara"), await customer("Ali")
    a, b = await segment("a"), await segment("b")
    await static.add(OWNER, a.id, [sara.id, ali.id], now=NOW)
    await static.add(OWNER, b.id, [ali.id], now=NOW)
    found = {
        (one.first, one.second): (one.customers, one.of_first) for one in await history.overlaps(OWNER, ["a", "b"])
    }
    assert found == {("a", "a"): (2, 1.0), ("a", "b"): (1, 0.5), ("b", "a"): (1, 1.0), ("b", "b"): (1, 1.0)}


async def test_reports_of_unknown_segments_and_impossible_periods_are_refused(db: str) -> None:
    with pytest.raises(NotFound, match="no segment 'nobody'"):
        await history.overlaps(OWNER, ["nobody"])
    with pytest.raises(ValidationFailed, match="not before"):
        await history.flow(OWNER, "a", "b", since=LATER, until=NOW)


async def test_a_report_tells_size_and_share(db: str) -> None:
    await customer("Sara", country="IR")
    await customer("Ali", country="DE")
    await dynamic("home", 'country = "IR"')
    found = await report(OWNER, "home", now=NOW)
    assert (found.size, found.share_of_customers, found.sizes[-1].size, found.worth.clv) == (1, 0.5, 1, None)


async def test_a_deleted_customer_leaves_the_size_of_its_segments_right(db: str) -> None:
    sara = await customer("Sara", country="IR")
    made = await dynamic("home", 'country = "IR"')
    await customers.delete(OWNER, sara.id, expected_version=None)
    assert (await Segment.get(id=made.id)).size == 0
    await refresh.ask(OWNER, made.id, now=NOW)
    assert (await Segment.get(id=made.id)).size == 0


async def test_a_merged_customer_leaves_and_the_survivor_takes_its_hand_picked_places(db: str) -> None:
    sara, double, vip = await customer("Sara"), await customer("Double"), await segment("vip")
    await static.add(OWNER, vip.id, [double.id], now=NOW)
    await merging.merge(OWNER, sara.id, [double.id], now=LATER)
    assert await moves("vip") == [("Double", "MANUAL", "MERGED"), ("Sara", "MERGED", None)]
    assert (await Segment.get(id=vip.id)).size == 1


async def test_stays_never_overlap_even_when_clocks_do_not_agree(db: str) -> None:
    sara, vip = await customer("Sara"), await segment("vip")
    for seconds, act in ((9, static.add), (5, static.remove), (8, static.add), (30, static.remove), (20, static.add)):
        assert await act(OWNER, vip.id, [sara.id], now=NOW + timedelta(seconds=seconds)) == [sara.id]
    stays = await SegmentMembership.filter(segment_id=vip.id).order_by("entered_at", "exited_at")
    seconds = [[(at - NOW).seconds if at else None for at in (stay.entered_at, stay.exited_at)] for stay in stays]
    assert seconds == [[9, 9], [9, 30], [30, None]]


async def test_a_follower_whose_clock_is_behind_begins_a_stay_where_the_last_one_ended(db: str) -> None:
    sara = await customer("Sara", country="IR")
    made = await dynamic("home", 'country = "IR"', now=NOW)
    for seconds, country in ((60, "DE"), (40, "IR")):
        await Customer.filter(id=sara.id).update(country=country)
        await refresh.soon(OWNER, made.id, now=NOW + timedelta(seconds=seconds), patience=60)
    left, back = await SegmentMembership.filter(segment_id=made.id).order_by("created_at", "entered_at")
    assert (left.exited_at, back.entered_at) == (NOW + timedelta(minutes=1),) * 2
