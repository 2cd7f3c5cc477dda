"""What customers say of us: NPS, CSAT and CES over time, what they hang on, and complaints answered in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
import orjson

from crm import organization
from crm.access import Actor, Scope, need
from crm.errors import ValidationFailed
from crm.ids import encode
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Grain, Period, audience
from crm.lifecycle.reports.reading import fetch_wide
from crm.value.drivers import drivers
from models import RatingKind

MAX_ANSWERS = 200_000


class FeedbackGroup(StrEnum):
    """By what answers are told apart: of the answer (channel, staff), or of its customer as it is now."""

    NONE = "NONE"
    CHANNEL = "CHANNEL"
    STAFF = "STAFF"
    SEGMENT = "SEGMENT"
    STAGE = "STAGE"
    OWNER = "OWNER"
    SOURCE = "SOURCE"
    COUNTRY = "COUNTRY"


_LABELS: dict[FeedbackGroup, tuple[str, str]] = {
    FeedbackGroup.NONE: ("NULL::text", ""),
    FeedbackGroup.CHANNEL: ("i.channel::text", ""),
    FeedbackGroup.STAFF: ("i.staff_id::text", ""),
    FeedbackGroup.OWNER: ("c.owner_id::text", ""),
    FeedbackGroup.SOURCE: ("c.acquisition_source::text", ""),
    FeedbackGroup.COUNTRY: ("c.country::text", ""),
    FeedbackGroup.SEGMENT: (
        "g.key::text",
        " LEFT JOIN segment_membership m ON m.customer_id = c.id AND m.exited_at IS NULL"
        " LEFT JOIN segment g ON g.id = m.segment_id",
    ),
    FeedbackGroup.STAGE: (
        "s.key::text",
        " LEFT JOIN stage_position p ON p.customer_id = c.id"
        " AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default) LEFT JOIN stage s ON s.id = p.stage_id",
    ),
}
_STAFF = (FeedbackGroup.STAFF, FeedbackGroup.OWNER)


def _shown(group: FeedbackGroup, label: str | None) -> str | None:
    return encode("stf", label) if group in _STAFF and label else label  # type: ignore[arg-type]


# -- scores ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Score:
    """One kind of rating of one group in one step; `step` is its first day, None without steps.

    `value`: NPS from −100 to 100 (share of 9 and 10 less share of 0 to 6), CSAT the share of 4 and 5 from 0 to 1, CES
    the mean from 1 to 7. `standard_error` is in the same unit, None for a single answer.
    """

    kind: RatingKind
    step: date | None
    group: str | None
    answers: int
    value: float
    standard_error: float | None


# What one answer adds: NPS is the mean of −100, 0 and 100; CSAT that of 0 and 1; CES that of the answers themselves.
POINTS: dict[RatingKind, str] = {
    RatingKind.NPS: "CASE WHEN i.rating >= 9 THEN 100 WHEN i.rating <= 6 THEN -100 ELSE 0 END",
    RatingKind.CSAT: "(i.rating >= 4)::int",
    RatingKind.CES: "i.rating",
}
_POINT = f"CASE i.rating_kind {' '.join(f'WHEN {kind.value!r} THEN {sql}' for kind, sql in POINTS.items())} END"
_SCORES = """
SELECT i.rating_kind AS kind, {step} AS step, {label} AS label, count(*) AS answers,
       avg({point})::float8 AS value, (stddev_samp({point}) / sqrt(count(*)))::float8 AS error
FROM interaction i JOIN customer c ON c.id = i.customer_id{joins}
WHERE i.rating IS NOT NULL AND i.occurred_at >= $1 AND i.occurred_at < $2 AND i.rating_kind = ANY($3::text[]) AND {who}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 NULLS LAST
"""


async def scores(
    actor: Actor,
    *,
    period: Period,
    kinds: Sequence[RatingKind] = tuple(RatingKind),
    grain: Grain | None = None,
    group: FeedbackGroup = FeedbackGroup.NONE,
    where: Rule | None = None,
) -> list[Score]:
    """Scores over time and by group. Raises RuleInvalid, Forbidden."""
    need(actor, Scope.INTERACTION_READ)
    values: list[Any] = [period.since, period.until, [kind.value for kind in kinds]]
    step = "NULL::date"
    if grain is not None:
        values += [grain.value.lower(), (await organization.current()).time_zone]
        step = "date_trunc($4, i.occurred_at AT TIME ZONE $5)::date"
    who = await audience(actor, where, first_parameter=len(values) + 1)
    label, joins = _LABELS[group]
    statement = _SCORES.format(step=step, label=label, point=_POINT, joins=joins, who=who.condition)
    rows = await fetch_wide(statement, *values, *who.values)
    return [
        Score(
            RatingKind(row["kind"]),
            row["step"],
            _shown(group, row["label"]),
            row["answers"],
            row["value"],
            row["error"],
        )
        for row in rows
    ]


# -- drivers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Driver:
    """One rated attribute: its mean rating, how it goes with the score, and its share in what all explain."""

    attribute: str
    mean: float
    correlation: float
    importance: float


@dataclass(frozen=True, slots=True)
class Explained:
    """Drivers, most important first; `explained` is R squared, on `answers` complete answers. `lacking` says, in
    words, why there are none.
    """

    answers: int
    explained: float | None
    drivers: list[Driver]
    lacking: str | None = None


_RATED = """
SELECT i.rating, i.attribute_ratings::text AS ratings
FROM interaction i JOIN customer c ON c.id = i.customer_id
WHERE i.rating_kind = $3 AND i.attribute_ratings IS NOT NULL AND i.occurred_at >= $1 AND i.occurred_at < $2 AND {who}
ORDER BY i.occurred_at DESC LIMIT $4
"""


async def explained(
    actor: Actor, *, period: Period, kind: RatingKind = RatingKind.NPS, where: Rule | None = None
) -> Explained:
    """What a score hangs on: importance derived from how ratings of single things go with it.

    Attributes that at least half of the answers rate are taken, and answers that rate all of these. Raises
    RuleInvalid, Forbidden.
    """
    need(actor, Scope.INTERACTION_READ)
    who = await audience(actor, where, first_parameter=5)
    rows = await fetch_wide(
        _RATED.format(who=who.condition), period.since, period.until, kind.value, MAX_ANSWERS, *who.values
    )
    return explained_by([(row["rating"], orjson.loads(row["ratings"])) for row in rows])


def explained_by(answers: Sequence[tuple[int, dict[str, int]]]) -> Explained:
    """Drivers of answers: each its score and its ratings by attribute."""
    named: dict[str, int] = {}
    for _, ratings in answers:
        for name in ratings:
            named[name] = named.get(name, 0) + 1
    chosen = sorted(name for name, count in named.items() if count * 2 >= len(answers))
    complete = [(score, ratings) for score, ratings in answers if all(name in ratings for name in chosen)]
    if not chosen:
        return Explained(len(complete), None, [], "No attribute is rated in half of the answers.")
    try:
        found = drivers(
            np.array([[ratings[name] for name in chosen] for _, ratings in complete], dtype=np.float64).reshape(
                len(complete), len(chosen)
            ),
            np.array([score for score, _ in complete], dtype=np.float64),
        )
    except ValidationFailed as error:
        return Explained(len(complete), None, [], error.message)
    total = found.explained or 1.0
    listed = [
        Driver(name, float(found.means[i]), float(found.correlations[i]), float(found.weights[i]) / total)
        for i, name in enumerate(chosen)
    ]
    return Explained(len(complete), found.explained, sorted(listed, key=lambda each: -each.importance))


# -- complaints ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Complaints:
    """Complaints of one group in one step, and how they were answered.

    `on_time` were answered by their due time; `late` after it; `overdue` are not answered and past due; `open` are
    not answered yet and not past due. Complaints without a due time count as on time once answered. `rate` is
    on_time / (on_time + late + overdue), None when none was due; times are seconds.
    """

    step: date | None
    group: str | None
    complaints: int
    customers: int
    on_time: int
    late: int
    overdue: int
    open: int
    rate: float | None
    median_seconds: float | None


_COMPLAINTS = """
SELECT {step} AS step, {label} AS label, count(*) AS complaints, count(DISTINCT i.customer_id) AS customers,
       count(*) FILTER (WHERE i.answered_at <= coalesce(i.answer_due_at, i.answered_at)) AS on_time,
       count(*) FILTER (WHERE i.answered_at > i.answer_due_at) AS late,
       count(*) FILTER (WHERE i.answered_at IS NULL AND i.answer_due_at < $3) AS overdue,
       count(*) FILTER (WHERE i.answered_at IS NULL AND (i.answer_due_at IS NULL OR i.answer_due_at >= $3)) AS open,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM i.answered_at - i.occurred_at)::float8) AS median
FROM interaction i JOIN customer c ON c.id = i.customer_id{joins}
WHERE i.kind = 'COMPLAINT' AND i.occurred_at >= $1 AND i.occurred_at < $2 AND {who}
GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST
"""


async def complaints(
    actor: Actor,
    *,
    period: Period,
    now: datetime,
    grain: Grain | None = None,
    group: FeedbackGroup = FeedbackGroup.NONE,
    where: Rule | None = None,
) -> list[Complaints]:
    """Complaints that came in a period. Raises RuleInvalid, Forbidden."""
    need(actor, Scope.INTERACTION_READ)
    values: list[Any] = [period.since, period.until, now]
    step = "NULL::date"
    if grain is not None:
        values += [grain.value.lower(), (await organization.current()).time_zone]
        step = "date_trunc($4, i.occurred_at AT TIME ZONE $5)::date"
    who = await audience(actor, where, first_parameter=len(values) + 1)
    label, joins = _LABELS[group]
    statement = _COMPLAINTS.format(step=step, label=label, joins=joins, who=who.condition)
    return [_complaints(row, group) for row in await fetch_wide(statement, *values, *who.values)]


def _complaints(row: Any, group: FeedbackGroup) -> Complaints:
    due = row["on_time"] + row["late"] + row["overdue"]
    return Complaints(
        row["step"],
        _shown(group, row["label"]),
        row["complaints"],
        row["customers"],
        row["on_time"],
        row["late"],
        row["overdue"],
        row["open"],
        row["on_time"] / due if due else None,
        row["median"],
    )
