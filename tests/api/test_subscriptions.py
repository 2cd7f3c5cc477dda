"""Subscriptions over WebSocket and as server-sent events, by a client of another make, on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from api import session, streams
from crm import customers, feed, tokens
from crm.access import Scope
from models import ApiToken, Event
from tests import factories
from tests.api.conftest import OWNER, Serve, Served, minted
from tests.factories import NOW

PROTOCOL = "graphql-transport-ws"
CHANGED = "subscription { customerChanged { displayName city } }"
TOLD = "subscription($types: [String!], $after: ID) { events(types: $types, after: $after) { id type } }"


class Socket:
    """A client that speaks the protocol."""

    def __init__(self, connection: ClientConnection, client: Served) -> None:
        self.connection = connection
        self.client = client
        self.subscriptions = 0

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(60):
            found: dict[str, Any] = json.loads(await self.connection.recv())
        return found

    async def subscribe(self, key: str, query: str, **variables: Any) -> None:
        await self.send(id=key, type="subscribe", payload={"query": query, "variables": variables})
        self.subscriptions += 1
        await self.client.listened_to(self.subscriptions)

    async def closed(self) -> tuple[int, str]:
        async with asyncio.timeout(60):
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def opened(client: Served, **options: Any) -> AsyncIterator[Socket]:
    address = f"ws{str(client.base_url).rstrip('/').removeprefix('http')}/graphql"
    options = {"subprotocols": [PROTOCOL], **options}
    async with connect(address, **options) as connection:
        yield Socket(connection, client)


def secret(client: Served) -> dict[str, str]:
    return {"Authorization": client.headers["authorization"]}


@asynccontextmanager
async def greeted(client: Served) -> AsyncIterator[Socket]:
    async with opened(client) as socket:
        await socket.send(type="connection_init", payload=secret(client))
        assert await socket.hear() == {"type": "connection_ack"}
        yield socket


async def rename(name: str, city: str) -> None:
    found = await factories.customer(name)
    await customers.update(OWNER, found.id, expected_version=1, fields={"city": city}, now=NOW)


async def test_a_change_is_told_with_what_was_selected(serve: Serve) -> None:
    async with serve() as client, greeted(client) as socket:
        await socket.subscribe("1", CHANGED)
        await factories.customer("Alice", city="Köln")
        told = await socket.hear()
        assert told == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"customerChanged": {"displayName": "Alice", "city": "Köln"}}},
        }


async def test_events_are_told_by_type_and_from_where_one_left_off(serve: Serve) -> None:
    async with serve() as client, greeted(client) as socket:
        await rename("Alice", "Köln")
        first = await Event.get(type="customer.created")
        await socket.subscribe("1", TOLD, after=f"evt_{first.id}", types=["customer.updated", "customer.created"])
        assert (await socket.hear())["payload"]["data"]["events"]["type"] == "customer.updated"
        await factories.customer("Bob")
        assert (await socket.hear())["payload"]["data"]["events"]["type"] == "customer.created"


PAST = "subscription($t: [String!], $c: ID, $a: ID) { events(types: $t, customer: $c, after: $a) { type } }"


@pytest.mark.parametrize("stretch", [1, 3, 1000])
async def test_past_events_of_a_type_are_found_however_far_apart(serve: Serve, monkeypatch: Any, stretch: int) -> None:
    monkeypatch.setattr(feed, "STRETCH", stretch)
    async with serve() as client, greeted(client) as socket:
        await factories.customer("Alice")
        first = await Event.get(type="customer.created")
        for name in ("Bob", "Carla", "Dora", "Emil"):
            await rename(name, "Köln")
        await socket.subscribe("1", PAST, a=f"evt_{first.id}", t=["customer.updated"])
        told = [(await socket.hear())["payload"]["data"]["events"]["type"] for _ in range(4)]
        assert told == ["customer.updated"] * 4


async def test_past_events_of_one_customer_are_found(serve: Serve) -> None:
    async with serve() as client, greeted(client) as socket:
        await factories.customer("Alice")
        first = await Event.get(type="customer.created")
        await rename("Bob", "Köln")
        changed = await Event.get(type="customer.updated")
        await factories.customer("Carla")
        await socket.subscribe("1", PAST, a=f"evt_{first.id}", c=f"cus_{changed.customer_id}")
        told = [(await socket.hear())["payload"]["data"]["events"]["type"] for _ in range(2)]
        assert told == ["customer.created", "customer.updated"]


async def test_only_customers_who_fit_are_told(serve: Serve) -> None:
    document = 'subscription { customerChanged(where: {city: {eq: "Köln"}}) { displayName } }'
    async with serve() as client, greeted(client) as socket:
        await socket.subscribe("1", document)
        await factories.customer("Alice", city="Berlin")
        await factories.customer("Bob", city="Köln")
        assert (await socket.hear())["payload"]["data"]["customerChanged"] == {"displayName": "Bob"}


async def test_what_the_row_filter_hides_is_not_told(serve: Serve) -> None:
    partner = await tokens.create(
        OWNER,
        name="partner",
        scopes=[Scope.CUSTOMER_READ.value, Scope.EVENT_READ.value],
        now=datetime.now(UTC),
        expires_at=None,
        row_filter={"country": {"eq": "IR"}},
    )
    async with serve() as client, opened(client) as socket:
        await socket.send(type="connection_init", payload={"token": partner.secret})
        await socket.hear()
        await socket.subscribe("1", "subscription { events { customer { displayName } } }")
        await socket.subscribe("2", CHANGED)
        await factories.customer("Alice", country="DE")
        await factories.customer("Bob", country="IR")
        told = [json.dumps(await socket.hear()) for _ in range(2)]
        assert all("Bob" in text for text in told)


async def test_queries_and_mutations_go_over_the_socket_too(serve: Serve) -> None:
    async with serve() as client, greeted(client) as socket:
        await socket.send(id="q", type="subscribe", payload={"query": "{ me { kind } }"})
        told = await socket.hear()
        assert told["payload"]["data"] == {"me": {"kind": "TOKEN"}}
        assert await socket.hear() == {"id": "q", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ('subscription { events(types: ["order.recordet"]) { id } }', "VALIDATION_FAILED"),
        ("subscription { events(types: []) { id } }", "VALIDATION_FAILED"),
        ('subscription { events(after: "cus_1") { id } }', "VALIDATION_FAILED"),
        ('subscription { customerChanged(id: "x") { id } }', "VALIDATION_FAILED"),
        ('subscription { events(after: "evt_01900000-0000-7000-8000-000000000000") { id } }', "NOT_FOUND"),
        ("subscription { events { id } customerChanged { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ('mutation { tokenRevoke(input: {id: "x"}) { problems { code } } nope }', "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_cannot_be_is_told_as_an_error_of_that_operation(serve: Serve, query: str, code: str) -> None:
    async with serve() as client, greeted(client) as socket:
        await socket.send(id="x", type="subscribe", payload={"query": query})
        told = await socket.hear()
        assert (told["id"], told["type"]) == ("x", "error")
        assert told["payload"][0]["extensions"]["code"] == code


async def test_a_missing_scope_refuses_the_subscription_before_anything_is_told(serve: Serve) -> None:
    made = await minted(Scope.CUSTOMER_READ.value)
    async with serve() as client, opened(client) as socket:
        await socket.send(type="connection_init", payload={"token": made.secret})
        await socket.hear()
        await socket.send(id="1", type="subscribe", payload={"query": "subscription { events { id } }"})
        assert (await socket.hear())["payload"][0]["extensions"]["missingScope"] == "event:read"


async def test_a_revoked_token_ends_the_connection(serve: Serve) -> None:
    async with serve() as client, greeted(client) as socket:
        await socket.subscribe("1", CHANGED)
        await ApiToken.all().update(revoked_at=NOW)
        code, reason = await socket.closed()
        assert code == 4403
        assert "no longer valid" in reason


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["nonsense"], 4400),
        (['{"type": 1}'], 4400),
        (['{"id": "1", "type": "subscribe", "payload": {"query": "{ me { kind } }"}}'], 4401),
        (['{"type": "connection_init", "payload": {"token": "arz_wrong"}}'], 4403),
        (['{"type": "connection_init"}'], 4403),
        (["INIT", "INIT"], 4429),
        (["INIT", '{"type": "what"}'], 4400),
        (["INIT", '{"type": "subscribe", "payload": {}}'], 4400),
        (["INIT", '{"id": "1", "type": "subscribe"}'], 4400),
        (["INIT", "SUBSCRIBE", "SUBSCRIBE"], 4409),
    ],
)
async def test_whoever_breaks_the_protocol_is_told_so(serve: Serve, messages: list[str], code: int) -> None:
    async with serve() as client, opened(client) as socket:
        known = {
            "INIT": json.dumps({"type": "connection_init", "payload": secret(client)}),
            "SUBSCRIBE": json.dumps({"id": "1", "type": "subscribe", "payload": {"query": CHANGED}}),
        }
        for message in messages:
            await socket.connection.send(known.get(message, message))
        assert (await socket.closed())[0] == code


async def test_ping_is_answered_with_its_payload(serve: Serve) -> None:
    async with serve() as client, opened(client) as socket:
        await socket.send(type="ping", payload={"a": 1})
        assert await socket.hear() == {"type": "pong", "payload": {"a": 1}}


async def test_other_protocols_and_foreign_pages_are_refused(serve: Serve) -> None:
    async with serve() as client:
        async with opened(client, subprotocols=["graphql-ws"]) as socket:
            assert (await socket.closed())[0] == 4406
        with pytest.raises(Exception, match="403"):
            async with opened(client, origin="https://evil.example"):
                pass


async def test_whoever_is_silent_is_not_waited_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "IDLE_TIMEOUT", 0.2)
    async with serve() as client:
        async with greeted(client) as socket:
            assert (await socket.closed())[0] == 1000
        monkeypatch.setattr(session, "INIT_TIMEOUT", 0.2)
        async with opened(client) as socket:
            assert (await socket.closed())[0] == 4408


async def test_connections_and_operations_are_limited(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(session, "MOST_OPERATIONS", 1)
    async with serve() as client, greeted(client) as socket:
        await socket.subscribe("1", CHANGED)
        await socket.send(id="2", type="subscribe", payload={"query": CHANGED})
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "THROTTLED"
        async with opened(client) as other:
            await other.send(type="connection_init", payload=secret(client))
            assert (await other.closed())[0] == 4429


async def test_an_operation_that_its_client_ends_tells_nothing_more(serve: Serve) -> None:
    async with serve() as client, greeted(client) as socket:
        await socket.subscribe("1", CHANGED)
        await socket.send(id="1", type="complete")
        await client.listened_to(0)
        await factories.customer("Alice")
        await socket.send(id="1", type="subscribe", payload={"query": "{ me { kind } }"})
        assert "me" in (await socket.hear())["payload"]["data"]


async def test_server_sent_events_tell_the_same(serve: Serve) -> None:
    async with serve() as client:
        headers = {"Accept": "text/event-stream"}
        async with client.stream("POST", "/graphql", json={"query": CHANGED}, headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            await anext(lines)
            await client.listened_to(1)
            await factories.customer("Alice", city="Köln")
            while await anext(lines) != "event: next":
                pass
            told = json.loads((await anext(lines)).removeprefix("data: "))
        assert told == {"data": {"customerChanged": {"displayName": "Alice", "city": "Köln"}}}


async def test_server_sent_events_answer_queries_and_refuse_as_http_does(serve: Serve) -> None:
    async with serve() as client:
        headers = {"Accept": "text/event-stream"}
        told = await client.post("/graphql", json={"query": "{ me { kind } }"}, headers=headers)
        assert 'event: next\ndata: {"data":{"me":{"kind":"TOKEN"}}' in told.text
        assert told.text.endswith("event: complete\ndata: \n\n")
        refused = await client.post("/graphql", json={"query": "subscription { nope }"}, headers=headers)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_the_end_of_the_server_ends_every_subscription(serve: Serve) -> None:
    async with asyncio.timeout(120):
        async with serve() as client:
            await client.get("/livez")
            async with greeted(client) as socket:
                await socket.subscribe("1", CHANGED)
