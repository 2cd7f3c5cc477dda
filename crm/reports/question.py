"""What is asked of a report, as plain data: so that its answer can be kept, and worked out again by somebody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import depth, feedback, organization, quality
from crm.access import Actor, Scope
from crm.database import fetch_row
from crm.feedback import FeedbackGroup
from crm.lifecycle.reports.churn import Churn, churn
from crm.lifecycle.reports.cohorts import Basis, Cohort, triangle
from crm.lifecycle.reports.frame import Grain, Group, Period, midnight
from crm.lifecycle.reports.funnel import FunnelStep, funnel
from crm.lifecycle.reports.matrix import matrix, matrix_again, plain_matrix
from crm.lifecycle.reports.standing import Waiting, waiting
from crm.quality import QualityGroup
from crm.reports.plainly import restored
from crm.value.outlook import Outlook
from crm.value.runs import changes, histories, outlooks, simulate
from crm.value.runs.delivered import Delivered, Received, delivered
from crm.value.runs.pairs import Pair, all_pairs
from crm.value.runs.portfolio import CohortGrain, StageValue, stages
from crm.value.runs.prospects import Prospect, prospects
from models import RatingKind

USUAL_DAYS = 365
PAST_DAYS = 730
"""Days that are told of the entries of a lifecycle in which nobody moves any more."""
HARDLY = 100
"""Moves of a year below which it may be that the data end before."""


class Report(StrEnum):
    FUNNEL = "FUNNEL"
    MATRIX = "MATRIX"
    RETENTION = "RETENTION"
    WAITING = "WAITING"
    CHURN = "CHURN"
    SCORES = "SCORES"
    DRIVERS = "DRIVERS"
    COMPLAINTS = "COMPLAINTS"
    EXPOSURE = "EXPOSURE"
    QUALITY = "QUALITY"
    PROFIT = "PROFIT"
    MATRICES = "MATRICES"
    VALUE_COHORTS = "VALUE_COHORTS"
    PAIRS = "PAIRS"
    CHANGES = "CHANGES"
    STAGES = "STAGES"
    DELIVERED = "DELIVERED"
    OUTLOOK = "OUTLOOK"
    PROSPECTS = "PROSPECTS"


@dataclass(frozen=True, slots=True)
class Question:
    """A report, the first ones on a lifecycle. Days are the organisation's; without them they are the `usual_days`.

    `grain` is the cohorts' of a funnel (None: all together), the steps' of the others. `by` is what scores, complaints
    and the quality of data are told apart by, and the kind of rating whose drivers are meant; for reports on value,
    what they rest on (see `crm.reports.of_value`), and then what they are about: two runs, a scale, a segment.
    """

    report: Report
    lifecycle: str = ""
    since: date | None = None
    until: date | None = None
    grain: Grain | None = None
    group: Group = Group.NONE
    basis: Basis = Basis.ORDERS
    by: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, "")}


_KINDS: dict[str, Callable[[str], Any]] = {
    "report": Report,
    "since": date.fromisoformat,
    "until": date.fromisoformat,
    "grain": Grain,
    "group": Group,
    "basis": Basis,
}


def question_of(plain: dict[str, Any]) -> Question:
    """The question that `Question.plain` told."""
    return Question(**{name: _KINDS.get(name, str)(value) for name, value in plain.items()})


_SPAN = """
SELECT (SELECT min(t.occurred_at) FROM stage_transition t WHERE t.lifecycle_id = l.id) AS first,
       (SELECT max(t.occurred_at) FROM stage_transition t WHERE t.lifecycle_id = l.id AND t.occurred_at < $2) AS last,
       (SELECT count(*) FROM (SELECT FROM stage_transition t WHERE t.lifecycle_id = l.id AND t.occurred_at >= $2
                              LIMIT $3) lately) AS lately
FROM lifecycle l WHERE l.key = $1
"""


async def usual_days(report: Report, lifecycle: str, zone: str, now: datetime) -> tuple[date, date]:
    """The first day of the usual period, and the one after its last: the year that ends today.

    Where hardly anybody moved since, and nobody in the year before, that which ended with the last move before; reports
    on those who entered together then reach back to the first one, two years at most.
    """
    here, year = ZoneInfo(zone), timedelta(days=USUAL_DAYS)
    today = now.astimezone(here).date()
    since, until = today - year, today + timedelta(days=1)
    span = await fetch_row(_SPAN, lifecycle, midnight(since, zone), HARDLY) if lifecycle else None
    if span is None or span["last"] is None or span["lately"] >= HARDLY:
        return since, until
    first, last = (span[name].astimezone(here).date() for name in ("first", "last"))
    if last >= since - year:
        return since, until
    entering = report in (Report.FUNNEL, Report.RETENTION)
    return max(first, last - timedelta(days=PAST_DAYS)) if entering else last - year, last + timedelta(days=1)


def usual(lifecycle: str) -> list[Question]:
    """What a reader of the reports sees first, and is ready before anybody asks."""
    return [
        Question(Report.FUNNEL, lifecycle),
        Question(Report.MATRIX, lifecycle),
        Question(Report.MATRIX, lifecycle, grain=Grain.MONTH),
        Question(Report.RETENTION, lifecycle, grain=Grain.MONTH),
        Question(Report.WAITING, lifecycle),
        Question(Report.CHURN, lifecycle, group=Group.STAGE),
    ]


def usual_of_contact() -> list[Question]:
    """What a reader of the reports on touchpoints sees first."""
    return [
        Question(Report.SCORES, grain=Grain.MONTH, by=FeedbackGroup.NONE),
        Question(Report.DRIVERS, by=RatingKind.NPS),
        Question(Report.COMPLAINTS, grain=Grain.MONTH, by=FeedbackGroup.NONE),
        Question(Report.EXPOSURE),
        Question(Report.QUALITY, by=QualityGroup.SOURCE),
    ]


_SCOPES: dict[Report, tuple[Scope, ...]] = {
    Report.SCORES: (Scope.INTERACTION_READ,),
    Report.DRIVERS: (Scope.INTERACTION_READ,),
    Report.COMPLAINTS: (Scope.INTERACTION_READ,),
    Report.EXPOSURE: (Scope.INTERACTION_READ, Scope.VALUE_READ),
    Report.QUALITY: (Scope.CUSTOMER_READ,),
    Report.PROFIT: (Scope.VALUE_READ,),
    Report.MATRICES: (Scope.VALUE_READ,),
    Report.VALUE_COHORTS: (Scope.VALUE_READ,),
    Report.PAIRS: (Scope.VALUE_READ, Scope.ORDER_READ),
    Report.CHANGES: (Scope.VALUE_READ,),
    Report.STAGES: (Scope.VALUE_READ,),
    Report.DELIVERED: (Scope.VALUE_READ,),
    Report.OUTLOOK: (Scope.VALUE_READ,),
    Report.PROSPECTS: (Scope.VALUE_READ, Scope.LIFECYCLE_READ),
}


def scopes_of(question: Question) -> tuple[Scope, ...]:
    """What one needs to be told the answer."""
    if question.report is Report.RETENTION and question.basis is Basis.ORDERS:
        return (Scope.ORDER_READ,)
    return _SCOPES.get(question.report, (Scope.LIFECYCLE_READ,))


async def work(actor: Actor, question: Question, now: datetime) -> Any:
    """What the report's own use case returns. Raises what it raises."""
    return await _WORK[question.report](actor, question, await _period(question, now), now)


async def _period(question: Question, now: datetime) -> Period:
    zone = (await organization.current()).time_zone
    since, until = question.since, question.until
    if since is None or until is None:
        usual_ones = await usual_days(question.report, question.lifecycle, zone, now)
        since, until = since or usual_ones[0], until or usual_ones[1]
    return Period(midnight(since, zone), midnight(until, zone))


async def _funnel(actor: Actor, asked: Question, period: Period, now: datetime) -> list[FunnelStep]:
    return await funnel(actor, entered=period, lifecycle=asked.lifecycle, cohort=asked.grain, group=asked.group)


async def _retention(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Cohort]:
    grain = asked.grain or Grain.MONTH
    at = now if asked.since else min(now, period.until)  # the usual time ends where the data do
    return await triangle(actor, came=period, now=at, grain=grain, basis=asked.basis, lifecycle=asked.lifecycle)


async def _matrix(actor: Actor, asked: Question, period: Period, now: datetime) -> Any:
    return await matrix(actor, period=period, lifecycle=asked.lifecycle, grain=asked.grain)


async def _waiting(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Waiting]:
    return await waiting(actor, period=period, now=now, lifecycle=asked.lifecycle)


async def _churn(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Churn]:
    return await churn(actor, period=period, lifecycle=asked.lifecycle, group=asked.group)


async def _scores(actor: Actor, asked: Question, period: Period, now: datetime) -> list[feedback.Score]:
    group = FeedbackGroup(asked.by or FeedbackGroup.NONE)
    return await feedback.scores(actor, period=period, grain=asked.grain, group=group)


async def _drivers(actor: Actor, asked: Question, period: Period, now: datetime) -> list[feedback.Explained]:
    return [await feedback.explained(actor, period=period, kind=RatingKind(asked.by or RatingKind.NPS))]


async def _complaints(actor: Actor, asked: Question, period: Period, now: datetime) -> list[feedback.Complaints]:
    group = FeedbackGroup(asked.by or FeedbackGroup.NONE)
    return await feedback.complaints(actor, period=period, now=now, grain=asked.grain, group=group)


async def _exposure(actor: Actor, asked: Question, period: Period, now: datetime) -> list[depth.Exposure]:
    return await depth.exposure(actor, since=period.since, now=now)


async def _quality(actor: Actor, asked: Question, period: Period, now: datetime) -> list[quality.QualityReport]:
    return await quality.report(actor, now=now, group=QualityGroup(asked.by or QualityGroup.NONE))


async def _today(now: datetime) -> date:
    return now.astimezone(ZoneInfo((await organization.current()).time_zone)).date()


async def _profit(actor: Actor, asked: Question, period: Period, now: datetime) -> list[histories.ProfitHistory]:
    return [await histories.profit_history(actor, _grain(asked), await _today(now))]


async def _matrices(actor: Actor, asked: Question, period: Period, now: datetime) -> list[histories.MatrixHistory]:
    return [await histories.matrix_history(actor, _grain(asked), await _today(now))]


async def _cohorts(actor: Actor, asked: Question, period: Period, now: datetime) -> list[histories.CohortHistory]:
    return [await histories.cohort_history(actor, await _today(now))]


async def _pairs(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Pair]:
    assert asked.since
    assert asked.until
    return await all_pairs(actor, since=asked.since, until=asked.until)


async def _changes(actor: Actor, asked: Question, period: Period, now: datetime) -> list[changes.Changes]:
    before, after = map(UUID, _about(asked))
    return [await changes.changes(actor, await changes.between_runs(before, after))]


async def _stages(actor: Actor, asked: Question, period: Period, now: datetime) -> list[StageValue]:
    return await stages(actor, lifecycle=asked.lifecycle or None)


async def _delivered(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Delivered]:
    return await delivered(actor, by=Received(*_about(asked)))


async def _outlook(actor: Actor, asked: Question, period: Period, now: datetime) -> Outlook:
    segments = [{"segment": {"key": key}} for key in _about(asked)]
    return (await simulate.standing(actor, where=segments[0] if segments else None)).outlook


async def _prospects(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Prospect]:
    grain = asked.grain or Grain.MONTH
    return await prospects(actor, period=period, grain=grain, lifecycle=asked.lifecycle or None)


def _about(asked: Question) -> list[str]:
    """What a report on value is about, after what it rests on."""
    return asked.by.split()[1:]


def _grain(asked: Question) -> CohortGrain:
    return CohortGrain((asked.grain or Grain.QUARTER).value)


_WORK: dict[Report, Callable[[Actor, Question, Period, datetime], Awaitable[Any]]] = {
    Report.FUNNEL: _funnel,
    Report.MATRIX: _matrix,
    Report.RETENTION: _retention,
    Report.WAITING: _waiting,
    Report.CHURN: _churn,
    Report.SCORES: _scores,
    Report.DRIVERS: _drivers,
    Report.COMPLAINTS: _complaints,
    Report.EXPOSURE: _exposure,
    Report.QUALITY: _quality,
    Report.PROFIT: _profit,
    Report.MATRICES: _matrices,
    Report.VALUE_COHORTS: _cohorts,
    Report.PAIRS: _pairs,
    Report.CHANGES: _changes,
    Report.STAGES: _stages,
    Report.DELIVERED: _delivered,
    Report.OUTLOOK: _outlook,
    Report.PROSPECTS: _prospects,
}


# -- as JSON and back ------------------------------------------------------------------------------------------------

_ROWS: dict[Report, type] = {
    Report.FUNNEL: FunnelStep,
    Report.RETENTION: Cohort,
    Report.WAITING: Waiting,
    Report.CHURN: Churn,
    Report.SCORES: feedback.Score,
    Report.DRIVERS: feedback.Explained,
    Report.COMPLAINTS: feedback.Complaints,
    Report.EXPOSURE: depth.Exposure,
    Report.QUALITY: quality.QualityReport,
    Report.PROFIT: histories.ProfitHistory,
    Report.MATRICES: histories.MatrixHistory,
    Report.VALUE_COHORTS: histories.CohortHistory,
    Report.PAIRS: Pair,
    Report.CHANGES: changes.Changes,
    Report.STAGES: StageValue,
    Report.DELIVERED: Delivered,
    Report.PROSPECTS: Prospect,
}
_TOLD: dict[Report, Callable[[Any], Any]] = {Report.MATRIX: plain_matrix, Report.OUTLOOK: outlooks.plain}


def plain(question: Question, found: Any) -> Any:
    """What `work` found as something that JSON can tell."""
    told = _TOLD.get(question.report)
    return told(found) if told else [asdict(row) for row in found]


async def again(question: Question, kept: Any) -> Any:
    """What `plain` told, as `work` had found it."""
    if question.report is Report.MATRIX:
        return await matrix_again(question.lifecycle, kept)
    if question.report is Report.OUTLOOK:
        return outlooks.again(kept)
    return [restored(_ROWS[question.report], row) for row in kept]
