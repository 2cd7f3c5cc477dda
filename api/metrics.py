"""Figures for Prometheus: what is asked for, how it goes, how busy the process is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Gate
from api.facts import Facts, facts_of
from crm.access import Scope, need
from crm.database import pool_gauges
from crm.webhooks.backlog import Figures, figures

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SURFACES = ("graphql", "admin", "graphiql")
LOOP_PERIOD = 1.0
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


@dataclass
class Metrics:
    """The figures of one process, in a registry of their own.

    Labels have few values: a surface, a class of status, an error code, and the operation's name for trusted
    documents only, because the others are the clients' free choice.
    """

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    timings: dict[tuple[str, str, int, str], Histogram] = field(default_factory=dict)
    """The histograms by their labels, which prometheus-client would look up under a lock."""

    def __post_init__(self) -> None:
        own = self.registry
        self.requests = Histogram(
            "arzesh_request_seconds",
            "Time to answer a request.",
            ["surface", "method", "status", "operation"],
            registry=own,
            buckets=BUCKETS,
        )
        self.errors = Counter("arzesh_errors", "Answers with an error, by its code.", ["code"], registry=own)
        self.cost = Counter("arzesh_graphql_cost", "Cost of the documents executed.", registry=own)
        self.running = Gauge(
            "arzesh_requests_running", "Requests being answered.", registry=own, multiprocess_mode="livesum"
        )
        self.lag = Gauge(
            "arzesh_event_loop_lag_seconds",
            "How late the event loop is.",
            registry=own,
            multiprocess_mode="livemax",
        )
        self.pool = Gauge(
            "arzesh_pool_connections",
            "Connections to the database.",
            ["pool", "state"],
            registry=own,
            multiprocess_mode="livesum",
        )
        self.waiting = Gauge(
            "arzesh_pool_waiting",
            "Tasks that wait for a connection.",
            ["pool"],
            registry=own,
            multiprocess_mode="livesum",
        )
        self.webhooks = Gauge(
            "arzesh_webhook_backlog",
            "Deliveries that wait (waiting), the age of the oldest in seconds (age), endpoints switched off by their "
            "failures (switched_off).",
            ["figure"],
            registry=own,
            multiprocess_mode="livemax",
        )
        self.told = Gauge(
            "arzesh_webhook_attempts",
            "Attempts of this process since it began, by how they ended: delivered, refused or unanswered.",
            ["outcome"],
            registry=own,
            multiprocess_mode="livesum",
        )

    def note(self, path: str, method: str, status: int, facts: Facts, seconds: float) -> None:
        """Count one answered request."""
        first = path.split("/", 2)[1] if "/" in path else ""
        surface = first if first in SURFACES else "other"
        operation = (facts.operation or "unnamed") if facts.trusted else ""
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        labels = (surface, known, status // 100, operation)
        timing = self.timings.get(labels)
        if timing is None:
            timing = self.timings[labels] = self.requests.labels(surface, known, f"{status // 100}xx", operation)
        timing.observe(seconds)
        if facts.code:
            self.errors.labels(facts.code).inc()
        if facts.cost:
            self.cost.inc(facts.cost)

    async def watch(self, clock: Callable[[], float]) -> None:
        """Measure the process itself, until cancelled."""
        while True:
            before = clock()
            await asyncio.sleep(LOOP_PERIOD)
            self.lag.set(max(clock() - before - LOOP_PERIOD, 0.0))
            for gauge in pool_gauges():
                self.pool.labels(gauge.name, "lent").set(gauge.lent)
                self.pool.labels(gauge.name, "idle").set(gauge.idle)
                self.waiting.labels(gauge.name).set(gauge.waiting)
            self.tell_of_webhooks()

    def tell_of_webhooks(self, webhooks: Figures = figures) -> None:
        """Take over what this process sent, and what it last counted of what waits."""
        waiting = webhooks.backlog
        for figure, value in (
            ("waiting", waiting.waiting),
            ("age", waiting.age),
            ("switched_off", waiting.switched_off),
        ):
            self.webhooks.labels(figure).set(value)
        for outcome, count in webhooks.answers.items():
            self.told.labels(outcome).set(count)

    def exposed(self, *, openmetrics: bool = False) -> bytes:
        """The figures as text; those of all processes when several serve together."""
        registry = self.registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        if openmetrics:
            return generate_openmetrics(registry)  # type: ignore[no-untyped-call, no-any-return]
        return generate_latest(registry)


@dataclass
class MetricsPage:
    """`GET /metrics`, for tokens with the scope `developer`, or for all if the settings say so.

    In development a caller on this machine needs no token; one that comes through a proxy is not on this machine.
    """

    metrics: Metrics
    gate: Gate
    open_to_all: bool
    open_to_neighbours: bool

    async def page(self, request: Request) -> Response:
        if not (self.open_to_all or (self.open_to_neighbours and from_this_machine(request))):
            need(await self.gate.actor(request.headers, facts_of(request.scope)), Scope.DEVELOPER)
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")
        media_type = CONTENT_TYPE_LATEST if openmetrics else "text/plain; version=0.0.4; charset=utf-8"
        body = self.metrics.exposed(openmetrics=openmetrics)
        return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})


def from_this_machine(request: Request) -> bool:
    forwarded = any(name.startswith("x-forwarded") or name in ("forwarded", "via") for name in request.headers)
    return request.client is not None and request.client.host in ("127.0.0.1", "::1") and not forwarded
