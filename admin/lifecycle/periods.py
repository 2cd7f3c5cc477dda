"""What a report is asked for: its period, steps and groups, read from the address and kept as they were typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from admin import kept_report
from crm.lifecycle.reports.cohorts import Basis
from crm.lifecycle.reports.frame import Grain, Group
from crm.reports.question import Question, Report

Choice = TypeVar("Choice", bound=str)

KINDS = {
    "funnel": Report.FUNNEL,
    "matrix": Report.MATRIX,
    "forecast": Report.MATRIX,
    "cohorts": Report.RETENTION,
    "waiting": Report.WAITING,
    "churn": Report.CHURN,
}
REPORTS = tuple(KINDS)
GROUPS = {
    "funnel": (Group.NONE, Group.SEGMENT, Group.OWNER, Group.SOURCE, Group.CHANNEL, Group.COUNTRY, Group.KIND),
    "churn": (Group.STAGE, Group.SEGMENT, Group.OWNER, Group.SOURCE, Group.CHANNEL, Group.COUNTRY, Group.KIND),
}
GRAINS = {
    "forecast": (Grain.WEEK, Grain.MONTH, Grain.QUARTER),
    "cohorts": (Grain.MONTH, Grain.QUARTER, Grain.YEAR, Grain.WEEK),
}


COHORTS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
"""By what the funnel tells those apart who entered at different times."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report's form: `since` and `until` as typed, what they mean, and what is wrong with them by field.

    `days` are the first day and the one after the last; both None for the usual ones, which move on with the day.
    """

    report: str
    lifecycle: str
    since: str
    until: str
    days: tuple[date | None, date | None]
    cohort: Grain | None
    grain: Grain
    group: Group
    basis: Basis
    errors: dict[str, str] = field(default_factory=dict)


async def read(query: QueryParams, lifecycles: list[str], zone: str, now: datetime) -> Asked:
    """Read a report's form; what cannot be read is told, and what is missing is as usual."""
    report = query.get("report", "")
    report = report if report in REPORTS else REPORTS[0]
    wanted = query.get("lifecycle", "")
    lifecycle = wanted if wanted in lifecycles else (lifecycles[0] if lifecycles else "")
    days = await kept_report.days(query, KINDS[report], lifecycle, zone, now)
    return Asked(
        report,
        lifecycle,
        days.since,
        days.until,
        days.both,
        next((one for one in COHORTS if one == query.get("cohort")), None),
        _among(query.get("grain"), GRAINS.get(report, (Grain.MONTH,)), Grain.MONTH),
        _among(query.get("group"), GROUPS.get(report, (Group.NONE,)), GROUPS.get(report, (Group.NONE,))[0]),
        Basis.STAGE if query.get("basis") == Basis.STAGE.value else Basis.ORDERS,
        days.errors,
    )


def question(asked: Asked) -> Question:
    """What a form without errors asks of the reports. The forecast is made of the matrix over its steps."""
    report = KINDS[asked.report]
    told: dict[str, dict[str, Any]] = {
        "funnel": {"grain": asked.cohort, "group": asked.group},
        "forecast": {"grain": asked.grain},
        "cohorts": {"grain": asked.grain, "basis": asked.basis},
        "churn": {"group": asked.group},
    }
    return Question(report, asked.lifecycle, *asked.days, **told.get(asked.report, {}))


def _among(text: str | None, known: tuple[Choice, ...], usual: Choice) -> Choice:
    return next((one for one in known if one == text), usual)
