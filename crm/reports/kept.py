"""Reports at once: over few moves they are worked out when asked, over many they are kept and told with their age.

Nobody waits for a report over a million customers. Who asks for one gets the figures as they were last worked out, and
when that was; whoever follows the events works them out again, one at a time, and the usual ones before anybody asks.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from crm.access import READ_SCOPES, Actor, ActorKind, need
from crm.database import execute, fetch, fetch_row, fetch_value
from crm.errors import CrmError, DatabaseUnavailable, Timeout
from crm.lifecycle.reports.reading import patience
from crm.reports import of_value
from crm.reports.question import Question, again, plain, question_of, scopes_of, usual, usual_of_contact, work
from models import KeptReport, Lifecycle
from models.base import new_id

log = structlog.get_logger("arzesh.reports")

LARGE = 100_000
"""Moves, days of buying, or interactions beyond which reports are kept: up to here they take less than a second."""
SECONDS = 240
"""Seconds that a report is given where nobody waits for it, and for which one process has it to itself."""
SHARE = 60
"""A report that took a second is worked out again after a minute at the earliest: each takes a sixtieth of a core."""
YOUNG = timedelta(minutes=5)
OLD = timedelta(hours=6)
"""Younger than the first nothing is worked out again unasked; when nothing happens, only once the second is over."""
WAITED = 8.0
PAUSE = 0.2
"""Seconds that a reader waits for figures that nobody has worked out yet, and how often it is looked for them."""
STALE = timedelta(hours=1)
"""Who looks at older figures than these asks for newer ones by looking."""
REMEMBERED = timedelta(days=1)
"""For so long after somebody last looked at it an unusual report is kept up to date."""
FORGOTTEN = timedelta(days=30)


class StillWorking(Timeout):
    """Over so many customers this takes longer than an answer may; ask again in a minute."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a report found, and when that was worked out; `worked_at` is None for figures of this moment.

    `found` is None while it is being worked out for the first time, or when that failed: `problem` says why.
    `renewing` says that newer figures are on their way.
    """

    found: Any
    worked_at: datetime | None = None
    renewing: bool = False
    problem: str | None = None


_SIZE = """
SELECT coalesce(max(reltuples), 0)::bigint FROM pg_class
WHERE oid IN ('stage_transition'::regclass, 'customer_day'::regclass, 'interaction'::regclass)
"""


async def large() -> bool:
    """Whether there is so much history that reports take longer than a page may; by the planner's estimate."""
    return int(await fetch_value(_SIZE) or 0) > LARGE


async def ask(actor: Actor, question: Question, *, now: datetime, renew: bool = False) -> Answer:
    """Answer a question now: with figures of this moment, or with kept ones. `renew` asks for newer ones soon.

    What is kept is kept for everybody who sees the same customers. Raises what the report raises, Forbidden.
    """
    need(actor, *scopes_of(question))
    if not await large():
        return Answer(await work(actor, question, now))
    key = key_of(question, actor.row_filter)
    told = _told(question, actor.row_filter)
    row = await fetch_row(_NOTE, new_id(), key, *told, now, renew)
    assert row
    if row["worked_at"] and now - row["worked_at"] > STALE and not row["renewing"]:
        row = await fetch_row(_NOTE, new_id(), key, *told, now, True) or row
    found = None if row["found"] is None else await again(question, orjson.loads(row["found"]))
    return Answer(found, row["worked_at"], row["renewing"], row["problem"])


async def wait(actor: Actor, question: Question, *, now: datetime) -> Answer:
    """As `ask`, but who asks first waits for the figures, which are then kept for the others.

    What cannot be worked out is not kept; what takes longer than a reader waits is left to whoever follows the events.
    Raises what the report raises, Forbidden, and StillWorking when it is not there yet.
    """
    answer = await ask(actor, question, now=now)
    if answer.found is not None:
        return answer
    key = key_of(question, actor.row_filter)
    claimed = await execute(_CLAIM, key, now, WAITED)
    try:
        async with asyncio.timeout(WAITED):
            return await (_first if claimed else _from_others)(actor, question, now)
    except TimeoutError:
        raise StillWorking from None


async def _first(actor: Actor, question: Question, now: datetime) -> Answer:
    key, began = key_of(question, actor.row_filter), time.monotonic()
    try:
        found = await work(actor, question, now)
    except BaseException as error:
        if isinstance(error, CrmError) and not isinstance(error, Timeout | DatabaseUnavailable):
            await execute(_DROP, key)
        else:
            await execute(_NEXT, key, now)
        raise
    told = orjson.dumps(plain(question, found), default=str).decode()
    await execute(_KEEP, key, told, None, time.monotonic() - began, now)
    return Answer(found)


async def _from_others(actor: Actor, question: Question, now: datetime) -> Answer:
    """What another reader, or who follows the events, is just working out."""
    while True:
        await asyncio.sleep(PAUSE)
        answer = await ask(actor, question, now=now)
        if answer.found is not None:
            return answer


# Nobody else works it out beside.
_CLAIM = """
UPDATE kept_report SET claimed_until = $2::timestamptz + make_interval(secs => $3), updated_at = now()
WHERE key = $1 AND (claimed_until IS NULL OR claimed_until < $2)
"""
# Looking is noted once an hour; a question that is new, or asked anew, becomes due.
_NOTE = """
WITH held AS (
    UPDATE kept_report SET asked_at = $5, wanted_at = CASE WHEN $6 THEN $5 ELSE wanted_at END, updated_at = now()
    WHERE key = $2 AND ($6 OR asked_at < $5::timestamptz - interval '1 hour')
), made AS (
    INSERT INTO kept_report (id, created_at, updated_at, key, question, row_filter, asked_at, wanted_at)
    SELECT $1, now(), now(), $2, $3::jsonb, $4::jsonb, $5, $5
    WHERE NOT EXISTS (SELECT FROM kept_report WHERE key = $2)
    ON CONFLICT (key) DO NOTHING
)
SELECT found, worked_at, $6 OR tried_at IS NULL OR wanted_at > tried_at AS renewing, problem
FROM kept_report WHERE key = $2
UNION ALL
SELECT NULL, NULL, true, NULL WHERE NOT EXISTS (SELECT FROM kept_report WHERE key = $2)
"""


def key_of(question: Question, row_filter: dict[str, Any] | None) -> str:
    """Where a question is kept, as it is seen by those who have this row filter."""
    told = orjson.dumps([question.plain(), row_filter], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()


def _told(question: Question, row_filter: dict[str, Any] | None) -> tuple[str, str | None]:
    seen = None if row_filter is None else orjson.dumps(row_filter).decode()
    return orjson.dumps(question.plain()).decode(), seen


# -- by whom it is worked out ----------------------------------------------------------------------------------------

# One report at a time, whoever follows: first what was asked for last, for its reader waits; then what is most out of
# date.
_DUE = """
UPDATE kept_report SET claimed_until = $1::timestamptz + make_interval(secs => $2), updated_at = now()
WHERE id = (
    SELECT k.id FROM kept_report k, LATERAL (SELECT k.tried_at IS NULL OR k.wanted_at > k.tried_at AS waits) reader
    WHERE NOT EXISTS (SELECT FROM kept_report WHERE claimed_until > $1)
      AND (waits
           OR (k.asked_at > $1::timestamptz - $4::interval
               AND k.tried_at < $1::timestamptz - greatest($5::interval, make_interval(secs => k.seconds * $3))
               AND (k.tried_at < $1::timestamptz - $6::interval
                    OR EXISTS (SELECT FROM event e WHERE e.created_at > k.tried_at))))
    ORDER BY CASE WHEN waits THEN k.wanted_at END DESC NULLS LAST, CASE WHEN waits THEN k.asked_at END DESC,
             k.tried_at, k.id
    LIMIT 1 FOR UPDATE OF k SKIP LOCKED
)
RETURNING key, question, row_filter
"""
_KEEP = """
UPDATE kept_report SET found = coalesce($2::jsonb, found), problem = $3::text, seconds = $4, tried_at = $5,
       worked_at = CASE WHEN $3::text IS NULL THEN $5 ELSE worked_at END, claimed_until = NULL, updated_at = now()
WHERE key = $1
"""
_LATELY = "SELECT key FROM kept_report WHERE asked_at >= $1::timestamptz - interval '1 hour'"
_LEAVE = "UPDATE kept_report SET claimed_until = NULL, updated_at = now() WHERE key = $1"
_NEXT = "UPDATE kept_report SET claimed_until = NULL, wanted_at = $2, updated_at = now() WHERE key = $1"
_DROP = "DELETE FROM kept_report WHERE key = $1"


async def keep(now: datetime) -> bool:
    """Work out the report that is most due, if there is one; False when there is none."""
    if await large():
        await _expect_the_usual(now)
    due = await fetch_row(_DUE, now, SECONDS, SHARE, REMEMBERED, YOUNG, OLD)
    if due is None:
        return False
    question = question_of(orjson.loads(due["question"]))
    seen = None if due["row_filter"] is None else orjson.loads(due["row_filter"])
    began = time.monotonic()
    try:
        # Under other choices, or of another run, it would be another answer: also when that changed meanwhile.
        old = await of_value.outdated(question)
        found, problem = (None, None) if old else await _worked_out(question, seen, now)
        old = old or await of_value.outdated(question)
    except BaseException:
        await execute(_LEAVE, due["key"])
        raise
    if old:
        await execute(_DROP, due["key"])
    else:
        await execute(_KEEP, due["key"], found, problem, time.monotonic() - began, now)
    return True


async def _worked_out(
    question: Question, row_filter: dict[str, Any] | None, now: datetime
) -> tuple[str | None, str | None]:
    """The answer as JSON, or why there is none."""
    actor = Actor(ActorKind.SYSTEM, None, "reports", READ_SCOPES, row_filter)
    try:
        with patience(SECONDS):
            return orjson.dumps(plain(question, await work(actor, question, now)), default=str).decode(), None
    except DatabaseUnavailable:
        raise
    except CrmError as error:
        log.warning("a report cannot be worked out", question=question.plain(), reason=error.message)
        return None, error.message[:500]


async def _expect_the_usual(now: datetime) -> None:
    """Ask the usual questions on behalf of those who will, and forget what nobody has asked for long."""
    lately = {row["key"] for row in await fetch(_LATELY, now)}
    keys = [lifecycle.key for lifecycle in await Lifecycle.filter(archived_at=None).order_by("id")]
    expected = [question for key in keys for question in usual(key)] + await of_value.usual(now)
    for question in expected:
        key = key_of(question, None)
        if key not in lately:
            await execute(_NOTE, new_id(), key, *_told(question, None), now, False)
    for question in usual_of_contact():
        # As if last asked long ago: worked out now and then, and kept up to date only once somebody looks.
        told = _told(question, None)
        await execute(_EXPECT, new_id(), key_of(question, None), *told, now - REMEMBERED, now, now - OLD)
    await KeptReport.filter(asked_at__lt=now - FORGOTTEN).delete()


_EXPECT = """
INSERT INTO kept_report AS k (id, created_at, updated_at, key, question, row_filter, asked_at, wanted_at)
VALUES ($1, now(), now(), $2, $3::jsonb, $4::jsonb, $5, $6)
ON CONFLICT (key) DO UPDATE SET wanted_at = $6 WHERE k.tried_at < $7 AND k.wanted_at <= k.tried_at
"""
