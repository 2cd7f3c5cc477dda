"""Dynamic segments follow what happens and what time does, asking only those whom it can concern."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from crm import costs, customers, interactions, orders, organization, products, relationships
from crm.database import execute, fetch, fetch_value, transaction
from crm.segments import definitions, evaluation, refresh, static, versions
from crm.segments.stays import entry
from crm.segments.watching import Watch
from models import (
    Channel,
    CostActivity,
    Customer,
    Direction,
    InteractionKind,
    RelationshipKind,
    Role,
    Segment,
    SegmentKind,
    StaffMember,
)
from tests.crm.segments_world import Following, dynamic, members, moves
from tests.factories import NOW, OWNER, customer, order, segment

COMPLAINT: interactions.InteractionFields = {
    "channel": Channel.PHONE,
    "direction": Direction.INBOUND,
    "kind": InteractionKind.COMPLAINT,
}


@pytest.fixture
async def following(fresh_db: str) -> Following:
    found = Following()
    await found.catch_up()
    return found


async def test_who_begins_to_satisfy_a_rule_enters_and_who_ceases_leaves(following: Following) -> None:
    sara = await customer("Sara", country="DE")
    await dynamic("home", 'country = "IR"')
    await customers.update(OWNER, sara.id, expected_version=None, fields={"country": "IR"}, now=NOW)
    await following.catch_up()
    assert await members("home") == {"Sara"}
    await customers.update(OWNER, sara.id, expected_version=None, fields={"country": "DE"}, now=NOW)
    await following.catch_up(NOW + timedelta(minutes=1))
    assert await moves("home") == [("Sara", "DATA_CHANGED", "DATA_CHANGED")]
    assert (await Segment.get(key="home")).size == 0


async def test_a_new_customer_is_asked_about_by_rules_that_read_nothing_of_it(following: Following) -> None:
    await dynamic("silent", "orders.count() = 0")
    await customer("Sara")
    await following.catch_up()
    assert await members("silent") == {"Sara"}


async def test_only_segments_that_read_what_changed_are_asked(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real: Callable[..., object] = following.reactor.move_in

    async def note(watch: Watch, *args: object) -> None:
        asked.append(watch.segment.key)
        await real(watch, *args)  # type: ignore[misc]

    sara = await customer("Sara")
    await dynamic("home", 'country = "IR"')
    await dynamic("busy", "orders.count() >= 1")
    await following.catch_up()
    monkeypatch.setattr(following.reactor, "move_in", note)
    await customers.update(OWNER, sara.id, expected_version=None, fields={"country": "IR"}, now=NOW)
    await following.catch_up()
    assert asked == ["home"]


async def test_orders_and_costs_and_touchpoints_move_customers(following: Following) -> None:
    sara = await customer("Sara")
    await dynamic("busy", "orders.sum(baseAmount) >= 100")
    await dynamic("dear", "costEntries.sum(baseAmount) > 5")
    await dynamic("heard", 'interactions.some(kind = "COMPLAINT")')
    await order(sara, "120")
    await costs.record(OWNER, sara.id, fields={"activity": CostActivity.VISIT, "amount": Decimal(9)}, now=NOW)
    await interactions.log(OWNER, sara.id, fields=COMPLAINT, now=NOW)
    await following.catch_up()
    assert [await members(key) for key in ("busy", "dear", "heard")] == [{"Sara"}] * 3


async def test_a_deleted_order_takes_its_customer_out(following: Following) -> None:
    sara = await customer("Sara")
    bought = await order(sara, "120")
    await dynamic("busy", "orders.some()")
    await orders.delete(OWNER, bought.id, expected_version=None)
    await following.catch_up()
    assert await members("busy") == set()


async def test_segments_of_segments_follow_as_well(following: Following) -> None:
    sara = await customer("Sara", country="DE")
    await dynamic("home", 'country = "IR"')
    await dynamic("buyers", 'in segment "home" and orders.some()')
    await order(sara)
    await customers.update(OWNER, sara.id, expected_version=None, fields={"country": "IR"}, now=NOW)
    await following.catch_up()
    assert await members("buyers") == {"Sara"}


async def test_hand_picked_members_move_those_who_ask_for_them(following: Following) -> None:
    sara, picked = await customer("Sara"), await segment("vip")
    await dynamic("others", 'not in segment "vip"')
    await static.add(OWNER, picked.id, [sara.id], now=NOW)
    await following.catch_up()
    assert await members("others") == set()


async def test_a_change_of_another_customer_moves_those_connected_with_it(following: Following) -> None:
    sara, ali = await customer("Sara"), await customer("Ali", country="DE")
    await dynamic("guides", 'referrals.some(customer.country = "IR")')
    link = await relationships.create(OWNER, ali.id, sara.id, kind=RelationshipKind.REFERRED_BY, fields={})
    await following.catch_up()
    assert await members("guides") == set()
    await customers.update(OWNER, ali.id, expected_version=None, fields={"country": "IR"}, now=NOW)
    await following.catch_up()
    assert await members("guides") == {"Sara"}
    await relationships.delete(OWNER, link.id, expected_version=None)
    await following.catch_up()
    assert await members("guides") == set()


async def test_a_change_of_a_product_moves_those_who_bought_it(following: Following) -> None:
    sara = await customer("Sara")
    tea = await products.create(OWNER, fields={"sku": "tea", "name": "Tea"})
    await orders.record(
        OWNER, sara.id, fields={"placed_at": NOW}, lines=[orders.LineInput(sku="tea", unit_price="5")], now=NOW
    )
    await dynamic("drinkers", 'orderLines.some(product.category = "drinks")')
    await products.update(OWNER, tea.id, expected_version=None, fields={"category": "drinks"})
    await following.catch_up()
    assert await members("drinkers") == {"Sara"}


async def test_a_change_of_owner_and_of_the_owners_name_both_count(following: Following) -> None:
    sara = await customer("Sara")
    await dynamic("hers", 'owner.name = "Mina"')
    role = await Role.create(key="any", name="Any")
    mina = await StaffMember.create(email="mina@example.com", name="Mina", password_hash="x", role=role)
    await customers.update(OWNER, sara.id, expected_version=None, fields={"owner_id": mina.id}, now=NOW)
    await following.catch_up()
    assert await members("hers") == {"Sara"}


async def test_an_order_grows_too_old_without_anything_happening(following: Following) -> None:
    sara = await customer("Sara")
    await order(sara, days_ago=89)
    await dynamic("recent", "orders.some(last 90 days)")
    await following.catch_up(NOW + timedelta(hours=23))
    assert await members("recent") == {"Sara"}
    await following.catch_up(NOW + timedelta(hours=24, seconds=1))
    assert await moves("recent") == [("Sara", "RULE_CHANGED", "TIME_PASSED")]


async def test_a_birthday_comes_at_midnight_of_the_organisations_zone(following: Following) -> None:
    await organization.change(OWNER, time_zone="Asia/Tehran")
    await customer("Sara", birthday=date(1990, 11, 28))
    await dynamic("soon", "birthday anniversary within next 7 days")
    await following.catch_up(NOW + timedelta(hours=8, minutes=29))
    assert await members("soon") == set()
    await following.catch_up(NOW + timedelta(hours=8, minutes=31))
    assert await moves("soon") == [("Sara", "TIME_PASSED", None)]


async def test_a_rule_that_is_too_slow_to_wait_for_is_evaluated_in_the_background(following: Following) -> None:
    await customer("Sara", country="IR")
    await definitions.create_by_rule(
        OWNER, key="home", kind=SegmentKind.DYNAMIC, rule='country = "IR"', fields={}, now=NOW
    )
    await following.catch_up()
    assert await members("home") == {"Sara"}


async def test_a_nightly_pass_repairs_what_was_missed(following: Following) -> None:
    await dynamic("home", 'country = "IR"')
    sara = await customer("Sara")
    await following.catch_up()
    await execute("UPDATE customer SET country = 'IR' WHERE id = $1", sara.id)  # past everything that would tell
    with capture_logs() as told:
        await following.catch_up(NOW + timedelta(days=1))
    assert await members("home") == {"Sara"}
    drifted = [(entry["segment"], entry["entered"]) for entry in told if entry["event"] == "a segment had drifted"]
    assert drifted == [("home", 1)]


async def test_a_nightly_pass_that_comes_before_the_events_are_read_is_no_fault(following: Following) -> None:
    made = await dynamic("home", 'country = "IR"')
    await following.catch_up()
    await customer("Sara", country="IR")
    night = (await Segment.get(id=made.id)).due_at
    assert night is not None
    with capture_logs() as told:
        await evaluation.evaluate(OWNER, made.id, now=night)
    assert await members("home") == {"Sara"}
    assert "a segment had drifted" not in {entry["event"] for entry in told}


async def test_a_pass_that_somebody_asked_for_is_no_proof(following: Following) -> None:
    made = await dynamic("home", 'country = "IR"')
    sara = await customer("Sara")
    await following.catch_up()
    await execute("UPDATE customer SET country = 'IR' WHERE id = $1", sara.id)
    with capture_logs() as told:
        await refresh.ask(OWNER, made.id, now=NOW)
    assert await members("home") == {"Sara"}
    assert "a segment had drifted" not in {entry["event"] for entry in told}


async def test_a_rule_that_breaks_while_followed_stops_at_its_last_good_members(following: Following) -> None:
    sara = await customer("Sara", country="IR")
    made = await dynamic("home", 'country = "IR"')
    await following.catch_up()
    await execute("""UPDATE segment SET rule = '{"nothing": {"eq": "IR"}}', rule_version = 2, due_at = $1""", NOW)
    await customers.update(OWNER, sara.id, expected_version=None, fields={"country": "DE"}, now=NOW)
    await following.catch_up()
    assert await members("home") == {"Sara"}
    assert "nothing" in str((await Segment.get(id=made.id)).evaluation_error)


async def test_while_a_full_pass_runs_its_customers_wait_and_the_others_go_on(following: Following) -> None:
    sara = await customer("Sara")
    held = await dynamic("home", 'country = "IR"')
    await dynamic("abroad", 'country != "IR"')
    await following.catch_up()
    await customers.update(OWNER, sara.id, expected_version=None, fields={"country": "IR"}, now=NOW)
    async with transaction():
        await fetch("SELECT pg_advisory_xact_lock(hashtextextended('segment:' || $1::text, 0))", str(held.id))
        await following.elsewhere(following.follower.step())
        assert following.reactor.deferred == {held.id: {sara.id}}
        assert await fetch_value("SELECT count(*) FROM segment_membership WHERE exited_at IS NULL") == 0
    await following.catch_up()
    assert (await members("home"), following.reactor.deferred) == ({"Sara"}, {})


async def test_only_one_process_follows_at_a_time(following: Following) -> None:
    second = Following()
    second.follower.tail.holder = "another"
    await second.catch_up()
    assert not second.follower.tail.held
    await following.follower.tail.release()
    await second.catch_up()
    assert second.follower.tail.held


async def test_an_event_of_a_transaction_that_ends_late_is_not_passed_over(following: Following) -> None:
    await dynamic("home", 'country = "IR"')
    async with transaction():
        await customer("Sara", country="IR")
        await following.elsewhere(customer("Ali", country="IR"))
        await following.elsewhere(following.follower.step())
    await following.catch_up()
    assert await members("home") == {"Sara", "Ali"}


async def test_a_changed_rule_moves_members_for_that_reason_even_when_followed(following: Following) -> None:
    await customer("Sara", country="DE")
    made = await dynamic("home", 'country = "IR"')
    await versions.change(OWNER, made.id, 'country = "DE"', expected_version=None, now=NOW)
    await following.catch_up()
    assert await moves("home") == [("Sara", "RULE_CHANGED", None)]


@pytest.mark.parametrize("inside", [True, False])
async def test_a_customer_deleted_during_a_full_pass_is_counted_out(fresh_db: str, inside: bool) -> None:
    outside = contextvars.copy_context()
    first = await customer("Alice", country="IR" if inside else "DE")
    home = await dynamic("home", 'country = "IR"')
    await customer("Bob", country="IR")
    await Customer.filter(id=first.id).update(country="IR")
    async with transaction():
        await customers.delete(OWNER, first.id, expected_version=None)
        work = evaluation.evaluate(OWNER, home.id, now=NOW + timedelta(hours=1))
        passing = asyncio.get_running_loop().create_task(work, context=outside)
        await waiting_for_a_lock()
    await passing
    await home.refresh_from_db()
    assert (home.size, home.evaluation_error, await members("home")) == (1, None, {"Bob"})


async def test_a_first_pass_looks_at_nobody_else_for_each_who_enters(fresh_db: str) -> None:
    """The planner takes the stays of a new segment for few; were they looked through, a pass would be quadratic."""
    away = await dynamic("home", 'country = "IR"')
    asked = f"SELECT {entry('now()', '$1', 'c.id')} FROM customer c"
    plan = "\n".join(row[0] for row in await fetch(f"EXPLAIN {asked}", away.id))
    assert "customer_id = c.id" in plan.split("Index Cond:")[1].splitlines()[0]


async def waiting_for_a_lock() -> None:
    """Until somebody else waits for what this transaction holds."""
    async with asyncio.timeout(60):
        while not await fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - the server's
            await asyncio.sleep(0.01)
