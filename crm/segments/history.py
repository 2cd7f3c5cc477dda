"""Looking back at members: who was in at a time, how the size went, who went from one segment to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from crm.access import Actor, Scope, need
from crm.database import fetch, fetch_row
from crm.errors import Forbidden, NotFound, ValidationFailed
from crm.lifecycle.reports.reading import fetch_wide
from crm.visibility import need_visible

MAX_POINTS = 400
MAX_SEGMENTS = 30


@dataclass(frozen=True, slots=True)
class Point:
    """The size at a time, and who came and went since the point before."""

    at: datetime
    size: int
    entered: int
    exited: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of those who were in one segment, seen from another, between two times.

    `crossed` left the first and entered the second in between, in whichever order; the four others are who of the
    first segment's members at the start was where at the end, and add up to `at_start`.
    """

    at_start: int
    stayed: int
    both: int
    moved: int
    gone: int
    crossed: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many customers are in both of two segments, and which share of each that is."""

    first: str
    second: str
    customers: int
    of_first: float | None
    of_second: float | None


_AT = """
SELECT DISTINCT s.key FROM segment_membership m JOIN segment s ON s.id = m.segment_id
WHERE m.customer_id = $1 AND m.entered_at <= $2 AND (m.exited_at IS NULL OR m.exited_at > $2) ORDER BY s.key
"""
_SIZES = """
SELECT p.at,
       count(*) FILTER (WHERE m.entered_at <= p.at AND (m.exited_at IS NULL OR m.exited_at > p.at)) AS size,
       count(*) FILTER (WHERE m.entered_at > p.before AND m.entered_at <= p.at) AS entered,
       count(*) FILTER (WHERE m.exited_at > p.before AND m.exited_at <= p.at) AS exited
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS p(at, before)
LEFT JOIN segment_membership m ON m.segment_id = $1
GROUP BY p.at ORDER BY p.at
"""
_FLOW = """
WITH start AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM segment_membership
    WHERE segment_id = $1 AND entered_at <= $3 AND (exited_at IS NULL OR exited_at > $3)
), one AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM segment_membership
    WHERE segment_id = $1 AND entered_at <= $4 AND (exited_at IS NULL OR exited_at > $4)
), two AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM segment_membership
    WHERE segment_id = $2 AND entered_at <= $4 AND (exited_at IS NULL OR exited_at > $4)
), ends AS (
    SELECT one.customer_id IS NOT NULL AS in_one, two.customer_id IS NOT NULL AS in_two
    FROM start LEFT JOIN one USING (customer_id) LEFT JOIN two USING (customer_id)
)
SELECT count(*) AS at_start, count(*) FILTER (WHERE in_one AND NOT in_two) AS stayed,
       count(*) FILTER (WHERE in_one AND in_two) AS both, count(*) FILTER (WHERE NOT in_one AND in_two) AS moved,
       count(*) FILTER (WHERE NOT in_one AND NOT in_two) AS gone,
       (SELECT count(DISTINCT a.customer_id) FROM segment_membership a JOIN segment_membership b USING (customer_id)
        WHERE a.segment_id = $1 AND b.segment_id = $2 AND a.exited_at > $3 AND a.exited_at <= $4
          AND b.entered_at > $3 AND b.entered_at <= $4) AS crossed
FROM ends
"""
# Customers with the same set of segments are counted together, so that a million of them come to a few rows.
_TOGETHER = """
SELECT segments, count(*) AS customers FROM (
    SELECT array_agg(segment_id ORDER BY segment_id) AS segments FROM segment_membership
    WHERE segment_id = ANY($1::uuid[]) AND exited_at IS NULL GROUP BY customer_id
) AS each GROUP BY segments
"""


def need_whole(actor: Actor) -> None:
    """Raise Forbidden unless the actor may know figures that tell of all customers."""
    need(actor, Scope.SEGMENT_READ)
    if actor.row_filter is not None:
        raise Forbidden("These figures tell of all customers; your credential sees only some of them.")


async def segments_at(actor: Actor, customer_id: UUID, at: datetime) -> list[str]:
    """The keys of the segments that a customer was in at a time. Raises NotFound, Forbidden."""
    need(actor, Scope.SEGMENT_READ)
    await need_visible(actor, customer_id)
    return [row["key"] for row in await fetch(_AT, customer_id, at)]


async def sizes(actor: Actor, segment_id: UUID, *, since: datetime, until: datetime, points: int = 30) -> list[Point]:
    """The size at evenly spread times, the last of them `until`. Raises ValidationFailed, Forbidden."""
    need_whole(actor)
    if not 1 <= points <= MAX_POINTS:
        raise ValidationFailed(f"points is {points}; it lies between 1 and {MAX_POINTS}.", path=("points",))
    if since >= until:
        raise ValidationFailed("since is not before until.", path=("since",))
    step: timedelta = (until - since) / points
    at = [until - step * number for number in reversed(range(points))]
    rows = await fetch(_SIZES, segment_id, at, [each - step for each in at])
    return [Point(**dict(row)) for row in rows]


async def flow(actor: Actor, start: str, end: str, *, since: datetime, until: datetime) -> Flow:
    """How members went from a segment to another between two times. Raises NotFound, ValidationFailed, Forbidden."""
    need_whole(actor)
    if since >= until:
        raise ValidationFailed("since is not before until.", path=("since",))
    ids = await ids_of([start, end])
    row = await fetch_row(_FLOW, ids[start], ids[end], since, until)
    assert row is not None
    return Flow(**dict(row))


async def overlaps(actor: Actor, keys: Sequence[str]) -> list[Overlap]:
    """Every two of the segments, each with itself too, and whom they share now. Raises NotFound, Forbidden."""
    need_whole(actor)
    if not 1 <= len(set(keys)) <= MAX_SEGMENTS:
        raise ValidationFailed(f"Name 1 to {MAX_SEGMENTS} segments.", path=("keys",))
    ids = await ids_of(list(dict.fromkeys(keys)))
    shared: dict[tuple[UUID, UUID], int] = {}
    for row in await fetch_wide(_TOGETHER, list(ids.values())):
        for first in row["segments"]:
            for second in row["segments"]:
                shared[first, second] = shared.get((first, second), 0) + row["customers"]
    return [_overlap(a, b, ids, shared) for a in ids for b in ids]


def _overlap(first: str, second: str, ids: dict[str, UUID], shared: dict[tuple[UUID, UUID], int]) -> Overlap:
    both = shared.get((ids[first], ids[second]), 0)
    sizes_of = [shared.get((ids[key], ids[key]), 0) for key in (first, second)]
    return Overlap(first, second, both, *(both / size if size else None for size in sizes_of))


async def ids_of(keys: Sequence[str]) -> dict[str, UUID]:
    """The segments with these keys. Raises NotFound for the first unknown one."""
    rows = await fetch("SELECT key, id FROM segment WHERE key = ANY($1::text[])", list(keys))
    found = {row["key"]: row["id"] for row in rows}
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise NotFound(f"There is no segment '{unknown[0][:80]}'.", path=("key",))
    return {key: found[key] for key in keys}
