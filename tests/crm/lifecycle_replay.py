"""Lifecycle reports worked out by hand, in plain Python, from the raw rows of moves."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from crm.database import fetch

Visits = list[tuple[str, datetime]]
Rows = dict[str, dict[str, float]]
"""Probabilities of the next stage by stage."""

_MOVES = """
SELECT t.customer_id, s.key, t.occurred_at FROM stage_transition t JOIN stage s ON s.id = t.to_stage_id
ORDER BY t.customer_id, t.occurred_at, t.id
"""


async def histories() -> list[Visits]:
    """Every customer's way: the stages it came to, and when."""
    found: dict[object, Visits] = defaultdict(list)
    for row in await fetch(_MOVES):
        found[row["customer_id"]].append((row["key"], row["occurred_at"]))
    return list(found.values())


def standing_at(visits: Visits, at: datetime) -> str | None:
    """The stage that the moves before a time led to."""
    before = [key for key, moved in visits if moved < at]
    return before[-1] if before else None


def moves_between(ways: Sequence[Visits], ends: Sequence[datetime]) -> Counter[tuple[str, str]]:
    """From where to where customers went, from each end to the next."""
    counted: Counter[tuple[str, str]] = Counter()
    for way in ways:
        for start, end in pairwise(standing_at(way, at) for at in ends):
            if start is not None and end is not None:
                counted[start, end] += 1
    return counted


def shares(counts: Counter[tuple[str, str]], stages: Sequence[str]) -> Rows:
    """Each row of counts divided by its sum; who was never seen in a stage stays where it is."""
    rows: Rows = {}
    for start in stages:
        total = sum(counts[start, end] for end in stages)
        rows[start] = {end: counts[start, end] / total if total else float(start == end) for end in stages}
    return rows


@dataclass(frozen=True)
class Hits:
    """How likely a path ever comes to one of the goals, by goal, and after how many steps those that come do."""

    chance: dict[str, float]
    steps: float | None


def followed(rows: Rows, start: str, goals: set[str]) -> Hits:
    """Walk all paths at once, step by step, until hardly any is under way; goals are never left."""
    hopeful, under_way, chance = leading_to(rows, goals), {start: 1.0}, dict.fromkeys(goals, 0.0)
    weighted, step = 0.0, 0
    while sum(under_way.values()) > 1e-12:
        step += 1
        following: dict[str, float] = defaultdict(float)
        for here, mass in under_way.items():
            for there, share in rows[here].items():
                following[there] += mass * share
        for key in goals:
            chance[key] += following[key]
            weighted += step * following[key]
        under_way = {key: mass for key, mass in following.items() if key in hopeful}
    total = sum(chance.values())
    return Hits(chance, weighted / total if total else None)


def leading_to(rows: Rows, goals: set[str]) -> set[str]:
    """The stages outside the goals from which there is a way to one."""
    found, before = set(goals), set[str]()
    while found != before:
        before = set(found)
        found |= {key for key, row in rows.items() if any(row[there] for there in before)}
    return found - goals


def seconds_in(visits: Visits, stage: str) -> float | None:
    """How long a customer stood in a stage altogether; None while it still does, or never did."""
    stays = [after[1] - before[1] for before, after in pairwise(visits) if before[0] == stage]
    if visits[-1][0] == stage or not stays:
        return None
    return sum(stay.total_seconds() for stay in stays)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Between the two nearest in proportion."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def survived(days: Sequence[tuple[int, bool]], share: float) -> float | None:
    """Kaplan and Meier: the first day by which at most `share` of the stays still last; (days, ended) each."""
    left = 1.0
    for day in sorted({length for length, ended in days if ended}):
        at_risk = sum(length >= day for length, _ in days)
        left *= 1 - sum(ended and length == day for length, ended in days) / at_risk
        if left <= share + 1e-12:
            return float(day)
    return None
