"""Figures of subscriptions for Prometheus: how many are open, what they were told, why they ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge

from crm.errors import CrmError

LEFT, DRAINED, FAILED = "CLIENT_GONE", "DRAINING", "INTERNAL"


class Following:
    """The figures of one process; `field` is the subscription's, of which there are few."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connections = Gauge(
            "arzesh_stream_connections",
            "Connections over which subscriptions are served, WebSockets and server-sent events.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.running = Gauge(
            "arzesh_subscriptions_open",
            "Subscriptions that are listened to.",
            ["field"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.answers = Counter(
            "arzesh_subscription_answers", "Answers delivered to subscribers.", ["field"], registry=registry
        )
        self.ended = Counter(
            "arzesh_subscriptions_ended",
            "Subscriptions that ended: CLIENT_GONE, DRAINING, or dropped with an error code such as TOO_SLOW.",
            ["field", "reason"],
            registry=registry,
        )

    @contextmanager
    def subscription(self, field: str) -> Iterator[None]:
        """Count a subscription while it is served, and how it ended."""
        running, reason = self.running.labels(field), FAILED
        running.inc()
        try:
            yield
            reason = DRAINED
        except CrmError as error:
            reason = error.code
            raise
        except (GeneratorExit, asyncio.CancelledError):
            reason = LEFT
            raise
        finally:
            running.dec()
            self.ended.labels(field, reason).inc()
