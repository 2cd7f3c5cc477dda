"""Around every request: its id, its headers, its log line, its figures, and a mask over what nobody expected."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import masked
from api.facts import Facts, facts_of, named
from api.metrics import Metrics
from crm import logs

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""For whatever is no page: nothing in it is to be loaded or run."""
HSTS = (b"strict-transport-security", b"max-age=63072000")
PROBES = ("/livez", "/readyz", "/startupz", "/metrics")


@dataclass
class Sent:
    """What went out so far."""

    status: int = 0
    began: float = field(default_factory=time.perf_counter)


class Front:
    """The outermost of ours around an application; `https` adds Strict-Transport-Security.

    With `hand_on` the application finds the request's id in the headers, whether the caller sent a decent one or none.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, https: bool, hand_on: bool = True) -> None:
        self.app = app
        self.metrics = metrics
        self.hand_on = hand_on
        self.log = structlog.get_logger("arzesh.request").bind()
        self.headers = SECURITY_HEADERS + ((HSTS,) if https else ())
        self.names = frozenset(name for name, _ in self.headers) | {b"x-request-id", b"content-security-policy"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        facts, sent = facts_of(scope), Sent()
        if self.hand_on:
            kept = [header for header in scope["headers"] if header[0] != b"x-request-id"]
            scope["headers"] = [*kept, (b"x-request-id", facts.request_id.encode())]

        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                message["headers"] = self.completed(message.get("headers", ()), facts)
            await send(message)

        self.metrics.running.inc()
        logs.request_id.set(facts.request_id)
        try:
            await self.app(scope, receive, outward)
        except Exception:
            facts.code = "INTERNAL"
            self.log.exception("unexpected failure", path=scope["path"])
            if not sent.status:
                await fail(outward, facts)
        finally:
            self.close(scope, facts, sent)

    def completed(self, headers: Iterable[tuple[bytes, bytes]], facts: Facts) -> list[tuple[bytes, bytes]]:
        """The headers with those that the answer lacks; a page brings its own content policy."""
        given = list(headers)
        mark = (b"x-request-id", facts.request_id.encode())
        if self.names.isdisjoint([name for name, _ in given]) and not is_page(given):
            return [*given, *self.headers, mark, POLICY]
        present = {name.lower() for name, _ in given}
        wanted = [*self.headers, mark, *(() if is_page(given) else (POLICY,))]
        return given + [header for header in wanted if header[0] not in present]

    def close(self, scope: Scope, facts: Facts, sent: Sent) -> None:
        self.metrics.running.dec()
        actor = scope.get("state", {}).get("actor")  # where the panel leaves it
        if actor is not None:
            facts.credential = named(actor)
        seconds = time.perf_counter() - sent.began
        status = sent.status or 499  # as nginx has it: the client left before there was an answer
        path: str = scope["path"]
        self.metrics.note(path, scope["method"], status, facts, seconds)
        details = told(facts, scope["method"], path, status, seconds)
        if path in PROBES and status < 400:
            self.log.debug("request", **details)
        else:
            logs.tell("request", details)


def is_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(value.startswith(b"text/html") for name, value in headers if name.lower() == b"content-type")


def told(facts: Facts, method: str, path: str, status: int, seconds: float) -> dict[str, object]:
    """What a log line says of a request, by name in their order; without what is not known."""
    details = {
        "client": facts.client or None,
        "code": facts.code,
        "cost": facts.cost,
        "credential": facts.credential,
        "document": facts.document,
        "method": method,
        "ms": round(seconds * 1000, 1),
        "operation": facts.operation,
        "path": path,
        "request_id": facts.request_id,
        "status": status,
    }
    return {name: value for name, value in details.items() if value is not None}


async def fail(send: Send, facts: Facts) -> None:
    body = masked(facts.request_id)
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
