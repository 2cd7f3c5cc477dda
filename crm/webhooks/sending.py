"""Telling what is due: claimed so that no two processes send the same, several at once, tried again when it fails."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpcore
import orjson
import structlog

from crm.access import system
from crm.database import fetch
from crm.errors import CrmError
from crm.webhooks import backlog, payload, posting
from crm.webhooks.endpoints import switch_off
from crm.webhooks.house import House, house
from crm.webhooks.schedule import PATIENCE, Chance, wait_after
from crm.webhooks.settling import settle
from models import DisabledReason

log = structlog.get_logger("arzesh.webhooks")

PER_ENDPOINT = 8
"""Requests at once to one endpoint, by one process."""
AHEAD = 32
"""Deliveries of one endpoint that a process claims, those that wait for their turn included."""
AT_ONCE = 256
PAUSE = 0.5
"""Seconds between two looks while nothing is due."""
AFTER_FAILURE = 3.0
LEASE = timedelta(seconds=120)
"""How long a claim holds: longer than AHEAD requests of the longest kind, PER_ENDPOINT at once, take."""
DROOPING = timedelta(seconds=30)
"""An endpoint that has failed for so long is tried with one delivery at a time."""

_CLAIM = """
WITH due AS (
    SELECT d.id FROM webhook_endpoint w
    LEFT JOIN unnest($3::uuid[], $4::int[]) AS busy(id, held) ON busy.id = w.id
    CROSS JOIN LATERAL (
        SELECT id FROM webhook_delivery
        WHERE endpoint_id = w.id AND status = 'PENDING' AND next_attempt_at <= $1
          AND (claimed_until IS NULL OR claimed_until <= $1)
        ORDER BY next_attempt_at, id
        LIMIT CASE WHEN w.failing_since < $1::timestamptz - $6::interval THEN greatest(1 - coalesce(busy.held, 0), 0)
                   ELSE greatest($5 - coalesce(busy.held, 0), 0) END
        FOR UPDATE SKIP LOCKED
    ) d
    WHERE w.enabled AND w.archived_at IS NULL
    LIMIT $7
), claimed AS (
    UPDATE webhook_delivery d SET claimed_until = $2, attempts = attempts + 1, last_attempt_at = $1, updated_at = now()
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.endpoint_id, d.event_id, d.attempts, d.next_attempt_at
)
"""
_READ = """
SELECT d.id, d.endpoint_id, d.attempts, w.url, w.personal_data, w.api_version, w.secret_salt, w.secret_mark,
       w.previous_salt, w.previous_until, e.id AS event_id, e.type, e.noun, e.noun_id, e.customer_id, e.actor_kind,
       e.actor_id, e.actor_label, e.data, e.position, e.request_id, e.created_at
FROM {claimed} d
JOIN webhook_endpoint w ON w.id = d.endpoint_id
LEFT JOIN event e ON e.id = d.event_id
ORDER BY d.next_attempt_at, d.id
"""
_CLAIM_DUE = _CLAIM + _READ.format(claimed="claimed")
_CLAIMED = _READ.format(claimed="(SELECT * FROM webhook_delivery WHERE id = $1)")


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed delivery with what is needed to carry it out before `until`."""

    id: UUID
    endpoint_id: UUID
    attempts: int
    url: str
    personal_data: bool
    version: str
    salts: tuple[str, str, str | None, datetime | None]
    told: payload.Told | None
    until: datetime

    @classmethod
    def of(cls, row: Any, until: datetime) -> Due:
        names = payload.Told.__slots__
        told = None
        if row["event_id"]:
            known = {name: row["event_id" if name == "id" else name] for name in names}
            told = payload.Told(**{**known, "data": orjson.loads(row["data"])})
        salts = (row["secret_salt"], row["secret_mark"], row["previous_salt"], row["previous_until"])
        return cls(
            row["id"],
            row["endpoint_id"],
            row["attempts"],
            row["url"],
            row["personal_data"],
            row["api_version"],
            salts,
            told,
            until,
        )


def utc_now() -> datetime:
    return datetime.now(UTC)


async def claim(now: datetime, held: Counter[UUID], limit: int = AT_ONCE) -> list[Due]:
    """Take what is due, from now on for this process alone until the lease ends; `held` is what it has already."""
    until = now + LEASE
    ids, counts = list(held.keys()), list(held.values())
    rows = await fetch(_CLAIM_DUE, now, until, ids, counts, AHEAD, DROOPING, limit)
    return [Due.of(row, until) for row in rows]


async def claimed(delivery_id: UUID, until: datetime) -> Due:
    """One delivery that was made claimed."""
    return Due.of((await fetch(_CLAIMED, delivery_id))[0], until)


async def attempt(
    due: Due,
    connections: httpcore.AsyncConnectionPool,
    of: House,
    *,
    now: Callable[[], datetime] = utc_now,
    chance: Chance = random.random,
    seconds: float = posting.TO_ANSWER,
    last: bool = False,
) -> posting.Answer:
    """Send one delivery and note what became of it; the `last` attempt is not followed by another."""
    began, at = time.perf_counter(), now()
    answer = await _post(due, connections, of, at, seconds)
    took = round((time.perf_counter() - began) * 1000)
    wait = None if last else wait_after(due.attempts, chance=chance, wish=answer.wait)
    failing_since = await settle(due.id, due.until, answer, at=at, took=took, wait=wait)
    backlog.count(answer)
    if answer.status == 410:
        await _switch_off(due, DisabledReason.GONE, now())
    elif not answer.good and wait is None and failing_since and failing_since <= now() - PATIENCE:
        await _switch_off(due, DisabledReason.FAILING, now())
    return answer


async def _post(
    due: Due, connections: httpcore.AsyncConnectionPool, of: House, at: datetime, seconds: float
) -> posting.Answer:
    if due.told is None:
        return posting.Answer(error="the event is not kept any more")
    written = payload.body(due.told, personal_data=due.personal_data, version=due.version)
    try:
        secrets = payload.signing(of.key, *due.salts, now=at)
    except payload.KeyChanged:
        return posting.Answer(error="the server's secret key changed: replace this webhook's secret")
    headers = payload.headers(written, due.told.id, secrets, now=at)
    return await posting.post(connections, due.url, headers, written, seconds=seconds)


async def _switch_off(due: Due, reason: DisabledReason, now: datetime) -> None:
    if await switch_off(system("webhooks"), due.endpoint_id, reason, now=now):
        log.warning("a webhook was switched off", webhook=str(due.endpoint_id), reason=reason.value)


@dataclass
class Sender:
    """Sends on behalf of one process; as many processes as there are may do so."""

    connections: httpcore.AsyncConnectionPool
    of: House
    now: Callable[[], datetime] = utc_now
    held: Counter[UUID] = field(default_factory=Counter)
    lanes: dict[UUID, asyncio.Semaphore] = field(default_factory=dict)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    latest: dict[tuple[UUID, UUID], asyncio.Task[None]] = field(default_factory=dict)
    """Of each endpoint and customer what was begun last: one customer's events are told in their order."""
    more: bool = False
    """Whether the last look may have left something."""

    async def step(self) -> int:
        """Claim what is due and begin with it; how many that were."""
        room = AT_ONCE - len(self.running)
        if room <= 0:
            return 0
        found = await claim(self.now(), self.held, room)
        self.more = len(found) >= AHEAD // 2
        for due in found:
            self.held[due.endpoint_id] += 1
            self.lanes.setdefault(due.endpoint_id, asyncio.Semaphore(PER_ENDPOINT))
            self._begin(due)
        return len(found)

    def _begin(self, due: Due) -> None:
        whose = (due.endpoint_id, due.told.customer_id or due.endpoint_id) if due.told else (due.id, due.id)
        task = asyncio.create_task(self._carry_out(due, self.latest.get(whose)))
        self.latest[whose] = task
        self.running.add(task)
        task.add_done_callback(lambda ended: self._end(whose, ended))

    def _end(self, whose: tuple[UUID, UUID], task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        if self.latest.get(whose) is task:
            del self.latest[whose]

    async def _carry_out(self, due: Due, before: asyncio.Task[None] | None) -> None:
        try:
            if before:
                await asyncio.wait([before])
            async with self.lanes[due.endpoint_id]:
                # Another process may claim it again when this one came to it too late.
                if self.now() + timedelta(seconds=posting.TO_ANSWER) < due.until:
                    await attempt(due, self.connections, self.of, now=self.now)
        except CrmError as error:
            log.warning("a delivery could not be noted; it is due again later", reason=error.message)
        except Exception:  # whatever it was, the others go on
            log.exception("sending a delivery failed")
        finally:
            self._release(due.endpoint_id)

    def _release(self, endpoint: UUID) -> None:
        self.held[endpoint] -= 1
        if self.held[endpoint] <= 0:
            del self.held[endpoint]
            self.lanes.pop(endpoint, None)
        if self.more and self.held[endpoint] <= AHEAD // 2:
            self.freed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until `stop` is set; what has begun is ended."""
        while not stop.is_set():
            try:
                found = await self.step()
                pause = 0.0 if found >= AHEAD else PAUSE
            except Exception as error:  # the database may be away; it comes back
                log.warning("webhooks cannot be sent now", reason=str(error)[:200])
                pause = AFTER_FAILURE
            await self._wait(stop, pause)
        if self.running:
            await asyncio.wait(self.running, timeout=3.0)

    async def _wait(self, stop: asyncio.Event, pause: float) -> None:
        """Until a lane has room again while there is much to do, else for a while."""
        if not self.running:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause or 0.001)
            return
        self.freed.clear()
        waits = [asyncio.ensure_future(self.freed.wait()), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(waits, timeout=PAUSE, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()


async def run(stop: asyncio.Event) -> None:
    """Send what is due, and count what waits, until `stop` is set."""
    of = house()
    async with posting.pool(private=of.private) as connections:
        await asyncio.gather(Sender(connections, of).run(stop), backlog.watch(stop))
