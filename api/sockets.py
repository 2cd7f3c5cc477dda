"""GraphQL over WebSocket by the protocol graphql-transport-ws: what goes over the wire, and the way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from api.auth import OWN_HEADER
from api.facts import facts_of
from api.graphql import GraphQLEndpoint
from api.session import Closing, Session, Wire
from api.streams import Streams

PROTOCOL = "graphql-transport-ws"
FORBIDDEN = 4403
NO_PROTOCOL = 4406


@dataclass
class SocketEndpoint:
    """An ASGI application for WebSockets; pages of `origins` may connect beside our own."""

    graphql: GraphQLEndpoint
    streams: Streams
    origins: Sequence[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        own = is_own_page(headers)
        if own is False and headers["origin"] not in self.origins:
            return await send({"type": "websocket.close", "code": FORBIDDEN, "reason": "Foreign page."})
        if PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            return await send({"type": "websocket.close", "code": NO_PROTOCOL, "reason": f"Speak {PROTOCOL}."})
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        wire = Wire(receive, send)
        session = Session(self.graphql, self.streams, wire, credentials(headers, own=bool(own)), facts_of(scope))
        try:
            await session.run()
        except Closing as closing:
            await wire.close(closing)


def is_own_page(headers: Mapping[str, str]) -> bool | None:
    """Whether a page of ours connects; None for a program, which names no origin."""
    origin = headers.get("origin")
    return None if origin is None else urlsplit(origin).netloc == headers.get("host")


def credentials(headers: Mapping[str, str], *, own: bool) -> dict[str, str]:
    """What of the handshake tells who connects. A cookie counts for our own pages, which the origin has proved."""
    found = {name: headers[name] for name in ("authorization", "cookie") if name in headers}
    return found | ({OWN_HEADER: "socket"} if own else {})
