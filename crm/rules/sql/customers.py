"""What only customers are asked: segments they are or were in, stages they have been in."""

from __future__ import annotations

from crm.rules.fields import Chosen, Relation, find_customer
from crm.rules.sql.compiling import Compiling, Row
from crm.rules.sql.rows import between_times, chain, exists
from crm.rules.sql.terms import name
from crm.rules.tree import EverInStage, InSegment, Presence
from crm.rules.values import time_of
from crm.rules.windows import bounds

SEGMENTS = Relation("segments", "segmentMembership", "segment_membership", "id", "customer_id", True)
LIFECYCLE = Chosen("lifecycle_id", "lifecycle", "is_default", "key")
STAGE_MOVES = (
    Relation("stageMoves", "stageMove", "stage_transition", "id", "customer_id", True, (LIFECYCLE,)),
    Relation("toStage", "stage", "stage", "to_stage_id", "id", False),
)


def in_segment(compiler: Compiling, node: InSegment, row: Row, negate: bool) -> str:
    hops = find_customer(compiler.catalogue, row.noun, node.path)
    leads = id(node) in compiler.leading and node.presence is Presence.NOW and not hops
    if leads and node.key in compiler.context.small_segments:
        return _one_of(compiler, node.key, row)
    rows = chain(compiler, (*hops, SEGMENTS), row.alias)
    binder, context, member = compiler.binder, compiler.context, rows.alias
    tests = [f'{member}."segment_id" = (SELECT id FROM "segment" WHERE "key" = {binder.bind(node.key, "text")})']
    match node.presence:
        case Presence.NOW:
            tests.append(f'{member}."exited_at" IS NULL')
        case Presence.AT:
            at = binder.bind(time_of(node.at or "", context), "timestamptz")
            tests.append(
                f'{member}."entered_at" <= {at} AND ({member}."exited_at" IS NULL OR {member}."exited_at" > {at})'
            )
        case Presence.ENTERED | Presence.LEFT:
            column = "entered_at" if node.presence is Presence.ENTERED else "exited_at"
            assert node.window is not None
            span = bounds(node.window, context.now, context.zone)
            tests += between_times(binder, f"{member}.{name(column)}", *span)
    return exists(rows, tests, negate)


def _one_of(compiler: Compiling, key: str, row: Row) -> str:
    """Membership as a list of keys, which the index of the customers serves."""
    alias = compiler.alias()
    found = (
        f'SELECT {alias}."customer_id" FROM "segment_membership" {alias} WHERE {alias}."exited_at" IS NULL '
        f'AND {alias}."segment_id" = (SELECT id FROM "segment" WHERE "key" = {compiler.binder.bind(key, "text")})'
    )
    return f"{row.alias}.id = ANY(ARRAY({found}))"


def ever_in_stage(compiler: Compiling, node: EverInStage, row: Row, negate: bool) -> str:
    hops = find_customer(compiler.catalogue, row.noun, node.path)
    rows = chain(compiler, (*hops, *STAGE_MOVES), row.alias, node.lifecycle)
    return exists(rows, [f'{rows.alias}."key" = {compiler.binder.bind(node.key, "text")}'], negate)
