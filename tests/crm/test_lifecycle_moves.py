"""Moves by guard, in bulk and by themselves; the history they leave."""

import asyncio
import random
from datetime import datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from crm import customers
from crm.access import Scope
from crm.database import execute
from crm.errors import Blocked, Forbidden, NotFound, ValidationFailed
from crm.lifecycle import automatic, bulk, definitions, history, positions, reactor
from crm.lifecycle.definition import EdgeDefinition
from crm.rules.faults import RuleInvalid
from models import AuditEntry, Event, StagePosition, StageTransition
from models.base import new_id
from tests import factories
from tests.crm import lifecycle_world as world
from tests.factories import NOW, OWNER

DAY = timedelta(days=1)
BOUGHT = EdgeDefinition("new", "buyer", "orders.count() >= 1", automatic=True)
LOYAL = EdgeDefinition("buyer", "loyal", "orders.count() >= 3", automatic=True)


async def stage(customer_id: object) -> str:
    return (await StagePosition.get(customer_id=customer_id).prefetch_related("stage")).stage.key


async def test_a_guard_that_does_not_hold_tells_expected_and_actual_of_each_condition(db: str) -> None:
    guard = 'orders.count() >= 3 and country = "IR" and orders.sum(baseAmount) > 5'
    await world.lifecycle(EdgeDefinition("new", "buyer", guard))
    alice = await factories.customer(country="DE")
    await factories.order(alice)
    dry = await positions.move(OWNER, alice.id, to="buyer", now=NOW, dry_run=True)
    assert [(each.code, each.expected, each.actual) for each in dry.obstacles] == [
        ("GUARD", "orders.count() >= 3", "1"),
        ("GUARD", 'country = "IR"', "DE"),
    ]
    with pytest.raises(Blocked, match="it is 1"):
        await positions.move(OWNER, alice.id, to="buyer", now=NOW)


@pytest.mark.parametrize(
    ("guard", "actual"),
    [
        ("orders.some(amount > 100 USD)", "0"),
        ("orders.none(amount < 100 USD)", "1"),
        ("orders.every(amount > 100 USD)", "1"),
        ("not orders.count() = 1", "1"),
        ('interactions.some() or orders.count() >= 3 or country = "IR"',
         'interactions.some(): 0; orders.count() >= 3: 1; country = "IR": –'),
        ('in segment "vip" or not (orders.count() = 1 and orders.some())', "orders.count() = 1: 1; orders.some(): 1"),
        ('in segment "vip"', None),
    ],
)  # fmt: skip
async def test_what_a_guard_looked_at_is_told_whatever_it_asks(db: str, guard: str, actual: str | None) -> None:
    await factories.segment("vip")
    await world.lifecycle(EdgeDefinition("new", "buyer", guard))
    alice = await factories.customer()
    await factories.order(alice)
    dry = await positions.move(OWNER, alice.id, to="buyer", now=NOW, dry_run=True)
    assert [each.actual for each in dry.obstacles] == [actual]


async def test_what_a_mover_may_not_read_is_not_told(db: str) -> None:
    await world.lifecycle(EdgeDefinition("new", "buyer", "orders.count() >= 3"))
    alice = await factories.customer()
    blind = factories.everything_but(Scope.ORDER_READ)
    dry = await positions.move(blind, alice.id, to="buyer", now=NOW, dry_run=True)
    assert (dry.obstacles[0].expected, dry.obstacles[0].actual) == ("orders.count() >= 3", None)


async def test_a_purchase_moves_a_customer_on_by_itself_as_far_as_rules_allow(db: str) -> None:
    await world.lifecycle(BOUGHT, LOYAL)
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    for _ in range(3):
        await factories.order(alice)
    await factories.order(bob)
    moved = await automatic.advance(OWNER, [alice.id, bob.id], now=NOW)
    assert [(await stage(alice.id)), (await stage(bob.id))] == ["loyal", "buyer"]
    assert len(moved) == 3
    last = await StageTransition.filter(customer_id=alice.id).order_by("-id").first()
    assert last is not None
    assert (last.cause, last.rule) == ("AUTOMATIC", "orders.count() >= 3")
    event = await Event.filter(customer_id=bob.id, type="stage.moved").order_by("-position").first()
    assert event is not None
    assert event.data["rule"] == "orders.count() >= 1"


async def test_of_two_open_automatic_edges_the_first_declared_is_taken(db: str) -> None:
    always = 'displayName != "nobody"'
    edges = [EdgeDefinition("new", end, always, automatic=True) for end in ("asleep", "loyal")]
    path = await world.lifecycle(*edges)
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    await automatic.advance(OWNER, [alice.id], now=NOW)
    await world.alter(path, definitions.with_edge(edges[1], position=1))
    await automatic.advance(OWNER, [bob.id], now=NOW)
    assert [(await stage(alice.id)), (await stage(bob.id))] == ["asleep", "loyal"]


async def test_rules_that_hold_all_around_a_circle_end_where_it_began(db: str) -> None:
    always = 'displayName != "nobody"'
    ring = ["new", "buyer", "loyal", "new"]
    edges = [EdgeDefinition(start, end, always, automatic=True) for start, end in zip(ring, ring[1:], strict=False)]
    await world.lifecycle(*edges)
    alice = await factories.customer()
    moved = await automatic.advance(OWNER, [alice.id], now=NOW)
    assert [each.end for each in moved] == ["buyer", "loyal"]


async def test_events_lead_to_the_moves_that_they_allow_and_moves_to_no_further_ones(db: str) -> None:
    await world.lifecycle(BOUGHT, LOYAL)
    alice = await factories.customer()
    await factories.order(alice)
    assert await reactor.react(OWNER, await Event.all(), now=NOW) == 1
    moves = await Event.filter(type="stage.moved", data__contains={"cause": "AUTOMATIC"})
    assert reactor.affected(moves) == []
    assert await reactor.react(OWNER, await Event.all(), now=NOW) == 0


async def test_a_new_definition_moves_those_whom_it_lets_go_on(db: str) -> None:
    path, alice = await world.lifecycle(), await factories.customer()
    await factories.order(alice)
    await world.alter(path, definitions.with_edge(BOUGHT))
    assert await reactor.react(OWNER, await Event.filter(type="lifecycle.updated"), now=NOW) == 1
    assert await stage(alice.id) == "buyer"


async def test_only_rules_that_time_can_fulfil_are_swept_from_time_to_time(db: str) -> None:
    asleep = EdgeDefinition("buyer", "asleep", "not orders.some(last 90 days)", automatic=True)
    await world.lifecycle(BOUGHT, asleep)
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    await factories.order(bob, days_ago=100)
    await positions.move(OWNER, bob.id, to="buyer", now=NOW)
    await factories.order(alice)
    assert await automatic.sweep(OWNER, now=NOW, only_timed=True) == 1
    assert [(await stage(alice.id)), (await stage(bob.id))] == ["new", "asleep"]


async def test_archived_customers_do_not_move_by_themselves(db: str) -> None:
    await world.lifecycle(BOUGHT)
    alice = await factories.customer()
    await factories.order(alice)
    await customers.archive(OWNER, alice.id, expected_version=None, now=NOW)
    assert await automatic.advance(OWNER, [alice.id], now=NOW) == []


async def test_a_bulk_move_takes_those_who_may_and_counts_the_others_by_reason(db: str) -> None:
    await world.lifecycle(EdgeDefinition("new", "buyer", "orders.count() >= 1"), EdgeDefinition("buyer", "loyal"))
    cast = [await factories.customer(name) for name in ("Alice", "Bob", "Carol", "Dave")]
    await factories.order(cast[0])
    await factories.order(cast[1])
    await positions.move(OWNER, cast[1].id, to="buyer", now=NOW)
    await StagePosition.filter(customer_id=cast[3].id).delete()
    dry = await bulk.move_many(OWNER, to="buyer", customer_ids=[each.id for each in cast], now=NOW, dry_run=True)
    done = await bulk.move_many(OWNER, to="buyer", customer_ids=[each.id for each in cast], now=NOW)
    assert (dry.moved, done.moved, done.chosen) == (1, 1, 4)
    assert {each.code: each.customers for each in done.held} == {
        "GUARD": 1,
        "ALREADY_THERE": 1,
        "NOT_IN_LIFECYCLE": 1,
    }
    assert await stage(cast[0].id) == "buyer"


async def test_a_bulk_move_leaves_the_trail_of_single_moves(db: str) -> None:
    await world.lifecycle()
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    await positions.move(OWNER, alice.id, to="gone", now=NOW + DAY, reason="left")
    await bulk.move_many(OWNER, to="gone", rule='displayName = "Bob"', now=NOW + DAY, reason="left")

    async def trail(key: object) -> list[object]:
        move = await StageTransition.filter(customer_id=key).order_by("-id").first().values()
        entry = await AuditEntry.filter(customer_id=key, action="stage.moved").order_by("-id").first().values()
        event = await Event.filter(customer_id=key, type="stage.moved").order_by("-position").first().values()
        own = {"id", "created_at", "updated_at", "noun_id", "customer_id", "position", "transaction_id"}
        return [{name: value for name, value in row.items() if name not in own} for row in (move, entry, event)]

    assert await trail(alice.id) == await trail(bob.id)


async def test_a_bulk_move_needs_its_reason_its_scope_and_exactly_one_choice(db: str) -> None:
    await world.lifecycle()
    alice = await factories.customer()
    held = (await bulk.move_many(OWNER, to="gone", customer_ids=[alice.id], now=NOW)).held
    assert [(each.stage, each.code, each.examples) for each in held] == [("new", "REASON_MISSING", [alice.id])]
    with pytest.raises(ValidationFailed, match="either"):
        await bulk.move_many(OWNER, to="gone", now=NOW)
    with pytest.raises(RuleInvalid):
        await bulk.move_many(OWNER, to="gone", rule="colour = 1", now=NOW)
    with pytest.raises(NotFound, match="cus_"):
        await bulk.move_many(OWNER, to="gone", customer_ids=[new_id()], now=NOW)
    with pytest.raises(Forbidden):
        await bulk.move_many(factories.everything_but(Scope.STAGE_MOVE), to="gone", rule='city = "x"', now=NOW)
    assert await stage(alice.id) == "new"


async def test_more_customers_than_one_call_moves_are_refused_and_taken_in_parts(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_MOVED", 2)
    await world.lifecycle()
    cast = [await factories.customer(name) for name in ("Alice", "Bob", "Carol")]
    keys = [each.id for each in cast]
    with pytest.raises(ValidationFailed, match="3 customers would move, and one request moves at most 2") as refused:
        await bulk.move_many(OWNER, to="buyer", customer_ids=keys, now=NOW)
    assert refused.value.path == ("limit",)
    assert [await stage(key) for key in keys] == ["new"] * 3
    dry = await bulk.move_many(OWNER, to="buyer", customer_ids=keys, now=NOW, dry_run=True)
    done = [await bulk.move_many(OWNER, to="buyer", customer_ids=keys, now=NOW, limit=2) for _ in range(3)]
    assert (dry.moved, [(each.moved, each.left) for each in done]) == (3, [(2, 1), (1, 0), (0, 0)])


async def test_a_bulk_move_that_fails_moves_nobody(fresh_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 1)
    await world.lifecycle()
    cast = sorted([await factories.customer(name) for name in ("Alice", "Bob")], key=lambda each: each.id)
    last = f"ALTER TABLE stage_transition ADD CHECK (customer_id <> '{cast[1].id}' OR reason IS NULL)"
    await execute(last)
    with pytest.raises(IntegrityError):
        await bulk.move_many(OWNER, to="buyer", customer_ids=[each.id for each in cast], now=NOW, reason="spring")
    assert [await stage(each.id) for each in cast] == ["new", "new"]
    assert not await Event.filter(data__contains={"reason": "spring"}).exists()


@pytest.mark.parametrize("limit", [0, -1, 10_001])
async def test_a_limit_of_a_bulk_move_that_cannot_be_kept_is_refused(db: str, limit: int) -> None:
    await world.lifecycle()
    with pytest.raises(ValidationFailed, match="between 1 and 10,000"):
        await bulk.move_many(OWNER, to="buyer", rule='country = "IR"', now=NOW, limit=limit)


async def test_a_bulk_move_stays_inside_the_movers_row_filter(db: str) -> None:
    await world.lifecycle()
    alice, bob = await factories.customer("Alice", country="IR"), await factories.customer("Bob", country="DE")
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    done = await bulk.move_many(partner, to="buyer", rule='displayName != "x"', now=NOW)
    assert (done.chosen, await stage(alice.id), await stage(bob.id)) == (1, "buyer", "new")
    with pytest.raises(NotFound):
        await bulk.move_many(partner, to="buyer", customer_ids=[bob.id], now=NOW)


async def wander(customer_id: object, seed: int) -> tuple[list[tuple[str, datetime]], datetime]:
    """A random walk along the edges, by single, bulk and automatic moves; where it led, and when it ended."""
    chance, at = random.Random(seed), NOW
    path = [("new", NOW)]
    ways: dict[str, list[str]] = {}
    for edge in world.EDGES:
        ways.setdefault(edge.start, []).append(edge.end)
    for _ in range(chance.randrange(12)):
        end = chance.choice([*ways.get(path[-1][0], []), "new"])
        at += timedelta(seconds=chance.randrange(10_000_000) * chance.randrange(2), microseconds=chance.randrange(999))
        try:
            if chance.random() < 0.5:
                await positions.move(OWNER, customer_id, to=end, now=at, reason="so")  # type: ignore[arg-type]
                path.append((end, at))
            elif (await bulk.move_many(OWNER, to=end, customer_ids=[customer_id], now=at, reason="so")).moved:  # type: ignore[list-item]
                path.append((end, at))
        except Blocked:
            continue
    return path, at


@pytest.mark.parametrize("seed", range(15))
async def test_history_replays_to_the_current_stage_and_dwell_adds_up_to_the_age(db: str, seed: int) -> None:
    await world.lifecycle()
    alice = await factories.customer()
    path, end = await wander(alice.id, seed)
    found = await history.stays(OWNER, alice.id)
    assert [(stay.stage, stay.entered_at) for stay in found] == path
    assert found[-1].stage == await stage(alice.id)
    times = history.dwell(found, end + DAY)
    assert sum((each.total for each in times), timedelta()) == end + DAY - NOW
    for key, at in path:
        last = [stage for stage, entered in path if entered <= at][-1]
        assert await history.stages_at([alice.id], at) == {alice.id: last}, key


async def test_before_it_entered_a_customer_stood_nowhere(db: str) -> None:
    await world.lifecycle()
    alice = await factories.customer()
    assert await history.stages_at([alice.id], NOW - DAY) == {}


async def test_single_bulk_and_automatic_moves_at_once_leave_one_unbroken_history(fresh_db: str) -> None:
    edges = [*world.EDGES, EdgeDefinition("new", "loyal", 'country = "IR"', automatic=True)]
    await world.lifecycle(*edges)
    cast = [(await factories.customer(f"C{n}", country="IR")).id for n in range(12)]
    await asyncio.gather(
        bulk.move_many(OWNER, to="buyer", customer_ids=cast, now=NOW + DAY),
        automatic.advance(OWNER, cast, now=NOW + DAY),
        *(positions.move(OWNER, key, to="gone", now=NOW + DAY, reason="left") for key in cast),
        return_exceptions=True,
    )
    for key in cast:
        moves = await StageTransition.filter(customer_id=key).order_by("occurred_at", "id")
        assert [move.from_stage_id for move in moves] == [None, *(move.to_stage_id for move in moves[:-1])]
        assert moves[-1].to_stage_id == (await StagePosition.get(customer_id=key)).stage_id
