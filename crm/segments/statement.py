"""The one statement that brings a segment's members in line with its rule, for everybody or for some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor
from crm.events import EventType
from crm.rules.fields import Catalogue
from crm.rules.reads import reads
from crm.rules.sql import Context, Parameters, Shape, compile
from crm.rules.tree import Node
from crm.segments.stays import entry
from models import MembershipCause, Segment

ALIVE = "c.archived_at IS NULL AND "
ITSELF = "c.merged_into_id IS NULL AND "
"""Archived customers are in no dynamic segment, unless its rule asks for the date of archiving itself; those who
became part of another are in none at all."""

# Members and wanted are compared by grouping, not by a join: whatever the planner believes about their numbers, it
# cannot choose to look through the one for each of the other.
_STATEMENT = """
WITH wanted AS MATERIALIZED (
    SELECT c.id FROM customer c WHERE {some}{alive}{condition}
), compared AS MATERIALIZED (
    SELECT customer_id, bool_or(wanted) AS wanted, (array_agg(stay) FILTER (WHERE stay IS NOT NULL))[1] AS stay
    FROM (
        SELECT w.id AS customer_id, NULL::uuid AS stay, true AS wanted FROM wanted w
        UNION ALL
        SELECT m.customer_id, m.id, false FROM segment_membership m
        WHERE m.segment_id = $1 AND m.exited_at IS NULL {among}
    ) AS each GROUP BY customer_id
), gone AS (
    UPDATE segment_membership m
    SET exited_at = greatest($2::timestamptz, m.entered_at), exit_cause = $3, updated_at = now()
    FROM compared c WHERE m.id = c.stay AND NOT c.wanted
    RETURNING m.customer_id
), come AS (
    INSERT INTO segment_membership
        (id, created_at, updated_at, segment_id, customer_id, entered_at, entry_cause, rule_version)
    SELECT uuidv7(), now(), now(), $1, c.customer_id, {entry}, $3, $4 FROM compared c WHERE c.stay IS NULL
    ON CONFLICT (segment_id, customer_id) WHERE exited_at IS NULL DO NOTHING
    RETURNING customer_id
), told AS (
    INSERT INTO event
        (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_id, actor_label, data)
    SELECT uuidv7(), now(), now(), moved.type, 'segment', $1, moved.customer_id, $6, $7, $8, $5::jsonb
    FROM (SELECT customer_id, $9::text AS type FROM come UNION ALL SELECT customer_id, $10::text FROM gone) moved
)
SELECT (SELECT count(*) FROM come) AS entered, (SELECT count(*) FROM gone) AS exited,
       (SELECT count(*) FROM wanted) AS size
"""
_FIRST_FREE = 11
_ASKED = f"c.id = ANY(${_FIRST_FREE}::uuid[])"
_ENTRY = entry("$2", "$1", "c.customer_id")


@dataclass(frozen=True, slots=True)
class Pass:
    """A statement with the values of its parameters."""

    text: str
    values: list[Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """How many customers came in and went out; `size` counts those of the asked ones who are in."""

    entered: int
    exited: int
    size: int


def alive(tree: Node, catalogue: Catalogue) -> str:
    """The condition that keeps archived and merged customers out of a rule's answer."""
    return ITSELF if ("customer", "archivedAt") in reads(tree, catalogue).fields else ALIVE


def statement(
    actor: Actor,
    segment: Segment,
    tree: Node,
    catalogue: Catalogue,
    context: Context,
    *,
    cause: MembershipCause,
    now: datetime,
    customers: Sequence[UUID] | None = None,
) -> Pass:
    """Open the stays of those who satisfy the rule and are outside, close those of the others, and tell of each.

    For all customers, or for `customers` alone. Raises RuleInvalid when the rule reads what is gone.
    """
    told = {"segment": segment.key, "cause": cause.value, "ruleVersion": segment.rule_version}
    values = _first_values(actor, segment, told, cause=cause, now=now)
    some = among = ""
    if customers is not None:
        values.append(list(customers))
        some, among = f"{_ASKED} AND ", f"AND m.customer_id = ANY(${_FIRST_FREE}::uuid[])"
    binder = Parameters(len(values) + 1)
    shape = Shape.SET if customers is None else Shape.EACH
    condition = compile(tree, catalogue, alias="c", binder=binder, context=context, shape=shape)
    text = _STATEMENT.format(
        some=some, among=among, alive=alive(tree, catalogue), condition=f"({condition})", entry=_ENTRY
    )
    return Pass(text, values + binder.values)


def just_these(
    actor: Actor, segment: Segment, customers: Sequence[UUID], *, cause: MembershipCause, now: datetime
) -> Pass:
    """Bring the members in line with a list of customers, which no rule says."""
    told = {"segment": segment.key, "cause": cause.value}
    values = _first_values(actor, segment, told, cause=cause, now=now)
    return Pass(
        _STATEMENT.format(some="", among="", alive=ALIVE, condition=_ASKED, entry=_ENTRY), [*values, list(customers)]
    )


def _first_values(
    actor: Actor, segment: Segment, told: dict[str, Any], *, cause: MembershipCause, now: datetime
) -> list[Any]:
    return [
        segment.id,
        now,
        cause.value,
        segment.rule_version,
        orjson.dumps(told).decode(),
        actor.kind.value,
        actor.id,
        actor.label,
        EventType.SEGMENT_ENTERED.value,
        EventType.SEGMENT_EXITED.value,
    ]
