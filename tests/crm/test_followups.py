"""Promises to customers: made, kept, dropped, handed over; and what a day holds."""

from datetime import timedelta
from typing import Any

import pytest

from crm import followups, interactions, ownership
from crm.access import ALL_SCOPES, Actor, ActorKind, Scope
from crm.errors import Blocked, Forbidden, NotFound, ValidationFailed, VersionConflict
from crm.followups import FollowUpFields
from crm.lifecycle import default
from models import (
    AuditEntry,
    Channel,
    Customer,
    Direction,
    Event,
    FollowUp,
    FollowUpStatus,
    Interaction,
    InteractionKind,
    Role,
    StaffMember,
    StagePosition,
)
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COMPLAINT: Any = {"channel": Channel.EMAIL, "direction": Direction.INBOUND, "kind": InteractionKind.COMPLAINT}


async def staff(name: str, **fields: Any) -> StaffMember:
    role, _ = await Role.get_or_create(key="agent", defaults={"name": "Agent"})
    return await StaffMember.create(email=f"{name}@example.org", name=name, role_id=role.id, **fields)


def acting(member: StaffMember) -> Actor:
    return Actor(kind=ActorKind.STAFF, id=member.id, label=member.name, scopes=ALL_SCOPES)


async def promise(customer: Customer, **fields: Any) -> FollowUp:
    values = {"subject": "Call back", "due_at": NOW + DAY, "now": NOW, **fields}
    return await followups.create(OWNER, customer.id, **values)


async def test_whoever_promises_owns_the_promise(db: str) -> None:
    carol, alice = await staff("carol"), await factories.customer()
    made = await followups.create(acting(carol), alice.id, subject="Call back", due_at=NOW, now=NOW)
    assert made.owner_id == carol.id
    assert (await Event.get(type="follow_up.created")).customer_id == alice.id


async def test_a_promise_is_kept_once_and_can_be_taken_up_again(db: str) -> None:
    made = await promise(await factories.customer())
    done = await followups.close(OWNER, made.id, expected_version=1, now=NOW, outcome="Ordered")
    assert (done.status, done.closed_at, done.outcome) == (FollowUpStatus.DONE, NOW, "Ordered")
    with pytest.raises(Blocked, match="DONE already"):
        await followups.close(OWNER, made.id, expected_version=2, now=NOW, status=FollowUpStatus.DROPPED)
    again = await followups.reopen(OWNER, made.id, expected_version=2)
    assert (again.status, again.closed_at, again.version) == (FollowUpStatus.OPEN, None, 3)
    with pytest.raises(VersionConflict):
        await followups.update(OWNER, made.id, expected_version=1, fields={"subject": "x"}, now=NOW)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"subject": " "}, "subject"),
        ({"due_at": NOW.replace(tzinfo=None)}, "dueAt"),
        ({"due_at": NOW + 5_000 * DAY}, "dueAt"),
        ({"owner_id": new_id()}, "ownerId"),
        ({"interaction_id": new_id()}, "interactionId"),
    ],
)
async def test_a_bad_promise_names_its_field_and_leaves_nothing(db: str, fields: Any, path: str) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed) as refused:
        await promise(alice, **fields)
    assert refused.value.path == (path,)
    assert not await FollowUp.exists()


async def test_a_day_holds_what_is_late_due_today_and_due_in_the_week(db: str) -> None:
    await default.install(OWNER)
    # In Tehran it is 15:30; the day ends at 20:30 UTC.
    carol = await staff("carol", time_zone="Asia/Tehran")
    alice = await factories.customer(owner_id=carol.id)
    for subject, due in (("late", -HOUR), ("tonight", 8 * HOUR), ("tomorrow", 9 * HOUR), ("later", 9 * DAY)):
        await promise(alice, subject=subject, due_at=NOW + due, owner_id=carol.id)
    fields = {**COMPLAINT, "staff_id": carol.id, "subject": "Broken", "answer_due_at": NOW + 2 * HOUR}
    await interactions.log(OWNER, alice.id, fields=fields, now=NOW)
    await StagePosition.filter(customer_id=alice.id).update(entered_at=NOW - 40 * DAY)
    day = await followups.my_day(acting(carol), now=NOW)
    assert [task.subject for task in day.overdue] == ["late"]
    assert [(task.kind, task.subject) for task in day.today] == [("ANSWER", "Broken"), ("FOLLOW_UP", "tonight")]
    assert [task.subject for task in day.week] == ["tomorrow"]
    assert day.stuck == 1
    with pytest.raises(ValidationFailed, match="Name the staff member"):
        await followups.my_day(OWNER, now=NOW)


async def test_when_somebody_leaves_the_others_take_customers_and_promises_in_turn(db: str) -> None:
    leaver, carol, dave = await staff("leaver"), await staff("carol"), await staff("dave")
    cast = [await factories.customer(f"C{n}", owner_id=leaver.id) for n in range(5)]
    other = await factories.customer("Other", owner_id=carol.id)
    await promise(cast[0], owner_id=leaver.id)
    await promise(other, owner_id=leaver.id)
    plan = await ownership.transfer(OWNER, leaver.id, [carol.id, dave.id], dry_run=True)
    done = await ownership.transfer(OWNER, leaver.id, [carol.id, dave.id])
    assert (plan, (done.customers, done.follow_ups)) == (done, (5, 2))
    assert await Customer.filter(owner_id=dave.id).count() == 2
    assert not await FollowUp.exists(owner_id=leaver.id)
    entry = await AuditEntry.filter(customer_id=cast[0].id, action="customer.updated").get()
    assert entry.changes == {"owner_id": [str(leaver.id), str((await Customer.get(id=cast[0].id)).owner_id)]}
    assert await Event.filter(type="customer.updated").count() == 5


async def test_a_transfer_stays_inside_the_row_filter_and_needs_an_heir(db: str) -> None:
    leaver, carol = await staff("leaver"), await staff("carol")
    gone = await staff("gone", active=False)
    await factories.customer("A", owner_id=leaver.id, country="IR")
    await factories.customer("B", owner_id=leaver.id, country="DE")
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    assert (await ownership.transfer(partner, leaver.id, [carol.id])).customers == 1
    for heirs in ([], [leaver.id], [gone.id]):
        with pytest.raises(ValidationFailed):
            await ownership.transfer(OWNER, leaver.id, heirs)
    with pytest.raises(NotFound):
        await ownership.transfer(OWNER, new_id(), [carol.id])
    assert await Customer.filter(owner_id=leaver.id).count() == 1


async def test_without_the_scope_nothing_is_promised_kept_or_handed_over(db: str) -> None:
    leaver, carol, alice = await staff("leaver"), await staff("carol"), await factories.customer()
    made = await promise(alice)
    stranger = factories.everything_but(Scope.INTERACTION_WRITE)
    for attempt in (
        followups.create(stranger, alice.id, subject="x", due_at=NOW, now=NOW),
        followups.update(stranger, made.id, expected_version=1, fields={}, now=NOW),
        followups.close(stranger, made.id, expected_version=1, now=NOW),
        followups.reopen(stranger, made.id, expected_version=1),
        followups.delete(stranger, made.id, expected_version=1),
        ownership.transfer(stranger, leaver.id, [carol.id]),
    ):
        with pytest.raises(Forbidden, match="interaction:write"):
            await attempt
    assert (await FollowUp.get()).version == 1


async def test_a_touchpoint_brings_its_follow_up(db: str) -> None:
    carol, alice = await staff("carol"), await factories.customer()
    call: Any = {**COMPLAINT, "subject": "Late parcel"}
    made = await interactions.log(acting(carol), alice.id, fields=call, follow_up={"due_at": NOW + DAY}, now=NOW)
    promised = await FollowUp.get(interaction_id=made.id)
    assert (promised.subject, promised.due_at, promised.owner_id) == ("Late parcel", NOW + DAY, carol.id)


async def test_a_follow_up_that_cannot_be_is_refused_with_its_touchpoint(db: str) -> None:
    alice, late = await factories.customer(), FollowUpFields(subject="Call back", due_at=NOW + 9_000 * DAY)
    with pytest.raises(ValidationFailed) as refused:
        await interactions.log(OWNER, alice.id, fields=COMPLAINT, follow_up=late, now=NOW)
    assert refused.value.path == ("followUp", "dueAt")
    assert not await Interaction.exists()
