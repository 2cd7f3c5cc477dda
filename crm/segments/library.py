"""Installing the ready-made segments, and computing anew those that no rule can say."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import structlog

from crm.access import Actor, Scope, need
from crm.database import fetch
from crm.errors import Timeout, ValidationFailed
from crm.lifecycle.reports.reading import fetch_wide, patience
from crm.segments import definitions, needs, refresh
from crm.segments.clusters import FEATURES, STATEMENT, cluster, described
from crm.segments.computed import Computed, take
from crm.segments.library_entries import ENTRIES, Entry
from models import Segment, SegmentKind

log = structlog.get_logger("arzesh.segments")

KEPT = timedelta(hours=24)
"""How old a computed group may become before it is computed anew."""
QUICK = 3.0
"""Seconds that whoever installs a computed group waits for it; one that takes longer is left to the background."""
LONG = 240
"""Seconds that a statement may take there."""

RULED = tuple(dict.fromkeys(entry.group for entry in ENTRIES))
COMPUTED = ("NEEDS", "BEHAVIOUR")
GROUPS = (*RULED, *COMPUTED)


async def install(actor: Actor, groups: Collection[str], *, now: datetime) -> list[Segment]:
    """Install groups of the library; what is there already stays as it is, computed groups are computed anew.

    Returns the segments of the groups; of one that takes long to compute, a single one without members, which whoever
    follows the events replaces by what it finds. Raises ValidationFailed for an unknown group or too few customers to
    compute one, Forbidden, also when a rule reads what the actor may not.
    """
    need(actor, Scope.SEGMENT_WRITE)
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown or not groups:
        named = f"'{unknown[0][:60]}' is not a group of the library" if unknown else "No group is named"
        raise ValidationFailed(f"{named}; the groups are {', '.join(GROUPS)}.", path=("groups",))
    if set(groups) & set(COMPUTED):
        need(actor, Scope.ORDER_READ, Scope.INTERACTION_READ)
    found = {group: await _quickly(group, now) for group in COMPUTED if group in groups}  # first: it can be refused
    made = [await _entry(actor, entry, now) for entry in ENTRIES if entry.group in groups]
    for group, computed in found.items():
        made += await (_left(actor, group, now) if computed is None else _taken(actor, group, computed, now))
    return made


async def _entry(actor: Actor, entry: Entry, now: datetime) -> Segment:
    known = await Segment.get_or_none(key=entry.key)
    if known is not None:
        return known
    text = f"{entry.description} Source: {entry.source}."
    fields: definitions.SegmentFields = {"name": entry.name, "description": text, "library_key": entry.group}
    made = await definitions.create_by_rule(
        actor, key=entry.key, kind=SegmentKind.DYNAMIC, rule=entry.rule, fields=fields, now=now
    )
    await refresh.soon(actor, made.id, now=now, patience=0.5)
    return await Segment.get(id=made.id)


async def _quickly(group: str, now: datetime) -> list[Computed] | None:
    """The groups as they are now; None when finding them takes longer than anybody waits."""
    try:
        async with asyncio.timeout(QUICK):
            return await _found(group, now)
    except (TimeoutError, Timeout):
        return None


async def _left(actor: Actor, group: str, now: datetime) -> list[Segment]:
    """Have a group computed in the background, where its segments are found by their age."""
    known = Segment.filter(library_key=group, archived_at=None)
    if not await known.exists():
        await take(actor, _PENDING[group], group, now=now)
    await known.update(evaluated_at=now - KEPT)
    return await known.order_by("key")


_PENDING = {
    "NEEDS": Computed("needs-1", "By needs", "Being worked out: by what each customer spends most on.", ()),
    "BEHAVIOUR": Computed("micro-1", "By behaviour", "Being worked out: who behaves alike.", ()),
}


async def _found(group: str, now: datetime) -> list[Computed]:
    """The groups as they are now, each under the key of the group before that most of its members were in."""
    found = await (needs.groups(now) if group == "NEEDS" else _clusters(now))
    rows = await fetch(_MEMBERS, group)
    return kept_keys(found, {row["key"]: frozenset(row["customers"]) for row in rows})


_MEMBERS = """
SELECT s.key, array_agg(m.customer_id) AS customers FROM segment s JOIN segment_membership m ON m.segment_id = s.id
WHERE s.library_key = $1 AND s.archived_at IS NULL AND m.exited_at IS NULL GROUP BY s.key
"""


def kept_keys(found: Sequence[Computed], before: Mapping[str, frozenset[UUID]]) -> list[Computed]:
    """The groups with the keys of those before that they share most members with; the others take the keys left."""
    shared = [
        (len(members & set(one.customers)), place, key)
        for place, one in enumerate(found)
        for key, members in before.items()
    ]
    chosen: dict[int, str] = {}
    for size, place, key in sorted(shared, key=lambda each: (-each[0], each[1], each[2])):
        if size and place not in chosen and key not in chosen.values():
            chosen[place] = key
    free = iter(key for key in (*(one.key for one in found), *before) if key not in chosen.values())
    return [replace(one, key=chosen.get(place) or next(free)) for place, one in enumerate(found)]


async def _taken(actor: Actor, group: str, found: Sequence[Computed], now: datetime) -> list[Segment]:
    made = [await take(actor, one, group, now=now) for one in found]
    old = Segment.filter(library_key=group, archived_at=None).exclude(id__in=[one.id for one in made])
    for gone in await old:  # there are fewer groups than before
        await take(actor, Computed(gone.key, gone.name, gone.description, ()), group, now=now)
    return made


async def _clusters(now: datetime) -> list[Computed]:
    rows = await fetch_wide(STATEMENT, now)
    plain = [[float(row[feature.column] or 0) for feature in FEATURES] for row in rows]
    values = np.array(plain, dtype=np.float64).reshape(len(rows), len(FEATURES))
    found = await asyncio.to_thread(cluster, values)
    return described(found, values, [row["id"] for row in rows])


async def recompute(actor: Actor, *, now: datetime, older_than: timedelta = timedelta()) -> list[str]:
    """Compute anew the installed computed groups that are older than that; the keys of their segments."""
    old = Segment.filter(library_key__in=COMPUTED, archived_at=None, evaluated_at__lte=now - older_than)
    made: list[str] = []
    for group in sorted({str(segment.library_key) for segment in await old}):
        try:
            with patience(LONG):
                found = await _found(group, now)
            made += [segment.key for segment in await _taken(actor, group, found, now)]
        except ValidationFailed as error:
            log.warning("a group of segments cannot be computed", group=group, reason=error.message)
            await Segment.filter(library_key=group).update(evaluation_error=error.message, evaluated_at=now)
    return made
