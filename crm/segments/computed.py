"""Segments whose members are computed from everybody at once, which no rule over one customer can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from crm.access import Actor
from crm.database import execute, fetch_row, transaction
from crm.events import EventType
from crm.segments import definitions
from crm.segments.evaluation import hold
from models import MembershipCause, Segment


@dataclass(frozen=True, slots=True)
class Computed:
    """A group of customers with what it is called."""

    key: str
    name: str
    description: str
    customers: Sequence[UUID]


_TAKE = """
WITH wanted AS MATERIALIZED (
    SELECT c.id FROM customer c WHERE c.id = ANY($11::uuid[]) AND c.archived_at IS NULL
), compared AS MATERIALIZED (
    SELECT customer_id, bool_or(wanted) AS wanted, (array_agg(stay) FILTER (WHERE stay IS NOT NULL))[1] AS stay
    FROM (
        SELECT w.id AS customer_id, NULL::uuid AS stay, true AS wanted FROM wanted w
        UNION ALL
        SELECT m.customer_id, m.id, false FROM segment_membership m WHERE m.segment_id = $1 AND m.exited_at IS NULL
    ) AS each GROUP BY customer_id
), gone AS (
    UPDATE segment_membership m
    SET exited_at = greatest($2::timestamptz, m.entered_at), exit_cause = $3, updated_at = now()
    FROM compared c WHERE m.id = c.stay AND NOT c.wanted
    RETURNING m.customer_id
), come AS (
    INSERT INTO segment_membership
        (id, created_at, updated_at, segment_id, customer_id, entered_at, entry_cause, rule_version)
    SELECT uuidv7(), now(), now(), $1, c.customer_id, $2::timestamptz, $3, $4 FROM compared c WHERE c.stay IS NULL
    ON CONFLICT (segment_id, customer_id) WHERE exited_at IS NULL DO NOTHING
    RETURNING customer_id
), told AS (
    INSERT INTO event
        (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_id, actor_label, data)
    SELECT uuidv7(), now(), now(), moved.type, 'segment', $1, moved.customer_id, $6, $7, $8, $5::jsonb
    FROM (SELECT customer_id, $9::text AS type FROM come UNION ALL SELECT customer_id, $10::text FROM gone) moved
)
SELECT (SELECT count(*) FROM wanted) AS size
"""


_DONE = "UPDATE segment SET size = $2, evaluated_at = $3, evaluation_error = NULL WHERE id = $1"


async def take(actor: Actor, group: Computed, library_key: str, *, now: datetime) -> Segment:
    """Make the segment hold just these customers; who was in stays in without a break."""
    async with transaction():
        fields: definitions.SegmentFields = {"name": group.name, "description": group.description}
        segment = await Segment.get_or_none(key=group.key)
        if segment is None:
            made: definitions.SegmentFields = {**fields, "library_key": library_key}
            segment = await definitions.create_static(actor, key=group.key, fields=made)
        else:
            segment = await definitions.update(actor, segment.id, expected_version=None, fields=fields)
        await hold(segment.id)
        cause = MembershipCause.DATA_CHANGED.value
        told = orjson.dumps({"segment": group.key, "cause": cause}).decode()
        author = (actor.kind.value, actor.id, actor.label)
        types = (EventType.SEGMENT_ENTERED.value, EventType.SEGMENT_EXITED.value)
        row = await fetch_row(_TAKE, segment.id, now, cause, 0, told, *author, *types, list(group.customers))
        assert row is not None
        await execute(_DONE, segment.id, row["size"], now)
        return await Segment.get(id=segment.id)
