"""One list of everything: each entry once, in order, whatever is written meanwhile, as far as one may read."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from crm import customers, followups, interactions, relationships, timeline
from crm.access import Scope
from crm.errors import Forbidden, NotFound, ValidationFailed
from crm.lifecycle import default, positions
from crm.segments import static
from crm.timeline import EntryKind, Filter
from models import Channel, Customer, CustomerKind, Direction, Interaction, InteractionKind, RelationshipKind
from tests import factories
from tests.factories import NOW, OWNER
from tests.queries import counting

CALL: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}
DAY = timedelta(days=1)
UNMADE = {EntryKind.VALUE_CHANGE, EntryKind.MERGE, EntryKind.RELATIONSHIP}
"""Kinds of which `busy` makes none."""


async def busy(name: str = "Alice", **fields: Any) -> Customer:
    """A customer with an entry of every kind that use cases can make."""
    customer = await factories.customer(name, factories.email(f"{name.lower()}@example.org"), **fields)
    segment = await factories.segment(f"vip-{name.lower()}")
    await interactions.log(OWNER, customer.id, fields={**CALL, "subject": "Price"}, now=NOW)
    await interactions.log(OWNER, customer.id, fields={**CALL, "kind": InteractionKind.NOTE}, now=NOW)
    await factories.order(customer, "12.50", days_ago=3)
    await positions.move(OWNER, customer.id, to="prospect", now=NOW + DAY)
    await static.add(OWNER, segment.id, [customer.id], now=NOW)
    await static.remove(OWNER, segment.id, [customer.id], now=NOW)
    await followups.create(OWNER, customer.id, subject="Call back", due_at=NOW + 2 * DAY, now=NOW)
    return customer


async def walked(customer_id: UUID, size: int, **filter: Any) -> list[tuple[UUID, EntryKind]]:
    found, after = [], None
    while True:
        page = await timeline.page(OWNER, customer_id, first=size, after=after, filter=Filter(**filter))
        found += [(entry.id, entry.kind) for entry in page.entries]
        if not page.has_next:
            return found
        after = page.entries[-1].cursor


async def test_a_timeline_holds_every_kind_of_entry_newest_first(db: str) -> None:
    await default.install(OWNER)
    alice = await busy()
    page = await timeline.page(OWNER, alice.id)
    assert {entry.kind for entry in page.entries} == set(EntryKind) - UNMADE
    times = [entry.at for entry in page.entries]
    assert times == sorted(times, reverse=True)
    order = next(entry for entry in page.entries if entry.kind is EntryKind.ORDER)
    move = next(entry for entry in page.entries if entry.kind is EntryKind.STAGE_MOVE)
    assert (order.data["amount"], order.data["currency"]) == ("12.5", "USD")
    assert (move.data["from"], move.data["to"], move.data["dwellSeconds"]) == ("suspect", "prospect", 86_400)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_pages_of_any_size_walk_the_list_exactly_once(db: str, size: int) -> None:
    await default.install(OWNER)
    alice = await busy()
    for _ in range(5):
        await interactions.log(OWNER, alice.id, fields=CALL, now=NOW)
    whole = await walked(alice.id, 100)
    assert await walked(alice.id, size) == whole
    assert len(set(whole)) == len(whole) == 14


async def test_pages_walk_what_was_there_exactly_once_while_others_write(fresh_db: str) -> None:
    alice = await factories.customer()
    chance = random.Random(7)
    before = [await interactions.log(OWNER, alice.id, fields=CALL, now=NOW - n * DAY) for n in range(30)]
    done = asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            at = NOW - chance.randrange(30) * DAY
            await interactions.log(OWNER, alice.id, fields={**CALL, "occurred_at": at}, now=NOW)

    writer = asyncio.create_task(write())
    found = await walked(alice.id, 3, kinds=[EntryKind.INTERACTION])
    done.set()
    await writer
    assert len(set(found)) == len(found)
    assert [key for key, _ in found if key in {each.id for each in before}] == [each.id for each in before]


async def test_a_page_takes_one_statement(db: str) -> None:
    await default.install(OWNER)
    alice = await busy()
    async with counting() as sent:
        await timeline.page(OWNER, alice.id)
    assert len(sent) == 1


@pytest.mark.parametrize("kind", list(EntryKind))
async def test_entries_are_chosen_by_kind(db: str, kind: EntryKind) -> None:
    await default.install(OWNER)
    alice = await busy()
    page = await timeline.page(OWNER, alice.id, filter=Filter(kinds=[kind]))
    assert {entry.kind for entry in page.entries} == ({kind} - UNMADE)


async def test_entries_are_chosen_by_time(db: str) -> None:
    await default.install(OWNER)
    alice = await busy()
    page = await timeline.page(OWNER, alice.id, filter=Filter(since=NOW - DAY, until=NOW + DAY))
    assert page.entries
    assert all(NOW - DAY <= entry.at < NOW + DAY for entry in page.entries)


async def test_an_organisations_timeline_includes_its_people_on_request(db: str) -> None:
    await default.install(OWNER)
    firm = await factories.customer("Firm", kind=CustomerKind.ORGANIZATION, organization_name="Firm", country="IR")
    alice, bob = await busy("Alice", country="IR"), await busy("Bob", country="DE")
    for person in (alice, bob):
        kind = RelationshipKind.EMPLOYED_BY
        await relationships.create(OWNER, person.id, firm.id, kind=kind, fields={})
    alone = await timeline.page(OWNER, firm.id)
    together = await timeline.page(OWNER, firm.id, first=100, filter=Filter(people=True))
    assert {entry.customer_id for entry in alone.entries} == {firm.id}
    assert {entry.customer_id for entry in together.entries} == {firm.id, alice.id, bob.id}
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    seen = await timeline.page(partner, firm.id, first=100, filter=Filter(people=True))
    assert {entry.customer_id for entry in seen.entries} == {firm.id, alice.id}


async def test_what_one_may_not_read_is_left_out_and_refused_by_name(db: str) -> None:
    await default.install(OWNER)
    alice = await busy()
    reader = factories.everything_but(Scope.ORDER_READ)
    page = await timeline.page(reader, alice.id)
    assert EntryKind.ORDER not in {entry.kind for entry in page.entries}
    with pytest.raises(Forbidden, match="order:read"):
        await timeline.page(reader, alice.id, filter=Filter(kinds=[EntryKind.ORDER]))
    with pytest.raises(Forbidden, match="interaction:read"):
        await timeline.page(factories.everything_but(Scope.INTERACTION_READ), alice.id)


async def test_a_customer_outside_the_row_filter_has_no_timeline(db: str) -> None:
    alice = await factories.customer(country="DE")
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    for people in (False, True):
        with pytest.raises(NotFound):
            await timeline.page(partner, alice.id, filter=Filter(people=people))


@pytest.mark.parametrize("cursor", ["", "x", "e30", "W10", "WyJhIiwiYiIsImMiXQ", "é", "A" * 10_000])
async def test_a_damaged_cursor_is_refused(db: str, cursor: str) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed, match="not a cursor"):
        await timeline.page(OWNER, alice.id, after=cursor)


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_a_sensible_size(db: str, first: int) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed, match="1 to 100"):
        await timeline.page(OWNER, alice.id, first=first)


async def test_an_identity_that_went_away_is_told_without_its_value(db: str) -> None:
    alice = await factories.customer("Alice", factories.email("alice@example.org"))
    version = (await Customer.get(id=alice.id)).version
    identity = await alice.identities.all().first()
    assert identity is not None
    await customers.update(
        OWNER, alice.id, expected_version=version, fields={}, now=NOW, remove_identities=[identity.id]
    )
    page = await timeline.page(OWNER, alice.id, filter=Filter(kinds=[EntryKind.IDENTITY_CHANGE]))
    assert [entry.data["type"] for entry in page.entries] == ["identity.removed", "identity.added"]
    assert "alice@" not in str(page.entries)
    assert not await Interaction.exists()
