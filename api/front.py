"""Around every request: its id, its headers, its log line, its figures, and a mask over what nobody expected."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import masked
from api.facts import Facts, facts_of, named
from api.metrics import Metrics

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"
"""For whatever is no page: nothing in it is to be loaded or run."""
HSTS = (b"strict-transport-security", b"max-age=63072000")
PROBES = ("/livez", "/readyz", "/startupz", "/metrics")


@dataclass
class Sent:
    """What went out so far."""

    status: int = 0
    began: float = field(default_factory=time.perf_counter)


class Front:
    """Middleware, the outermost of ours; `https` adds Strict-Transport-Security."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, https: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.log = structlog.get_logger("arzesh.request").bind()
        self.headers = SECURITY_HEADERS + ((HSTS,) if https else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        facts, sent = facts_of(scope), Sent()
        # The panel, too, finds the id in the header, whether the caller sent a decent one or none.
        kept = [header for header in scope["headers"] if header[0] != b"x-request-id"]
        scope["headers"] = [*kept, (b"x-request-id", facts.request_id.encode())]

        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *self.added(message, facts)]
            await send(message)

        self.metrics.running.inc()
        structlog.contextvars.bind_contextvars(request_id=facts.request_id)
        try:
            await self.app(scope, receive, outward)
        except Exception:
            facts.code = "INTERNAL"
            self.log.exception("unexpected failure", path=scope["path"])
            if not sent.status:
                await fail(outward, facts)
        finally:
            self.close(scope, facts, sent)
            structlog.contextvars.unbind_contextvars("request_id")

    def added(self, message: Message, facts: Facts) -> list[tuple[bytes, bytes]]:
        """Headers that the answer lacks; a page brings its own content policy."""
        present = {name.lower(): value for name, value in message.get("headers", ())}
        wanted = [*self.headers, (b"x-request-id", facts.request_id.encode())]
        if not present.get(b"content-type", b"").startswith(b"text/html"):
            wanted.append((b"content-security-policy", DATA_POLICY))
        return [(name, value) for name, value in wanted if name not in present]

    def close(self, scope: Scope, facts: Facts, sent: Sent) -> None:
        self.metrics.running.dec()
        actor = scope.get("state", {}).get("actor")  # where the panel leaves it
        if actor is not None:
            facts.credential = named(actor)
        seconds = time.perf_counter() - sent.began
        status = sent.status or 499  # as nginx has it: the client left before there was an answer
        self.metrics.note(scope["path"], scope["method"], status, facts, seconds)
        tell = self.log.debug if scope["path"] in PROBES and status < 400 else self.log.info
        tell(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
            **{name: value for name, value in told(facts).items() if value is not None},
        )


def told(facts: Facts) -> dict[str, object]:
    return {
        "client": facts.client or None,
        "credential": facts.credential,
        "operation": facts.operation,
        "document": facts.document,
        "cost": facts.cost,
        "code": facts.code,
    }


async def fail(send: Send, facts: Facts) -> None:
    body = masked(facts.request_id)
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
