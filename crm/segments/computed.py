"""Segments whose members are computed from everybody at once, which no rule over one customer can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.access import Actor
from crm.database import execute, fetch_row, transaction
from crm.segments import definitions, stays
from crm.segments.evaluation import hold
from crm.segments.statement import just_these
from models import MembershipCause, Segment


@dataclass(frozen=True, slots=True)
class Computed:
    """A group of customers with what it is called."""

    key: str
    name: str
    description: str
    customers: Sequence[UUID]


_DONE = "UPDATE segment SET evaluated_at = $2, evaluation_error = NULL WHERE id = $1"


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
        moving = just_these(actor, segment, group.customers, cause=MembershipCause.DATA_CHANGED, now=now)
        await fetch_row(moving.text, *moving.values)
        await stays.count(segment.id)
        await execute(_DONE, segment.id, now)
        return await Segment.get(id=segment.id)
