"""Full passes: a segment's members brought in line with its rule, or kept as they were with the reason said."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from tortoise.exceptions import IntegrityError, OperationalError

from crm.access import Actor
from crm.database import connection, execute, fetch, fetch_value, retrying, transaction, translated
from crm.errors import Busy, CrmError, DatabaseUnavailable, Timeout
from crm.rules.json_form import from_json
from crm.rules.predicate import surroundings
from crm.rules.reads import reads
from crm.segments import stays
from crm.segments.proving import unexplained
from crm.segments.ruling import in_order, known_segments
from crm.segments.statement import Moved, statement
from models import MembershipCause, Segment, SegmentKind

log = structlog.get_logger("arzesh.segments")

PATIENCE = 600.0
"""Seconds that a full pass may take."""
ATTEMPTS = 2
"""Passes that may fail for a customer who was deleted meanwhile, before one that has to succeed."""
RETRY = timedelta(minutes=15)
GRACE = timedelta(hours=6)
"""How long after the time of its nightly pass a segment counts as fresh."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('segment:' || $1::text, 0))"
_TRY = "SELECT pg_try_advisory_xact_lock(hashtextextended('segment:' || $1::text, 0))"
_LIMITS = """
SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true),
       set_config('work_mem', '64MB', true), set_config('jit', 'off', true)
"""
_DONE = """
UPDATE segment SET evaluated_at = $2, evaluation_ms = $3, evaluation_error = NULL,
       evaluated_version = $6, due_at = CASE WHEN rule_version = $6 THEN $4::timestamptz ELSE due_at END,
       stale_after = $5, timed_at = $2, updated_at = now()
WHERE id = $1
"""
_VERSION = """
UPDATE segment_version SET entered = $3, exited = $4, updated_at = now()
WHERE segment_id = $1 AND number = $2 AND entered IS NULL
"""
_FAILED = """
UPDATE segment SET evaluation_error = $2, due_at = $3, updated_at = now(),
       stale_after = least(coalesce(stale_after, $4::timestamptz), $4::timestamptz)
WHERE id = $1
"""


async def evaluate(actor: Actor, segment_id: UUID, *, now: datetime, patience: float = PATIENCE) -> Moved | None:
    """Evaluate the whole of a segment; None for one without a living rule, or if its rule cannot be evaluated.

    In the latter case its members stay and `evaluation_error` says why. Raises Timeout after `patience` seconds,
    Busy when another pass of it takes longer than that, DatabaseUnavailable.
    """
    try:
        return await _evaluated(actor, segment_id, now, patience)
    except (Timeout, Busy, DatabaseUnavailable):
        raise
    except (CrmError, OperationalError) as error:
        await note_failure(segment_id, error, now=now)
        return None


async def _evaluated(actor: Actor, segment_id: UUID, now: datetime, patience: float) -> Moved | None:
    for _ in range(ATTEMPTS):
        with contextlib.suppress(IntegrityError):  # a customer was deleted who was about to enter
            return await retrying(lambda: _evaluate(actor, segment_id, now, patience))
    return await _evaluate(actor, segment_id, now, patience)


async def note_failure(segment_id: UUID, error: Exception, *, now: datetime) -> None:
    """Say on the segment why its members are those of before."""
    message = error.message if isinstance(error, CrmError) else str(error)
    log.warning("a segment cannot be evaluated", segment=str(segment_id), reason=message)
    await execute(_FAILED, segment_id, message[:2_000], now + RETRY, now)


async def hold(segment_id: UUID) -> timedelta:
    """Wait for whoever evaluates the segment, and be the only one until the transaction ends.

    Returns how long that took: no stay may begin before one that was closed meanwhile ended.
    """
    if await fetch_value(_TRY, str(segment_id)):
        return timedelta()
    begun = time.monotonic()
    await fetch_value(_LOCK, str(segment_id))
    return timedelta(seconds=time.monotonic() - begun)


async def _evaluate(actor: Actor, segment_id: UUID, now: datetime, patience: float) -> Moved | None:
    async with transaction():
        await fetch(_LIMITS, f"{patience * 1000:.0f}")
        now += await hold(segment_id)
        segment = await Segment.get_or_none(id=segment_id)
        if segment is None or segment.archived_at or segment.rule is None:
            return None
        if segment.kind is SegmentKind.SNAPSHOT and segment.evaluated_version == segment.rule_version:
            return None
        begun = time.monotonic()
        catalogue, context = await surroundings(now)
        tree = from_json(segment.rule)
        cause = _cause(segment, relative=reads(tree, catalogue).relative)
        asked = statement(actor, segment, tree, catalogue, context, cause=cause, now=now)
        with translated():
            async with connection() as driver:
                row = await driver.fetchrow(asked.text, *asked.values, timeout=patience + 1)
        moved = Moved(row["entered"], row["exited"], row["size"])
        if (moved.entered or moved.exited) and _is_proof(segment, context.zone):
            drifted = await unexplained(segment, tree, catalogue, context)
            if drifted:  # whoever follows the events should have moved them before: a fault, repaired here
                log.error(
                    "a segment had drifted",
                    segment=segment.key,
                    customers=drifted,
                    entered=moved.entered,
                    exited=moved.exited,
                )
        await _note(segment, moved, now, round((time.monotonic() - begun) * 1000), context.zone)
        return moved


def _cause(segment: Segment, *, relative: bool) -> MembershipCause:
    if segment.evaluated_version != segment.rule_version:
        return MembershipCause.RULE_CHANGED
    return MembershipCause.TIME_PASSED if relative else MembershipCause.DATA_CHANGED


async def _note(segment: Segment, moved: Moved, now: datetime, ms: int, zone: str) -> None:
    frozen = segment.kind is SegmentKind.SNAPSHOT
    due = None if frozen else next_pass(segment.id, now, zone)
    stale_after = due + GRACE if due else None
    await stays.count(segment.id)
    await execute(_DONE, segment.id, now, ms, due, stale_after, segment.rule_version)
    if segment.evaluated_version != segment.rule_version:
        await execute(_VERSION, segment.id, segment.rule_version, moved.entered, moved.exited)


def _is_proof(segment: Segment, zone: str) -> bool:
    """Whether the pass is the nightly one, and not one that a changed rule, values or somebody asked for."""
    if segment.evaluated_version != segment.rule_version or segment.evaluated_at is None:
        return False
    return segment.due_at == next_pass(segment.id, segment.evaluated_at, zone)


def next_pass(segment_id: UUID, now: datetime, zone: str) -> datetime:
    """The next nightly pass: between three and four in the morning, each segment at its own minute."""
    local = now.astimezone(ZoneInfo(zone))
    night = local.replace(hour=3, minute=segment_id.int % 60, second=0, microsecond=0)
    return night if night > local else night + timedelta(days=1)


async def evaluate_all(actor: Actor, *, now: datetime) -> dict[str, Moved | None]:
    """Evaluate every dynamic segment, each after those that its rule asks for; by key what it came to."""
    order = in_order(await known_segments())
    rows = await fetch("SELECT id, key FROM segment WHERE kind = 'DYNAMIC' AND archived_at IS NULL")
    ids = {row["key"]: row["id"] for row in rows}
    return {key: await evaluate(actor, ids[key], now=now) for key in order if key in ids}


async def due(now: datetime) -> Sequence[UUID]:
    """The segments whose full pass is due, each after those that its rule asks for."""
    rows = await fetch("SELECT id, key FROM segment WHERE due_at <= $1 AND archived_at IS NULL", now)
    if not rows:
        return []
    order = {key: number for number, key in enumerate(in_order(await known_segments()))}
    return [row["id"] for row in sorted(rows, key=lambda row: order.get(row["key"], 0))]
