"""What goes wrong around lifecycles and touchpoints: races, archived things, dates out of order, days of 25 hours."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import customers, followups, goals, interactions, relationships
from crm.database import transaction
from crm.errors import Blocked, CrmError, NotFound, ValidationFailed
from crm.lifecycle import automatic, positions
from crm.lifecycle.definition import EdgeDefinition
from models import FollowUp, Goal, Interaction, Relationship, RelationshipKind, Segment, StageTransition, ValueSnapshot
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.intimacy_world import CALL, GOAL, worth
from tests.crm.test_followups import acting, staff
from tests.factories import NOW, OWNER

DAY = timedelta(days=1)
RICH = EdgeDefinition("new", "buyer", "valueMetrics.clv >= 500", automatic=True)


async def test_a_guard_reads_the_last_value_that_was_published_while_another_is_computed(fresh_db: str) -> None:
    await world.lifecycle(RICH, *world.EDGES[1:])
    alice = await factories.customer("Alice")
    await worth(**{alice.display_name: Decimal(100)})
    written, go_on = asyncio.Event(), asyncio.Event()

    async def recompute() -> None:
        async with transaction():
            await ValueSnapshot.filter(customer_id=alice.id).update(clv=Decimal(900))
            written.set()
            await go_on.wait()

    computing = asyncio.create_task(recompute())
    await written.wait()
    with pytest.raises(Blocked, match="it is 100"):
        await positions.move(OWNER, alice.id, to="buyer", now=NOW + DAY)
    assert await automatic.advance(OWNER, [alice.id], now=NOW + DAY) == []
    go_on.set()
    await computing
    assert [move.end for move in await automatic.advance(OWNER, [alice.id], now=NOW + DAY)] == ["buyer"]
    assert await StageTransition.filter(customer_id=alice.id).count() == 2


async def test_two_workers_that_advance_the_same_customers_move_each_once(fresh_db: str) -> None:
    await world.lifecycle(EdgeDefinition("new", "buyer", 'country = "IR"', automatic=True), *world.EDGES[1:])
    cast = [(await factories.customer(f"C{n}", country="IR")).id for n in range(20)]
    done = await asyncio.gather(*(automatic.advance(OWNER, cast, now=NOW + DAY) for _ in range(3)))
    assert sum(len(moves) for moves in done) == 20
    assert await StageTransition.all().count() == 40


async def archived(name: str) -> Any:
    customer = await factories.customer(name)
    return await customers.archive(OWNER, customer.id, expected_version=None, now=NOW)


async def test_nothing_new_is_tied_to_what_is_archived(db: str) -> None:
    await world.lifecycle()
    alice, gone, vip = await factories.customer("Alice"), await archived("Gone"), await factories.segment("vip")
    await Segment.filter(id=vip.id).update(archived_at=NOW)
    partner: Any = {"kind": RelationshipKind.PARTNER, "fields": {}}
    attempts = [
        (("relatedId",), relationships.create(OWNER, alice.id, gone.id, **partner)),
        (("customerId",), relationships.create(OWNER, gone.id, alice.id, **partner)),
        (("customerId",), followups.create(OWNER, gone.id, subject="Call", due_at=NOW, now=NOW)),
        (("segment",), goals.create(OWNER, fields={**GOAL, "segment": "vip"}, now=NOW)),
    ]
    for path, attempt in attempts:
        with pytest.raises(CrmError, match="archived") as refused:
            await attempt
        assert refused.value.path == path
    assert [await model.exists() for model in (Relationship, FollowUp, Goal)] == [False] * 3


async def test_dates_out_of_order_leave_nothing(db: str) -> None:
    await world.lifecycle()
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    backwards: Any = {"since": date(2026, 3, 2), "until": date(2026, 3, 1)}
    answered: Any = {**CALL, "occurred_at": NOW, "answered_at": NOW - DAY}
    attempts = [
        ("until", relationships.create(OWNER, alice.id, bob.id, kind=RelationshipKind.PARTNER, fields=backwards)),
        ("answeredAt", interactions.log(OWNER, alice.id, fields=answered, now=NOW)),
        ("dueOn", goals.create(OWNER, fields={**GOAL, "due_on": GOAL["starts_on"] - DAY}, now=NOW)),
    ]
    for path, attempt in attempts:
        with pytest.raises(ValidationFailed) as refused:
            await attempt
        assert refused.value.path == (path,)
    with pytest.raises(ValidationFailed, match="entered 'new' later"):
        await positions.move(OWNER, alice.id, to="buyer", now=NOW - DAY)
    assert [await model.exists() for model in (Relationship, Interaction, Goal)] == [False] * 3
    assert await StageTransition.filter(customer_id=alice.id).count() == 1


@pytest.mark.parametrize(
    ("zone", "noon", "end"),
    [
        ("Europe/Berlin", datetime(2026, 10, 25, 10, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 29, 10, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        # The clock jumps over midnight: the day of 5 September ends when that of the 6th begins, at 01:00.
        ("America/Santiago", datetime(2026, 9, 5, 15, tzinfo=UTC), datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ],
)
async def test_a_day_ends_with_its_day_whatever_the_clock_does(
    db: str, zone: str, noon: datetime, end: datetime
) -> None:
    carol = await staff("carol", time_zone=zone)
    alice = await factories.customer("Alice")
    for minutes in (-1, 0):
        due = end + timedelta(minutes=minutes)
        await followups.create(acting(carol), alice.id, subject=str(minutes), due_at=due, now=noon)
    day = await followups.my_day(acting(carol), now=noon)
    assert ([task.subject for task in day.today], [task.subject for task in day.week]) == (["-1"], ["0"])


async def test_a_customer_that_is_gone_is_not_found_and_nothing_happens(db: str) -> None:
    await world.lifecycle()
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    await customers.delete(OWNER, bob.id, expected_version=None)
    for attempt in (
        relationships.create(OWNER, alice.id, bob.id, kind=RelationshipKind.PARTNER, fields={}),
        positions.move(OWNER, bob.id, to="buyer", now=NOW),
        interactions.log(OWNER, bob.id, fields=CALL, now=NOW),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert [await model.exists() for model in (Relationship, Interaction)] == [False] * 2
