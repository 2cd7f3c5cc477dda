"""What mutations and subscriptions tell of a record is what a query tells of it, for any selection."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import orjson

from crm.database import transaction
from crm.feed import Heard
from crm.ids import PREFIXES
from models import Customer, Event
from schema import schema, subscribe
from schema.select.request import GraphQLRequest
from tests.conftest import Undo
from tests.factories import NOW, OWNER
from tests.schema.asking import ask
from tests.schema.documents import Draft
from tests.schema.test_oracle import ids_of
from tests.schema.world import World

SELECTIONS = 25
UPDATE = 'customerUpdate(input: {id: $id, expectedVersion: %d, city: "Köln"}) { customer %s problems { code } }'


def selection(world: World, kind: str, seed: int) -> tuple[Draft, str]:
    """A selection of fields of a type, with what it needs of its document."""
    draft = Draft(schema._schema, random.Random(seed), ids_of(world))  # noqa: S311 - repeatable
    return draft, draft.selection(schema._schema.type_map[kind], 3)


def written(draft: Draft, operation: str, root: str) -> str:
    return "\n".join([f"{operation}({', '.join(['$id: ID!', *draft.declared])}) {{ {root} }}", *draft.fragments])


async def update_and_read(draft: Draft, body: str, row: Any) -> tuple[Any, Any]:
    """The customer in the payload of an update, and as a query then reads it; nothing of it stays."""
    given = {**draft.variables, "id": f"cus_{row.id}"}
    with suppress(Undo):
        async with transaction(sandbox=True):
            changed = await ask(written(draft, "mutation", UPDATE % (row.version, body)), given)
            read = await ask(written(draft, "query", f"customer(id: $id) {body}"), given)
            raise Undo
    assert changed.data["customerUpdate"]["problems"] == []
    return changed.data["customerUpdate"]["customer"], read.data["customer"]


async def test_a_payload_tells_what_a_query_tells(world: World) -> None:
    rows = [row for row in world.of(Customer) if row.version < 100 and not row.archived_at]
    for seed in range(SELECTIONS):
        draft, body = selection(world, "Customer", seed)
        payload, read = await update_and_read(draft, body, rows[seed % len(rows)])
        assert payload == read, body


async def hear_and_read(draft: Draft, body: str, field: str, heard: Heard, key: str) -> tuple[Any, Any]:
    """What a subscription tells when it hears of an event, and what a query reads."""
    kind = "Customer" if field == "customerChanged" else "Event"
    # Both take the id, which the subscription uses to choose the customer, so that one head fits both documents.
    chosen = f"{field}({'id' if kind == 'Customer' else 'after'}: $id) {body}"
    given = {**draft.variables, "id": key}
    stream = await subscribe(GraphQLRequest(written(draft, "subscription", chosen), NOW, given), OWNER)
    told = await stream.read(heard, OWNER, NOW)
    read = await ask(written(draft, "query", f"node(id: $id) {{ ... on {kind} {body} }}"), given)
    assert told
    return orjson.loads(told)["data"][field], read.data["node"]


async def test_a_subscription_tells_what_a_query_tells(world: World) -> None:
    customers, events = world.of(Customer), world.of(Event)
    for seed in range(SELECTIONS):
        row, event = customers[seed % len(customers)], events[seed % len(events)]
        heard = Heard(event.id, event.type, row.id, (1, 1))
        for field, kind, key in (("customerChanged", "Customer", row.id), ("events", "Event", event.id)):
            draft, body = selection(world, kind, seed)
            told, read = await hear_and_read(draft, body, field, heard, f"{PREFIXES[kind.lower()]}_{key}")
            assert told == read, body
