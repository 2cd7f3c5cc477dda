"""The timeline as a field of a customer: one statement, entries of several types, each once, as far as one may read."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from crm import ids, interactions, relationships
from crm.access import Actor, Scope
from crm.database import transaction
from crm.lifecycle import default
from crm.timeline import EntryKind
from models import Customer, CustomerKind, Event, RelationshipKind
from schema import schema
from tests import factories
from tests.conftest import Undo
from tests.crm.test_followups import staff
from tests.crm.test_timeline import CALL, busy
from tests.factories import NOW, OWNER
from tests.schema.asking import Answer, ask
from tests.schema.oracle import Oracle
from tests.schema.world import World

DAY = timedelta(days=1)
PAGE = """
query($c: ID!, $first: Int, $after: String, $kinds: [TimelineEntryKind!], $since: DateTime, $until: DateTime,
      $channel: InteractionChannel, $staff: ID, $people: Boolean) {
  customer(id: $c) {
    timeline(first: $first, after: $after, kinds: $kinds, since: $since, until: $until, channel: $channel,
             staffId: $staff, includePeople: $people) {
      nodes { __typename kind at customer { id displayName } ...Details }
      edges { cursor node { at } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
fragment Details on TimelineEntry {
  ... on InteractionEntry { interaction { id subject channel } }
  ... on OrderEntry { order { id amount { amount currency } } }
  ... on StageMoveEntry { transition { id fromStage { key } toStage { key } dwellSeconds } }
  ... on MembershipEntry { membership { id segment { key } } }
  ... on IdentityEntry { added actor { label } }
  ... on ValueEntry { figures }
  ... on MergeEntry { merged data }
  ... on RelationshipEntry { relationship { id kind related { displayName } } }
  ... on FollowUpEntry { followUp { id subject status } }
}
"""


async def asked(customer_id: UUID, actor: Actor = OWNER, **arguments: Any) -> Answer:
    return await ask(PAGE, {"c": ids.encode("cus", customer_id), **arguments}, actor)


async def page(customer_id: UUID, actor: Actor = OWNER, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await asked(customer_id, actor, **arguments)).data["customer"]["timeline"]
    return found


async def kinds_of(customer_id: UUID, actor: Actor = OWNER, **arguments: Any) -> set[str]:
    return {node["kind"] for node in (await page(customer_id, actor, first=100, **arguments))["nodes"]}


async def walked(customer_id: UUID, size: int, **arguments: Any) -> list[str]:
    """The cursors of all entries, page by page; each tells time, id and kind."""
    found, after = [], None
    while True:
        one = await page(customer_id, first=size, after=after, **arguments)
        found += [edge["cursor"] for edge in one["edges"]]
        assert one["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not one["pageInfo"]["hasNextPage"]:
            return found
        after = one["pageInfo"]["endCursor"]


async def noted(customer: Customer, type: str, **data: Any) -> None:
    await Event.create(
        type=type, noun="customer", noun_id=customer.id, customer_id=customer.id, actor_kind="SYSTEM",
        actor_label="test", data=data,
    )  # fmt: skip


async def test_every_kind_of_entry_is_told_with_its_details_in_one_statement(db: str) -> None:
    await default.install(OWNER)
    alice, bob = await busy(), await factories.customer("Bob")
    await relationships.create(OWNER, bob.id, alice.id, kind=RelationshipKind.REFERRED_BY, fields={})
    await noted(alice, "value.changed", clv=["1", "2"])
    await noted(alice, "customer.merged", absorbed=[])
    answer = await asked(alice.id, first=50)
    assert len(answer.statements) == 1
    nodes = {node["kind"]: node for node in reversed(answer.data["customer"]["timeline"]["nodes"])}
    assert set(nodes) == {kind.value for kind in EntryKind}
    assert nodes["ORDER"]["order"]["amount"] == {"amount": "12.5", "currency": "USD"}
    assert nodes["STAGE_MOVE"]["transition"]["dwellSeconds"] == 86_400
    assert nodes["RELATIONSHIP"]["relationship"]["related"]["displayName"] == "Alice"
    assert (nodes["VALUE_CHANGE"]["figures"], nodes["MERGE"]["merged"]) == ({"clv": ["1", "2"]}, True)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
async def test_pages_of_any_size_walk_the_same_list(db: str, size: int) -> None:
    await default.install(OWNER)
    alice = await busy()
    whole = await walked(alice.id, 50)
    assert await walked(alice.id, size) == whole
    assert len(set(whole)) == len(whole) == 9


async def crowd(customer: Customer, chance: random.Random, number: int) -> None:
    """Interactions, orders and follow-ups at times that are often equal."""
    for _ in range(number):
        ago = chance.randrange(6)
        if chance.random() < 0.5:
            await interactions.log(OWNER, customer.id, fields={**CALL, "occurred_at": NOW - ago * DAY}, now=NOW)
        else:
            await factories.order(customer, days_ago=ago)


async def test_what_was_there_is_met_exactly_once_in_order_while_others_write(fresh_db: str) -> None:
    for seed in range(8):
        chance = random.Random(seed)
        alice = await factories.customer()
        await crowd(alice, chance, 25)
        before, done = await walked(alice.id, 100), asyncio.Event()

        async def write(customer: Customer = alice, chance: random.Random = chance, done: Any = done) -> None:
            while not done.is_set():
                await crowd(customer, chance, 1)

        writers = [asyncio.create_task(write()) for _ in range(2)]
        found = await walked(alice.id, chance.randrange(1, 6))
        done.set()
        await asyncio.gather(*writers)
        known = set(before)
        assert len(set(found)) == len(found)
        assert [cursor for cursor in found if cursor in known] == before


@pytest.mark.parametrize("kind", list(EntryKind))
async def test_entries_are_chosen_by_kind(db: str, kind: EntryKind) -> None:
    await default.install(OWNER)
    alice = await busy()
    await noted(alice, "value.changed")
    await noted(alice, "customer.merged")
    await relationships.create(
        OWNER, alice.id, (await factories.customer("Bob")).id, kind=RelationshipKind.PARTNER, fields={}
    )
    assert await kinds_of(alice.id, kinds=[kind.value]) == {kind.value}


async def test_entries_are_chosen_by_time_channel_and_staff_member(db: str) -> None:
    await default.install(OWNER)
    alice, carol = await busy(), await staff("carol")
    await factories.order(alice, channel="web")
    for channel, who in (("WEB", None), ("PHONE", carol.id)):
        await interactions.log(OWNER, alice.id, fields={**CALL, "channel": channel, "staff_id": who}, now=NOW)
    found = await page(alice.id, first=100, since=(NOW - DAY).isoformat(), until=(NOW + DAY).isoformat())
    times = [node["at"] for node in found["nodes"]]
    assert times == sorted(times, reverse=True)
    assert "2026-11-19" < times[-1] <= times[0] < "2026-11-21T12"
    assert await kinds_of(alice.id, channel="WEB") == {"INTERACTION", "ORDER"}
    mine = await page(alice.id, staff=ids.encode("stf", carol.id))
    assert [node["interaction"]["channel"] for node in mine["nodes"]] == ["PHONE"]


async def test_an_organisations_timeline_includes_the_people_one_may_see_on_request(db: str) -> None:
    await default.install(OWNER)
    firm = await factories.customer("Firm", kind=CustomerKind.ORGANIZATION, organization_name="Firm", country="IR")
    people = [await busy("Alice", country="IR"), await busy("Bob", country="DE")]
    for person in people:
        await relationships.create(OWNER, person.id, firm.id, kind=RelationshipKind.EMPLOYED_BY, fields={})
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    for actor, alone, together in (
        (OWNER, {"Firm"}, {"Firm", "Alice", "Bob"}),
        (partner, {"Firm"}, {"Firm", "Alice"}),
    ):
        for people_too, expected in ((None, alone), (True, together)):
            found = await page(firm.id, actor, first=100, people=people_too)
            assert {node["customer"]["displayName"] for node in found["nodes"]} == expected
    whole = await walked(firm.id, 3, people=True)
    assert len(set(whole)) == len(whole)
    linked = await page(firm.id, partner, kinds=["RELATIONSHIP"])
    assert len(linked["nodes"]) == 1


async def test_kinds_that_one_may_not_read_are_left_out_and_refused_by_name(db: str) -> None:
    await default.install(OWNER)
    alice = await busy()
    reader = factories.everything_but(Scope.ORDER_READ, Scope.VALUE_READ)
    text = "query($c: ID!) { customer(id: $c) { timeline { nodes { kind } } } }"
    found = (await ask(text, {"c": ids.encode("cus", alice.id)}, reader)).data["customer"]["timeline"]["nodes"]
    assert "ORDER" not in {node["kind"] for node in found}
    assert (await asked(alice.id, reader, kinds=["ORDER"])).code == "FORBIDDEN"
    assert (await page(alice.id, reader))["nodes"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"first": 0}, ["first"]),
        ({"first": 101}, ["first"]),
        ({"after": "x"}, ["after"]),
        ({"after": "WyJhIiwiYiIsImMiXQ"}, ["after"]),
        ({"kinds": []}, ["kinds"]),
        ({"staff": "cus_1"}, ["staffId"]),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, ["until"]),
    ],
)
async def test_what_cannot_be_asked_names_its_argument(db: str, arguments: Any, path: list[str]) -> None:
    alice = await factories.customer()
    answer = await asked(alice.id, **arguments)
    assert answer.errors[0]["extensions"]["inputPath"] == path


async def refused(customer_id: UUID, **arguments: Any) -> dict[str, Any]:
    """The error of a page that cannot be, whose statement may have failed."""
    with suppress(Undo):
        async with transaction(sandbox=True):
            answer = await asked(customer_id, **arguments)
            raise Undo
    found: dict[str, Any] = answer.errors[0]
    return found


async def test_a_cursor_belongs_to_its_customer_and_filter(db: str) -> None:
    await default.install(OWNER)
    alice, bob = await busy("Alice"), await busy("Bob")
    cursor = (await page(alice.id, first=1, kinds=["ORDER"]))["pageInfo"]["endCursor"]
    for customer, arguments in (bob, {"kinds": ["ORDER"]}), (alice, {}), (alice, {"kinds": ["ORDER"], "people": True}):
        error = await refused(customer.id, after=cursor, **arguments)
        assert "cursor of another list" in error["message"]
        assert (error["path"], error["extensions"]["inputPath"]) == (["customer", "timeline"], ["after"])
    assert (await page(alice.id, after=cursor, kinds=["ORDER"]))["pageInfo"]["hasPreviousPage"]


async def test_a_list_of_customers_comes_with_their_timelines_in_one_statement(db: str) -> None:
    await default.install(OWNER)
    for name in ("Alice", "Bob"):
        await busy(name)
    answer = await ask("{ customers { nodes { displayName timeline(first: 2) { nodes { kind } } } } }")
    assert len(answer.statements) == 1
    assert [len(node["timeline"]["nodes"]) for node in answer.data["customers"]["nodes"]] == [2, 2]


ALL = """
query($c: ID!) {
  customer(id: $c) {
    timeline(first: 60) {
      nodes {
        __typename kind at customer { id }
        ... on InteractionEntry { interaction { id staff { name } rating { kind value } } }
        ... on OrderEntry { order { id amount { amount currency } customer { displayName } } }
        ... on StageMoveEntry { transition { id fromStage { key } toStage { key } lifecycle { key } } }
        ... on MembershipEntry { membership { id segment { key } exitedAt } }
        ... on RelationshipEntry { relationship { id related { id } customer { id } } }
        ... on FollowUpEntry { followUp { id owner { email } } }
      }
      pageInfo { hasNextPage hasPreviousPage }
    }
  }
}
"""


async def test_the_timeline_of_everybody_equals_that_of_plain_resolvers(world: World) -> None:
    oracle = await Oracle.load(schema.as_str())
    for customer in world.rows[Customer]:
        given = {"c": ids.encode("cus", customer.id)}
        assert (await ask(ALL, given)).data == oracle.answer(ALL, given)
