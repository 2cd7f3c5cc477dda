"""What is asked of a report, as plain data: so that its answer can be kept, and worked out again by somebody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from crm import organization
from crm.access import Actor, Scope
from crm.database import fetch_row
from crm.lifecycle.reports.churn import Churn, churn
from crm.lifecycle.reports.cohorts import Basis, Cohort, triangle
from crm.lifecycle.reports.frame import Grain, Group, Period, midnight
from crm.lifecycle.reports.funnel import FunnelStep, funnel
from crm.lifecycle.reports.matrix import matrix, matrix_again, plain_matrix
from crm.lifecycle.reports.standing import Waiting, waiting

USUAL_DAYS = 365
PAST_DAYS = 730
"""Days that are told of the entries of a lifecycle in which nobody moves any more."""


class Report(StrEnum):
    FUNNEL = "FUNNEL"
    MATRIX = "MATRIX"
    RETENTION = "RETENTION"
    WAITING = "WAITING"
    CHURN = "CHURN"


@dataclass(frozen=True, slots=True)
class Question:
    """A report on a lifecycle. Days are the organisation's; without them they are the `usual_days`.

    `grain` is the cohorts' of a funnel (None: all together), the steps' of a matrix and of a triangle.
    """

    report: Report
    lifecycle: str
    since: date | None = None
    until: date | None = None
    grain: Grain | None = None
    group: Group = Group.NONE
    basis: Basis = Basis.ORDERS

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}


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
SELECT min(t.occurred_at) AS first, max(t.occurred_at) AS last FROM stage_transition t
WHERE t.lifecycle_id = (SELECT id FROM lifecycle WHERE key = $1)
"""


async def usual_days(report: Report, lifecycle: str, zone: str, now: datetime) -> tuple[date, date]:
    """The first day of the usual period, and the one after its last: the year that ends today.

    Where nobody has moved for longer, that which ended with the last move; reports on those who entered together then
    reach back to the first one, two years at most.
    """
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    since, until = today - timedelta(days=USUAL_DAYS), today + timedelta(days=1)
    span = await fetch_row(_SPAN, lifecycle)
    if span is None or span["last"] is None or span["last"].astimezone(here).date() >= since:
        return since, until
    last = span["last"].astimezone(here).date()
    if report in (Report.FUNNEL, Report.RETENTION):
        first = span["first"].astimezone(here).date()
        return max(first, last - timedelta(days=PAST_DAYS)), last + timedelta(days=1)
    return last - timedelta(days=USUAL_DAYS), last + timedelta(days=1)


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


def scopes_of(question: Question) -> tuple[Scope, ...]:
    orders = question.report is Report.RETENTION and question.basis is Basis.ORDERS
    return (Scope.ORDER_READ,) if orders else (Scope.LIFECYCLE_READ,)


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
    return await triangle(actor, came=period, now=now, grain=grain, basis=asked.basis, lifecycle=asked.lifecycle)


async def _matrix(actor: Actor, asked: Question, period: Period, now: datetime) -> Any:
    return await matrix(actor, period=period, lifecycle=asked.lifecycle, grain=asked.grain)


async def _waiting(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Waiting]:
    return await waiting(actor, period=period, now=now, lifecycle=asked.lifecycle)


async def _churn(actor: Actor, asked: Question, period: Period, now: datetime) -> list[Churn]:
    return await churn(actor, period=period, lifecycle=asked.lifecycle, group=asked.group)


_WORK: dict[Report, Callable[[Actor, Question, Period, datetime], Awaitable[Any]]] = {
    Report.FUNNEL: _funnel,
    Report.MATRIX: _matrix,
    Report.RETENTION: _retention,
    Report.WAITING: _waiting,
    Report.CHURN: _churn,
}


# -- as JSON and back ------------------------------------------------------------------------------------------------


def plain(question: Question, found: Any) -> Any:
    """What `work` found as something that JSON can tell."""
    if question.report is Report.MATRIX:
        return plain_matrix(found)
    return [{one.name: getattr(row, one.name) for one in fields(row)} for row in found]


async def again(question: Question, kept: Any) -> Any:
    """What `plain` told, as `work` had found it."""
    if question.report is Report.MATRIX:
        return await matrix_again(question.lifecycle, kept)
    return [_ROWS[question.report](row) for row in kept]


def _funnel_step(row: dict[str, Any]) -> FunnelStep:
    cohort = row["cohort"]
    return FunnelStep(**row | {"cohort": None if cohort is None else date.fromisoformat(cohort)})


def _cohort(row: dict[str, Any]) -> Cohort:
    return Cohort(**row | {"since": date.fromisoformat(row["since"])})


_ROWS: dict[Report, Callable[[dict[str, Any]], Any]] = {
    Report.FUNNEL: _funnel_step,
    Report.RETENTION: _cohort,
    Report.WAITING: lambda row: Waiting(**row),
    Report.CHURN: lambda row: Churn(**row),
}
