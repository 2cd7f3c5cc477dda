"""Strategically significant customers (Buttle): proposed by rules with evidence, confirmed by a person, expiring."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from crm import changes, organization, text
from crm.access import Actor, Scope, need
from crm.audit import record, state
from crm.database import execute, fetch_value, transaction
from crm.errors import Blocked, ValidationFailed
from crm.events import EventType
from crm.value.runs import settings
from crm.value.runs.inputs import Moment
from crm.visibility import need_visible
from models import DesignationStatus, StrategicDesignation, StrategicKind

# Evidence for each kind; volume says what mere size would have said.
_RULES: dict[StrategicKind, str] = {
    StrategicKind.HIGH_LIFETIME_VALUE: """
SELECT customer_id, jsonb_build_object('clv', clv, 'clvRank', value_rank, 'volumeRank', volume_rank,
                                       'shareBefore', round(before / total, 4)) AS evidence, clv AS strength
FROM (SELECT customer_id, clv, rank() OVER (ORDER BY clv DESC) AS value_rank,
             rank() OVER (ORDER BY revenue DESC) AS volume_rank,
             sum(clv) OVER (ORDER BY clv DESC, customer_id) - clv AS before, sum(clv) OVER () AS total
      FROM value_snapshot WHERE run_id = $1 AND clv > 0) held WHERE before < $2 * total
""",
    StrategicKind.BENCHMARK: """
SELECT related_id AS customer_id, jsonb_build_object('brought', count(*)) AS evidence, count(*)::numeric AS strength
FROM relationship WHERE kind = 'REFERRED_BY' AND until IS NULL GROUP BY 1 HAVING count(*) >= $2::float8
""",
    StrategicKind.INSPIRATION: """
SELECT customer_id, jsonb_build_object('ideas', ideas, 'adopted', adopted) AS evidence,
       (adopted * 10 + ideas)::numeric AS strength
FROM (SELECT customer_id, count(*) AS ideas, count(*) FILTER (WHERE lower(outcome) = lower($3)) AS adopted
      FROM interaction WHERE kind IN ('IDEA', 'FEEDBACK', 'COMPLAINT') GROUP BY 1) told
WHERE adopted >= $2::float8
""",
    StrategicKind.COST_MAGNET: """
SELECT customer_id, jsonb_build_object('profit', net_profit, 'pool', pool, 'share', round(net_profit / pool, 4))
           AS evidence, net_profit AS strength
FROM (SELECT customer_id, net_profit, sum(cost_to_serve) OVER () AS pool FROM value_snapshot WHERE run_id = $1) carried
WHERE pool > 0 AND net_profit >= $2 * pool
""",
}
_THRESHOLDS = {
    StrategicKind.HIGH_LIFETIME_VALUE: "strategic_share",
    StrategicKind.BENCHMARK: "strategic_referrals",
    StrategicKind.INSPIRATION: "strategic_adoptions",
    StrategicKind.COST_MAGNET: "strategic_cost_share",
}
"""The setting that each rule asks of."""
# One open designation a customer and kind; one that was put aside rests until its review date.
_PROPOSE = """
WITH given AS (SELECT $1::uuid AS run, $2::float8 AS threshold, $3::text AS outcome)
INSERT INTO strategic_designation
    (id, created_at, updated_at, version, customer_id, kind, status, evidence, proposed_at)
SELECT uuidv7(), $4, $4, 1, found.customer_id, $5::varchar, 'PROPOSED', found.evidence, $4
FROM (SELECT * FROM ({rule}) r ORDER BY strength DESC, customer_id LIMIT $6) found
JOIN customer c ON c.id = found.customer_id AND c.archived_at IS NULL AND c.merged_into_id IS NULL
WHERE NOT EXISTS (
    SELECT FROM strategic_designation d WHERE d.customer_id = found.customer_id AND d.kind = $5::varchar
      AND d.status = 'DISMISSED' AND d.review_on > $7::date)
ON CONFLICT (customer_id, kind) WHERE status IN ('PROPOSED', 'CONFIRMED')
DO UPDATE SET evidence = excluded.evidence, updated_at = excluded.updated_at
"""


async def propose(actor: Actor, *, now: datetime) -> int:
    """Propose customers from the published run, with evidence, and let confirmations past their review date expire.

    Returns how many proposals there are or were brought up to date. Raises Blocked before the first run, Forbidden.
    """
    need(actor, Scope.VALUE_RECOMPUTE)
    run_id: UUID | None = await fetch_value("SELECT id FROM value_run WHERE is_current")
    if run_id is None:
        raise Blocked("There is no value run yet to find strategic customers in.")
    assumed, day, done = await settings.current(), await _day(now), 0
    async with transaction():
        await expire(actor, now=now)
        for kind, rule in _RULES.items():
            threshold = float(getattr(assumed, _THRESHOLDS[kind]))
            values = (run_id, threshold, assumed.learning_outcome, now, kind.value, assumed.strategic_most, day)
            done += await execute(_PROPOSE.replace("{rule}", rule), *values)
        await record(actor, "designation.proposed", "value_run", run_id, changes={"proposals": [None, done]})
    return done


async def expire(actor: Actor, *, now: datetime) -> int:
    """Let confirmations expire whose review date has passed in the organisation's time zone; returns how many.

    Who is still found by a rule is proposed again by the next `propose`. Raises Forbidden.
    """
    need(actor, Scope.VALUE_RECOMPUTE)
    day = await _day(now)
    async with transaction():
        confirmed = StrategicDesignation.filter(status=DesignationStatus.CONFIRMED, review_on__lt=day)
        late = await confirmed.order_by("id").select_for_update()
        for found in late:
            before = state(found)
            found.status = DesignationStatus.EXPIRED
            await changes.save(actor, found, before, EventType.DESIGNATION_EXPIRED)
    return len(late)


async def _day(now: datetime) -> date:
    """Today where the organisation is."""
    house = await organization.current()
    return Moment(now, house.time_zone, house.base_currency).day


async def decide(
    actor: Actor,
    designation_id: UUID,
    *,
    expected_version: int | None,
    confirm: bool,
    review_on: date,
    note: str | None = None,
    now: datetime,
) -> StrategicDesignation:
    """Confirm a proposal until a review date, or put it aside until then.

    Raises NotFound, VersionConflict, Blocked when it is not open, ValidationFailed for a past date, Forbidden.
    """
    need(actor, Scope.CUSTOMER_WRITE, Scope.VALUE_READ)
    async with transaction():
        found = await changes.load(StrategicDesignation, designation_id, expected_version=expected_version)
        await need_visible(actor, found.customer_id, path=("id",))
        if found.status not in (DesignationStatus.PROPOSED, DesignationStatus.CONFIRMED):
            raise Blocked(f"The designation is {found.status.value}; only an open one can be decided.", path=("id",))
        if review_on <= await _day(now):
            raise ValidationFailed(f"reviewOn {review_on} must lie in the future.", path=("reviewOn",))
        before = state(found)
        found.status = DesignationStatus.CONFIRMED if confirm else DesignationStatus.DISMISSED
        found.decided_at, found.decided_by, found.review_on = now, actor.label, review_on
        found.note = text.optional(note, field="note", limit=500)
        await changes.save(actor, found, before, EventType.DESIGNATION_DECIDED)
        return found
