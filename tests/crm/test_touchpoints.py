"""Interactions, relationships, costs, segments by hand and stage moves."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import costs, interactions, relationships
from crm.access import Scope
from crm.errors import Blocked, DuplicateFound, Forbidden, NotFound, ValidationFailed, VersionConflict
from crm.lifecycle import default, positions
from crm.segments import static
from models import (
    Channel,
    Direction,
    Event,
    Interaction,
    InteractionKind,
    RatingKind,
    Relationship,
    RelationshipKind,
    Segment,
    SegmentMembership,
    StagePosition,
    StageTransition,
)
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER

CALL: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"channel": Channel.PHONE, "direction": Direction.INBOUND}, "kind"),
        ({**CALL, "occurred_at": NOW + timedelta(days=1)}, "occurredAt"),
        ({**CALL, "rating": 11, "rating_kind": RatingKind.NPS}, "rating"),
        ({**CALL, "rating": 5}, "rating"),
        ({**CALL, "duration_seconds": -1}, "durationSeconds"),
        ({**CALL, "cost": Decimal(1)}, "costCurrency"),
        ({**CALL, "staff_id": new_id()}, "staffId"),
        ({**CALL, "subject": "x" * 10_000}, "subject"),
    ],
)
async def test_a_bad_interaction_names_its_field_and_leaves_nothing(db: str, fields: Any, path: str) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed) as refused:
        await interactions.log(OWNER, alice.id, fields=fields, now=NOW)
    assert refused.value.path == (path,)
    assert not await Interaction.exists()


async def test_a_corrected_interaction_keeps_what_it_said_before_in_its_event(db: str) -> None:
    alice = await factories.customer()
    call = await interactions.log(OWNER, alice.id, fields={**CALL, "subject": "Prise"}, now=NOW)
    await interactions.correct(OWNER, call.id, expected_version=1, fields={"subject": "Price"}, now=NOW)
    event = await Event.get(noun_id=call.id, type="interaction.corrected")
    assert event.data["changes"]["subject"] == ["Prise", "Price"]


async def test_a_cost_is_kept_in_its_own_and_in_the_base_currency(db: str) -> None:
    alice = await factories.customer()
    fields: Any = {"amount": Decimal(10), "currency": "EUR", "exchange_rate": Decimal("1.1")}
    entry = await costs.record(OWNER, alice.id, fields=fields, now=NOW)
    assert entry.base_amount == Decimal(11)
    entry = await costs.update(OWNER, entry.id, expected_version=1, fields={"amount": Decimal(20)}, now=NOW)
    assert entry.base_amount == Decimal(22)


async def test_nobody_is_related_to_itself_or_referred_in_a_circle(db: str) -> None:
    alice, bob, carol = [await factories.customer(name) for name in ("Alice", "Bob", "Carol")]
    referred = RelationshipKind.REFERRED_BY
    await relationships.create(OWNER, bob.id, alice.id, kind=referred, fields={})
    await relationships.create(OWNER, carol.id, bob.id, kind=referred, fields={})
    for start, end, error in [(alice, alice, "itself"), (alice, carol, "circle")]:
        with pytest.raises(ValidationFailed, match=error):
            await relationships.create(OWNER, start.id, end.id, kind=referred, fields={})
    with pytest.raises(DuplicateFound, match="has one REFERRED_BY already"):
        await relationships.create(OWNER, carol.id, alice.id, kind=referred, fields={})
    assert await Relationship.all().count() == 2


async def test_two_writers_cannot_close_a_circle_together(fresh_db: str) -> None:
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    kind = RelationshipKind.REFERRED_BY
    results = await asyncio.gather(
        relationships.create(OWNER, alice.id, bob.id, kind=kind, fields={}),
        relationships.create(OWNER, bob.id, alice.id, kind=kind, fields={}),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Relationship", "ValidationFailed"]


async def test_membership_is_a_stay_with_entry_exit_and_cause(db: str) -> None:
    vip, alice = await factories.segment(), await factories.customer()
    assert await static.add(OWNER, vip.id, [alice.id, alice.id], now=NOW) == [alice.id]
    assert await static.add(OWNER, vip.id, [alice.id], now=NOW) == []
    assert await static.remove(OWNER, vip.id, [alice.id], now=NOW + timedelta(days=1)) == [alice.id]
    stay = await SegmentMembership.get(customer_id=alice.id)
    assert (stay.entered_at, stay.exited_at, stay.exit_cause) == (NOW, NOW + timedelta(days=1), "MANUAL")
    assert await Event.filter(customer_id=alice.id, type__in=["segment.entered", "segment.exited"]).count() == 2
    assert (await Segment.get(id=vip.id)).size == 0


async def test_an_unknown_customer_keeps_the_others_out_too(db: str) -> None:
    vip, alice = await factories.segment(), await factories.customer()
    with pytest.raises(NotFound):
        await static.add(OWNER, vip.id, [alice.id, new_id()], now=NOW)
    assert not await SegmentMembership.exists()


async def test_a_move_notes_where_from_how_long_and_by_whom(db: str) -> None:
    await default.install(OWNER)
    alice = await factories.customer()
    move = await positions.move(OWNER, alice.id, to="prospect", now=NOW + timedelta(days=2))
    assert move.transition is not None
    assert (move.transition.dwell_seconds, move.transition.actor_label) == (2 * 86_400, "owner")
    event = await Event.filter(type="stage.moved").order_by("-position").first()
    assert event is not None
    assert (event.data["from"], event.data["to"]) == ("suspect", "prospect")


@pytest.mark.parametrize(("to", "code"), [("client", "NO_EDGE"), ("lost", "REASON_MISSING")])
async def test_a_move_that_is_not_allowed_says_why_and_moves_nothing(db: str, to: str, code: str) -> None:
    await default.install(OWNER)
    alice = await factories.customer()
    dry = await positions.move(OWNER, alice.id, to=to, now=NOW, dry_run=True)
    with pytest.raises(Blocked) as refused:
        await positions.move(OWNER, alice.id, to=to, now=NOW)
    assert [obstacle.code for obstacle in dry.obstacles] == [code]
    assert refused.value.details["obstacles"][0]["code"] == code
    assert await StageTransition.filter(customer_id=alice.id).count() == 1


async def test_of_two_moves_at_once_one_wins_and_the_other_sees_the_current_stage(fresh_db: str) -> None:
    await default.install(OWNER)
    alice = await factories.customer()
    results = await asyncio.gather(
        *(
            positions.move(OWNER, alice.id, to=to, now=NOW, expected_stage="suspect", reason="so")
            for to in ("prospect", "lost")
        ),
        return_exceptions=True,
    )
    conflicts = [result for result in results if isinstance(result, VersionConflict)]
    standing = await StagePosition.get(customer_id=alice.id).prefetch_related("stage")
    assert [conflict.details["current_stage"] for conflict in conflicts] == [standing.stage.key]
    assert await StageTransition.filter(customer_id=alice.id).count() == 2


async def test_without_their_scope_nobody_logs_connects_moves_or_picks(db: str) -> None:
    await default.install(OWNER)
    alice, bob, vip = await factories.customer("Alice"), await factories.customer("Bob"), await factories.segment()
    events = await Event.all().count()
    attempts = [
        interactions.log(factories.everything_but(Scope.INTERACTION_WRITE), alice.id, fields=CALL, now=NOW),
        costs.record(factories.everything_but(Scope.COST_WRITE), alice.id, fields={"amount": Decimal(1)}, now=NOW),
        relationships.create(
            factories.everything_but(Scope.CUSTOMER_WRITE), alice.id, bob.id, kind=RelationshipKind.PARTNER, fields={}
        ),
        positions.move(factories.everything_but(Scope.STAGE_MOVE), alice.id, to="prospect", now=NOW),
        static.add(factories.everything_but(Scope.SEGMENT_WRITE), vip.id, [alice.id], now=NOW),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            await attempt
    assert await Event.all().count() == events
