"""Versions of a segment's rule: what a new one would change, and putting it into force."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import changes
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import connection, fetch, transaction, translated
from crm.errors import Timeout, ValidationFailed
from crm.events import EventType
from crm.rules.predicate import surroundings
from crm.rules.sql import Parameters, Shape, compile
from crm.segments import ruling
from crm.segments.ruling import Accepted, Rule
from crm.segments.statement import alive
from crm.visibility import visible_among
from models import Segment, SegmentKind, SegmentVersion

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """What a rule would change: how many would enter, leave and stay, and some of the first two.

    The numbers are None when counting took too long.
    """

    entering: int | None = None
    leaving: int | None = None
    staying: int | None = None
    entering_examples: list[UUID] = field(default_factory=list)
    leaving_examples: list[UUID] = field(default_factory=list)


async def note(actor: Actor, segment: Segment) -> None:
    """Keep the rule as the version that it is."""
    await SegmentVersion.create(
        segment_id=segment.id,
        number=segment.rule_version,
        rule=segment.rule,
        rule_text=segment.rule_text or "",
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
    )


async def difference(actor: Actor, segment_id: UUID, rule: Rule, *, now: datetime, patience: float = 5.0) -> Difference:
    """What would change if the segment had this rule; nothing is changed.

    Raises NotFound, RuleInvalid, Forbidden.
    """
    need(actor, Scope.SEGMENT_WRITE, Scope.SEGMENT_READ)
    segment = await changes.get(Segment, segment_id)
    accepted = await _acceptable(actor, segment, rule, now)
    try:
        return await _difference(actor, segment, accepted, now, patience)
    except Timeout:
        return Difference()


async def change(actor: Actor, segment_id: UUID, rule: Rule, *, expected_version: int | None, now: datetime) -> Segment:
    """Put a new rule into force; its members come with the full pass that is due at once.

    Raises NotFound, VersionConflict, RuleInvalid, Forbidden, ValidationFailed for segments without a living rule.
    """
    need(actor, Scope.SEGMENT_WRITE)
    async with transaction():
        await ruling.hold_rules()
        segment = await changes.load(Segment, segment_id, expected_version=expected_version)
        accepted = await _acceptable(actor, segment, rule, now)
        if accepted.stored == segment.rule and accepted.text == segment.rule_text:
            return segment
        before = state(segment)
        segment.rule, segment.rule_text = accepted.stored, accepted.text
        segment.rule_version += 1
        segment.due_at = now
        await changes.save(actor, segment, before, EventType.SEGMENT_UPDATED)
        await note(actor, segment)
        return segment


async def _acceptable(actor: Actor, segment: Segment, rule: Rule, now: datetime) -> Accepted:
    if segment.kind is not SegmentKind.DYNAMIC:
        raise ValidationFailed(
            f"'{segment.key}' is a {segment.kind} segment: only the rule of a DYNAMIC one can change.", path=("id",)
        )
    if segment.archived_at:
        raise ValidationFailed(f"The segment '{segment.key}' is archived; restore it first.", path=("id",))
    return await ruling.accept(actor, rule, key=segment.key, now=now)


_DIFFERENCE = """
WITH wanted AS MATERIALIZED (SELECT c.id FROM customer c WHERE {alive}({condition})),
held AS MATERIALIZED (SELECT customer_id AS id FROM segment_membership WHERE segment_id = $1 AND exited_at IS NULL),
coming AS MATERIALIZED (SELECT id FROM wanted EXCEPT SELECT id FROM held),
going AS MATERIALIZED (SELECT id FROM held EXCEPT SELECT id FROM wanted)
SELECT (SELECT count(*) FROM coming) AS entering, (SELECT count(*) FROM going) AS leaving,
       (SELECT count(*) FROM wanted) - (SELECT count(*) FROM coming) AS staying,
       ARRAY(SELECT id FROM coming ORDER BY id LIMIT $2) AS entering_examples,
       ARRAY(SELECT id FROM going ORDER BY id LIMIT $2) AS leaving_examples
"""


async def _difference(actor: Actor, segment: Segment, accepted: Accepted, now: datetime, patience: float) -> Difference:
    catalogue, context = await surroundings(now)
    binder = Parameters(3)
    condition = compile(accepted.tree, catalogue, alias="c", binder=binder, context=context, shape=Shape.SET)
    statement = _DIFFERENCE.format(alive=alive(accepted.tree, catalogue), condition=condition)
    async with transaction():
        await fetch("SELECT set_config('statement_timeout', $1, true)", f"{patience * 1000:.0f}")
        with translated():
            async with connection() as driver:
                row = await driver.fetchrow(statement, segment.id, EXAMPLES, *binder.values, timeout=patience + 1)
    return await _visible(actor, dict(row))


async def _visible(actor: Actor, found: dict[str, Any]) -> Difference:
    """Examples that do not exist for the actor are left out."""
    seen = await visible_among(actor, [*found["entering_examples"], *found["leaving_examples"]])
    for name in ("entering_examples", "leaving_examples"):
        found[name] = [key for key in found[name] if key in seen]
    return Difference(**found)
