"""The GraphQL endpoint: request in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.types import Receive, Scope, Send

from api.answers import Answer, answered, compressed, refusal, revalidated
from api.auth import Gate
from api.documents import Document, Documents, mark_of
from api.errors import MalformedRequest, MethodNotAllowed, NotAcceptable
from api.facts import Facts, facts_of
from api.limits import Buckets, within
from api.negotiation import GRAPHQL, JSON, answer_type, check_request_type, prefers_html
from api.request import ClientGone, Parameters, from_body, from_query_string, read_body
from api.sse import EventStream, alone, wants_events
from api.streams import Streams
from crm.access import Actor
from crm.errors import CrmError
from schema.select.documents import Invalid
from schema.select.explain import depth_of
from schema.select.reader import failed
from schema.select.rendered import Located
from schema.select.request import GraphQLRequest, GraphQLResponse
from schema.streaming import NoSubscription

Execute = Callable[[GraphQLRequest, Actor], Coroutine[Any, Any, GraphQLResponse]]


@dataclass(slots=True)
class Call:
    """One HTTP request on its way."""

    method: str
    query_string: bytes
    headers: dict[str, str]
    receive: Receive
    facts: Facts
    media_type: str = JSON
    events: bool = False


@dataclass
class GraphQLEndpoint:
    """An ASGI application for one address; browsers are sent on to `playground`."""

    execute: Execute
    gate: Gate
    documents: Documents
    buckets: Buckets
    now: Callable[[], datetime]
    body_limit: int
    deadline: float
    playground: str | None = None
    streams: Streams | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        call = Call(scope["method"], scope["query_string"], headers, receive, facts_of(scope))
        try:
            answer = await self.answer(call)
        except ClientGone:
            call.facts.code = "CLIENT_GONE"
            return
        await answer.send(send)

    async def answer(self, call: Call) -> Answer | EventStream:
        if self.playground and wants_playground(call):
            return Answer(b"", 303, "text/html", {"location": self.playground})
        try:
            check_method(call)
            call.events = self.streams is not None and wants_events(call.headers.get("accept", ""))
            call.media_type = JSON if call.events else negotiated(call)
            actor = await self.gate.actor(call.headers, call.facts)
            parameters = await self.read(call)
            document = self.documents.find(parameters)
        except CrmError as error:
            of_document = error.status == 400 and not isinstance(error, MalformedRequest)
            return refusal(error, call.facts, call.media_type, of_document=of_document)
        try:
            if call.events and self.streams:
                return await self.streamed(call, parameters, document, actor, self.streams)
            return await self.executed(call, parameters, document, actor)
        except CrmError as error:
            return refusal(error, call.facts, call.media_type, of_document=True)

    async def read(self, call: Call) -> Parameters:
        if call.method == "POST":
            check_request_type(call.headers.get("content-type", ""), call.headers.get("content-encoding", ""))
        body = await read_body(call.receive, call.headers.get("content-length", ""), self.body_limit)
        return from_body(body) if call.method == "POST" else from_query_string(call.query_string)

    async def executed(self, call: Call, parameters: Parameters, document: Document, actor: Actor) -> Answer:
        note(call.facts, document, parameters)
        cacheable = call.method == "GET" and document.persisted
        asked = self.asked(call, parameters, document, tell_cost=not cacheable)
        response = await within(self.deadline, call.receive, self.execute(asked, actor))
        call.facts.cost = response.cost
        if document.learn and response.status == 200:
            self.documents.learn(document.learn, document.text)
        answer = answered(response, call.facts, call.media_type)
        if cacheable and not response.errors:
            answer = revalidated(answer, call.headers.get("if-none-match", ""))
        return await compressed(answer, call.headers.get("accept-encoding", ""))

    async def streamed(
        self, call: Call, parameters: Parameters, document: Document, actor: Actor, streams: Streams
    ) -> Answer | EventStream:
        """A subscription as server-sent events; a query or mutation is told as its only one."""
        note(call.facts, document, parameters)
        asked = self.asked(call, parameters, document, tell_cost=True)
        held = ExitStack()
        try:
            stream = await streams.subscribe(asked, actor)
        except NoSubscription:
            response = await within(self.deadline, call.receive, self.execute(asked, actor))
            return EventStream(alone(response.body), call.facts, call.receive, held)
        except (Invalid, Located) as error:
            return answered(failed(error, call.facts.request_id), call.facts, GRAPHQL)
        held.enter_context(streams.connection(call.facts.credential or ""))
        bodies = streams.bodies(stream, lambda: self.gate.actor(call.headers, call.facts), asked.charge)
        return EventStream(bodies, call.facts, call.receive, held)

    def asked(self, call: Call, parameters: Parameters, document: Document, *, tell_cost: bool) -> GraphQLRequest:
        def charge(cost: int) -> Mapping[str, Any] | None:
            told = self.buckets.take(call.facts.credential or "", cost)
            return told if tell_cost else None  # what is left differs each time; a cacheable answer must not

        return GraphQLRequest(
            document=document.text,
            now=self.now(),
            variables=parameters.variables,
            operation_name=parameters.operation_name,
            queries_only=call.method == "GET",
            charge=charge,
            explain=depth_of(parameters.extensions.get("explain")),
            idempotency_key=call.headers.get("idempotency-key") or None,
        )


def wants_playground(call: Call) -> bool:
    """Whether somebody opened the address in a browser."""
    return call.method == "GET" and not call.query_string and prefers_html(call.headers.get("accept", ""))


def check_method(call: Call) -> None:
    if call.method not in ("GET", "POST"):
        raise MethodNotAllowed


def negotiated(call: Call) -> str:
    """The media type to answer with. Raises NotAcceptable."""
    found = answer_type(call.headers.get("accept", ""))
    if found is None:
        raise NotAcceptable
    return found


def note(facts: Facts, document: Document, parameters: Parameters) -> None:
    """What the log line tells of the document: never its text, which may hold people's data."""
    facts.document = mark_of(document.text)
    facts.trusted = document.trusted
    facts.operation = (parameters.operation_name or "")[:80] or None
