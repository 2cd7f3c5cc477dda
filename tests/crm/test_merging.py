"""Duplicates become one customer: nothing is lost, nothing is counted twice, and old ids keep leading somewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.fields.relational import ForeignKeyFieldInstance

import models
from crm import custom_fields, customers, followups, interactions, relationships
from crm.access import Scope
from crm.database import fetch, fetch_value
from crm.errors import Blocked, Forbidden, NotFound, ValidationFailed, VersionConflict
from crm.lifecycle import default, positions
from crm.merging import Absorbed, Choice, Merged, belongings, merge, survivor_of
from crm.segments import history, static
from models import (
    AuditEntry,
    Channel,
    Customer,
    CustomerKind,
    Direction,
    Event,
    FieldType,
    FollowUp,
    Identity,
    Interaction,
    InteractionKind,
    Order,
    OrderLine,
    Record,
    Relationship,
    RelationshipKind,
    StagePosition,
    StageTransition,
)  # fmt: skip
from tests.crm.segments_world import Following, dynamic, members, moves
from tests.factories import NOW, OWNER, actor, customer, email, everything_but, order, segment

LATER = NOW + timedelta(hours=1)


async def merged(survivor: Customer, *absorbed: Customer, **options: Any) -> Merged:
    return await merge(OWNER, survivor.id, [Absorbed(one.id) for one in absorbed], now=LATER, **options)


def owned_tables() -> set[str]:
    """Every table with a key of a customer, however the column is called."""
    found = set()
    for model in vars(models).values():
        if isinstance(model, type) and issubclass(model, Record) and model._meta.db_table:
            keys = [field for field in model._meta.fields_map.values() if isinstance(field, ForeignKeyFieldInstance)]
            if any(key.model_name == "models.Customer" for key in keys) or "customer_id" in model._meta.fields_map:
                found.add(model._meta.db_table)
    return found


def test_what_becomes_of_every_table_with_customers_is_said() -> None:
    said = [*belongings.MOVED, *belongings.MADE_ANEW, *belongings.BY_HAND, *belongings.KEPT]
    assert sorted(said) == sorted(owned_tables())


async def test_the_survivor_gets_orders_interactions_follow_ups_and_identities(db: str) -> None:
    ali, twin = await customer("Ali", email("ali@x.ir")), await customer("Ali", email("ali@y.ir"))
    bought = await order(twin, "30")
    fields: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}
    call = await interactions.log(OWNER, twin.id, fields=fields, now=NOW)
    task = await followups.create(OWNER, twin.id, subject="Call back", due_at=LATER, now=NOW)
    found = await merged(ali, twin)
    assert {(await Order.get(id=bought.id)).customer_id, (await Interaction.get(id=call.id)).customer_id,
            (await FollowUp.get(id=task.id)).customer_id} == {ali.id}  # fmt: skip
    assert await Identity.filter(customer_id=ali.id).count() == 2
    assert not await OrderLine.exists(customer_id=twin.id)
    assert (found.moved["order"], found.moved["identity"]) == (1, 1)


async def test_daily_sums_are_those_of_all_orders(db: str) -> None:
    ali, twin = await customer("Ali"), await customer("Ali")
    for one in (ali, twin):
        await order(one, "10")
    await merged(ali, twin)
    days = await fetch("SELECT customer_id, orders, revenue FROM customer_day")
    assert [(row["customer_id"], row["orders"], int(row["revenue"])) for row in days] == [(ali.id, 2, 200_000)]


async def test_the_absorbed_is_archived_and_its_id_leads_to_the_survivor(db: str) -> None:
    first, second, third = [await customer("Ali") for _ in range(3)]
    await merged(second, first)
    await merged(third, second)
    assert await survivor_of(first.id) == await survivor_of(second.id) == third.id
    gone = await Customer.get(id=first.id)
    assert (gone.archived_at, gone.search_text) == (LATER, "")


async def test_whoever_writes_to_an_old_id_is_told_the_new_one(db: str) -> None:
    ali, twin = await customer("Ali"), await customer("Ali")
    await merged(ali, twin)
    with pytest.raises(NotFound, match="became part of") as refused:
        await customers.restore(OWNER, twin.id, expected_version=None)
    assert refused.value.details["holder"] == f"cus_{ali.id}"


async def test_own_values_win_gaps_are_filled_and_choices_are_followed(db: str) -> None:
    await custom_fields.define(OWNER, key="tier", type=FieldType.TEXT, fields={})
    ali = await customer("Ali", country="IR")
    twin = await customer("Alireza", country="DE", city="Bonn", custom_fields={"tier": "gold"})
    found = await merged(ali, twin, choices=[Choice("givenName", twin.id)])
    now = await Customer.get(id=ali.id)
    assert (now.given_name, now.country, now.city, now.custom_fields) == ("Alireza", "IR", "Bonn", {"tier": "gold"})
    assert {one.field: one.kept for one in found.conflicts} == {
        "country": "IR", "givenName": "Alireza", "displayName": "Ali",
    }  # fmt: skip


async def test_a_choice_of_a_custom_field_is_followed(db: str) -> None:
    await custom_fields.define(OWNER, key="tier", type=FieldType.TEXT, fields={})
    ali, twin = [await customer("Ali", custom_fields={"tier": tier}) for tier in ("tin", "gold")]
    await merged(ali, twin, choices=[Choice("customFields.tier", twin.id)])
    assert (await Customer.get(id=ali.id)).custom_fields == {"tier": "gold"}


async def test_links_move_once_and_none_leads_to_itself(db: str) -> None:
    ali, twin, sara = await customer("Ali"), await customer("Ali"), await customer("Sara")
    for one in (ali, twin):
        await relationships.create(OWNER, one.id, sara.id, kind=RelationshipKind.PARTNER, fields={})
    await relationships.create(OWNER, twin.id, ali.id, kind=RelationshipKind.SUPPLIER, fields={})
    await relationships.create(OWNER, sara.id, twin.id, kind=RelationshipKind.INFLUENCES, fields={})
    await merged(ali, twin)
    links = await Relationship.all().order_by("kind")
    assert [(link.customer_id, link.related_id) for link in links] == [(sara.id, ali.id), (ali.id, sara.id)]


async def test_a_second_referrer_ends_and_stays_in_the_history(db: str) -> None:
    ali, twin, sara, omid = [await customer(name) for name in ("Ali", "Ali", "Sara", "Omid")]
    await relationships.create(OWNER, ali.id, sara.id, kind=RelationshipKind.REFERRED_BY, fields={})
    await relationships.create(OWNER, twin.id, omid.id, kind=RelationshipKind.REFERRED_BY, fields={})
    await merged(ali, twin)
    open_ones = await Relationship.filter(customer_id=ali.id, until=None).values_list("related_id", flat=True)
    assert list(open_ones) == [sara.id]
    assert await Relationship.filter(customer_id=ali.id).count() == 2


async def test_a_merge_that_closes_a_circle_of_referrals_is_refused(db: str) -> None:
    ali, twin, sara = await customer("Ali"), await customer("Ali"), await customer("Sara")
    await relationships.create(OWNER, ali.id, sara.id, kind=RelationshipKind.REFERRED_BY, fields={})
    await relationships.create(OWNER, sara.id, twin.id, kind=RelationshipKind.REFERRED_BY, fields={})
    with pytest.raises(Blocked, match="circle of REFERRED_BY"):
        await merged(ali, twin)
    assert (await Customer.get(id=twin.id)).merged_into_id is None


async def test_an_order_recorded_with_both_has_to_be_settled_first(db: str) -> None:
    ali, twin = await customer("Ali"), await customer("Ali")
    for one in (ali, twin):
        await order(one, source="shop", reference="A-1")
    with pytest.raises(Blocked, match="'A-1' of shop"):
        await merged(ali, twin)
    assert await Order.filter(customer_id=twin.id).count() == 1


async def test_one_history_of_stages_goes_on_and_can_be_moved_to_the_furthest(db: str) -> None:
    await default.install(OWNER)
    ali, twin = await customer("Ali"), await customer("Ali")
    place = await StagePosition.get(customer_id=twin.id).prefetch_related("stage")
    edge = await models.StageEdge.filter(from_stage_id=place.stage_id, guard=None).prefetch_related("to_stage").first()
    assert edge is not None
    await positions.move(OWNER, twin.id, to=edge.to_stage.key, reason="x", now=NOW)
    await merged(ali, twin, furthest_stage=True)
    assert (await StagePosition.get(customer_id=ali.id)).stage_id == edge.to_stage_id
    assert not await StagePosition.exists(customer_id=twin.id)
    last = await StageTransition.filter(customer_id=ali.id).order_by("-occurred_at").first()
    assert last is not None
    assert last.cause == "MERGED"


async def test_a_place_in_a_lifecycle_that_the_survivor_is_not_in_moves_with_its_history(db: str) -> None:
    ali = await customer("Ali")
    await default.install(OWNER)
    twin = await customer("Ali")
    await merged(ali, twin)
    assert await StagePosition.exists(customer_id=ali.id)
    assert await StageTransition.filter(customer_id=ali.id).count() == 1


async def test_hand_picked_segments_take_the_survivor_in_and_dynamic_ones_follow_its_data(fresh_db: str) -> None:
    following = Following()
    await following.catch_up()
    vip = await segment("vip")
    await dynamic("twice", "orders.count() >= 2")
    ali, twin = await customer("Ali"), await customer("Twin")
    await static.add(OWNER, vip.id, [twin.id], now=NOW)
    for one in (ali, twin):
        await order(one)
    await following.catch_up(NOW)
    await merged(ali, twin)
    await following.catch_up(LATER)
    assert (await members("vip"), await members("twice")) == ({"Ali"}, {"Ali"})
    assert sorted(await moves("vip")) == [("Ali", "MERGED", None), ("Twin", "MANUAL", "MERGED")]
    assert await history.segments_at(OWNER, ali.id, LATER) == ["twice", "vip"]


async def test_a_merge_leaves_audit_entry_and_event(db: str) -> None:
    ali, twin = await customer("Ali"), await customer("Ali", city="Bonn")
    await order(twin)
    await merged(ali, twin)
    told = await Event.get(type="customer.merged")
    assert (told.customer_id, told.data["absorbed"], told.data["moved"]["order"]) == (ali.id, [f"cus_{twin.id}"], 1)
    trail = await AuditEntry.get(action="customer.merged")
    assert trail.changes["city"] == [None, "Bonn"]


async def test_a_dry_run_tells_everything_and_changes_nothing(db: str) -> None:
    ali, twin = await customer("Ali", country="IR"), await customer("Ali", country="DE")
    await order(twin)
    events = await fetch_value("SELECT count(*) FROM event")
    found = await merged(ali, twin, dry_run=True)
    assert (found.moved["order"], [one.candidates for one in found.conflicts]) == (1, [{ali.id: "IR", twin.id: "DE"}])
    assert (await Customer.get(id=twin.id)).merged_into_id is None
    assert await fetch_value("SELECT count(*) FROM event") == events


async def test_merging_again_changes_nothing(db: str) -> None:
    ali, twin = await customer("Ali"), await customer("Ali")
    await merged(ali, twin, idempotency_key="once")
    version = (await Customer.get(id=ali.id)).version
    assert not (await merged(ali, twin, idempotency_key="once")).changed
    assert not (await merged(ali, twin)).changed
    assert (await Customer.get(id=ali.id)).version == version


@pytest.mark.parametrize("refused", ["self", "kind", "unknown", "archived", "elsewhere", "choice"])
async def test_what_cannot_be_merged_is_refused(db: str, refused: str) -> None:
    ali, twin, sara = await customer("Ali"), await customer("Ali"), await customer("Sara")
    firm = await customer("", kind=CustomerKind.ORGANIZATION, organization_name="Firm")
    if refused == "archived":
        await customers.archive(OWNER, ali.id, expected_version=None, now=NOW)
    if refused == "elsewhere":
        await merged(sara, twin)
    whom: UUID = {"self": ali.id, "kind": firm.id, "unknown": OWNER.id or UUID(int=1)}.get(refused, twin.id)
    choices = [Choice("shoeSize", ali.id)] if refused == "choice" else []
    with pytest.raises((ValidationFailed, NotFound, Blocked)):
        await merge(OWNER, ali.id, [Absorbed(whom)], now=LATER, choices=choices)
    assert (await Customer.get(id=ali.id)).version == (2 if refused == "archived" else 1)


async def test_a_duplicate_that_was_changed_meanwhile_is_not_merged(db: str) -> None:
    ali, twin = await customer("Ali"), await customer("Ali")
    with pytest.raises(VersionConflict):
        await merge(OWNER, ali.id, [Absorbed(twin.id, 7)], now=LATER)
    with pytest.raises(VersionConflict):
        await merge(OWNER, ali.id, [Absorbed(twin.id, 1)], expected_version=7, now=LATER)


@pytest.mark.parametrize("scope", [Scope.CUSTOMER_WRITE, Scope.PII_READ, Scope.ORDER_WRITE, Scope.INTERACTION_WRITE])
async def test_merging_needs_all_scopes_of_what_moves(db: str, scope: Scope) -> None:
    ali, twin = await customer("Ali"), await customer("Ali")
    with pytest.raises(Forbidden, match=scope.value):
        await merge(everything_but(scope), ali.id, [Absorbed(twin.id)], now=LATER)
    assert (await Customer.get(id=twin.id)).archived_at is None


async def test_a_duplicate_outside_the_row_filter_does_not_exist(db: str) -> None:
    ali, twin = await customer("Ali", country="IR"), await customer("Ali", country="DE")
    limited = actor(*OWNER.scopes, row_filter={"country": {"eq": "IR"}})
    with pytest.raises(NotFound):
        await merge(limited, ali.id, [Absorbed(twin.id)], now=LATER)
