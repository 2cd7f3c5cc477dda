"""One WebSocket connection: its messages, and the operations that run over it."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Send

from api.documents import Document
from api.facts import Facts
from api.graphql import Call, GraphQLEndpoint
from api.request import Parameters, from_mapping
from api.streams import Streams, errors_of, timely
from crm.access import Actor
from crm.errors import CrmError, Unauthenticated
from schema.select.reader import failed
from schema.select.request import GraphQLRequest
from schema.streaming import NoSubscription, Stream

INIT_TIMEOUT = 10.0
IDLE_TIMEOUT = 300.0
"""Seconds that a connection may stay open without an operation."""
MOST_OPERATIONS = 50

log = structlog.get_logger("arzesh.socket")


class Closing(Exception):
    """The connection is to end, for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Gone(Exception):
    """The client has left."""


class TooManyOperations(CrmError):
    """So many operations run over this connection already; end some, or open another."""

    code = "THROTTLED"
    status = 429


@dataclass
class Wire:
    """Messages in and out."""

    receive: Receive
    send: Send
    closed: bool = False

    async def read(self, limit: int) -> dict[str, Any]:
        """The next message; raises Gone, and Closing for what is none."""
        received = await self.receive()
        if received["type"] == "websocket.disconnect":
            self.closed = True
            raise Gone
        raw = received.get("text") or received.get("bytes") or ""
        if len(raw) > limit:
            raise Closing(1009, f"A message is above {limit:,} bytes.")
        try:
            message = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise Closing(4400, "A message is not JSON.") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closing(4400, "A message is no object with a type.")
        return message

    async def write(self, **message: Any) -> None:
        if not self.closed:
            await self.send({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    async def close(self, closing: Closing) -> None:
        if not self.closed:
            self.closed = True
            reason = closing.reason.encode()[:120].decode(errors="ignore")
            await self.send({"type": "websocket.close", "code": closing.code, "reason": reason})


@dataclass
class Session:
    """A connection from its opening to its end."""

    graphql: GraphQLEndpoint
    streams: Streams
    wire: Wire
    headers: dict[str, str]
    facts: Facts
    open: bool = False
    operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    refused: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until the client leaves; raises Closing."""
        with ExitStack() as counted:
            try:
                await self.begin(counted)
                while True:
                    await self.handle(await self.next_message())
            except Gone:
                pass
            finally:
                await self.end()
                log.info("socket", credential=self.facts.credential, client=self.facts.client or None)

    async def end(self) -> None:
        running = list(self.operations.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # -- messages ------------------------------------------------------------------------------------------------------

    async def begin(self, counted: ExitStack) -> None:
        """Wait for connection_init, and recognise the credential."""
        try:
            async with asyncio.timeout(INIT_TIMEOUT):
                message = await self.wire.read(self.graphql.body_limit)
                while message["type"] in ("ping", "pong"):
                    await self.handle(message)
                    message = await self.wire.read(self.graphql.body_limit)
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None
        if message["type"] != "connection_init":
            raise Closing(4401, "Unauthorized: begin with connection_init.")
        self.headers |= authorization(message.get("payload"))
        try:
            await self.who()
            counted.enter_context(self.streams.connection(self.facts.credential or ""))
        except CrmError as error:
            raise Closing(4429 if error.status == 429 else 4403, error.message) from None
        await self.wire.write(type="connection_ack")

    async def next_message(self) -> dict[str, Any]:
        """The next message; a connection over which nothing runs does not wait for it for ever."""
        read = asyncio.create_task(self.wire.read(self.graphql.body_limit))
        refused = asyncio.create_task(self.refused.wait())
        try:
            while True:
                done, _ = await asyncio.wait({read, refused}, timeout=IDLE_TIMEOUT, return_when="FIRST_COMPLETED")
                if refused in done:
                    raise Closing(4403, "Your credential is no longer valid.")
                if read in done:
                    return read.result()
                if not self.operations:
                    raise Closing(1000, "Nothing was asked for a while.")
        finally:
            read.cancel()
            refused.cancel()
            await asyncio.gather(read, refused, return_exceptions=True)

    async def handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping":
                await self.wire.write(type="pong", **payload_of(message))
            case "pong":
                pass
            case "subscribe":
                self.start(key_of(message), message.get("payload"))
            case "complete":
                task = self.operations.pop(key_of(message), None)
                if task:
                    task.cancel()
            case "connection_init":
                raise Closing(4429, "Too many initialisation requests")
            case other:
                raise Closing(4400, f"There is no message of type '{other[:40]}'.")

    def start(self, key: str, payload: Any) -> None:
        if not isinstance(payload, dict):
            raise Closing(4400, "The message 'subscribe' has no payload.")
        if key in self.operations:
            raise Closing(4409, f"Subscriber for {key} already exists")
        task = asyncio.create_task(self.operation(key, payload))
        self.operations[key] = task
        task.add_done_callback(lambda done: self.finished(key, done))

    def finished(self, key: str, task: asyncio.Task[None]) -> None:
        if self.operations.get(key) is task:
            del self.operations[key]

    # -- operations ----------------------------------------------------------------------------------------------------

    async def who(self) -> Actor:
        return await self.graphql.gate.actor(self.headers, self.facts)

    async def operation(self, key: str, payload: dict[str, Any]) -> None:
        """Carry out one operation and tell of it; whatever goes wrong is told under its id."""
        try:
            if len(self.operations) > MOST_OPERATIONS:
                raise TooManyOperations
            await self.carry_out(key, from_mapping(payload))
        except Unauthenticated:
            self.refused.set()
        except Exception as error:  # noqa: BLE001 - the last line before the client
            await self.tell_errors(key, errors_of(failed(error, self.facts.request_id)) or [])

    async def carry_out(self, key: str, parameters: Parameters) -> None:
        actor = await self.who()
        document = self.graphql.documents.find(parameters)
        call = Call("POST", b"", self.headers, self.wire.receive, self.facts)
        asked = self.graphql.asked(call, parameters, document, tell_cost=True)
        try:
            stream = await self.streams.subscribe(asked, actor)
        except NoSubscription:
            await self.once(key, asked, actor, document)
        else:
            self.learn(document)
            await self.again_and_again(key, stream, asked)

    def learn(self, document: Document) -> None:
        if document.learn:
            self.graphql.documents.learn(document.learn, document.text)

    async def once(self, key: str, asked: GraphQLRequest, actor: Actor, document: Document) -> None:
        """A query or mutation: one answer."""
        response = await timely(self.graphql.deadline, self.graphql.execute(asked, actor))
        errors = errors_of(response)
        if errors is not None:
            await self.tell_errors(key, errors)
        else:
            self.learn(document)
            await self.wire.write(id=key, type="next", payload=orjson.Fragment(response.body))
            await self.wire.write(id=key, type="complete")

    async def again_and_again(self, key: str, stream: Stream, asked: GraphQLRequest) -> None:
        async with aclosing(self.streams.bodies(stream, self.who, asked.charge)) as bodies:
            async for body in bodies:
                if body is not None:
                    await self.wire.write(id=key, type="next", payload=orjson.Fragment(body))
        await self.wire.write(id=key, type="complete")

    async def tell_errors(self, key: str, errors: list[Any]) -> None:
        await self.wire.write(id=key, type="error", payload=errors)


def key_of(message: dict[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not 1 <= len(key) <= 200:
        raise Closing(4400, "A message has no id, which is a text.")
    return key


def payload_of(message: dict[str, Any]) -> dict[str, Any]:
    return {"payload": message["payload"]} if "payload" in message else {}


def authorization(payload: Any) -> dict[str, str]:
    """The token in what a client sends with connection_init: `Authorization`, or `token` alone."""
    given = {str(name).lower(): value for name, value in payload.items()} if isinstance(payload, dict) else {}
    if isinstance(given.get("authorization"), str):
        return {"authorization": given["authorization"]}
    return {"authorization": f"Bearer {given['token']}"} if isinstance(given.get("token"), str) else {}
