"""What a report on touchpoints is asked for: read from the address, and kept as it was typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.datastructures import QueryParams

from admin import kept_report
from crm.access import Actor
from crm.feedback import FeedbackGroup
from crm.lifecycle.reports.frame import Grain
from crm.quality import QualityGroup
from crm.reports.question import Question, Report, scopes_of
from models import RatingKind

REPORTS: dict[str, Report] = {
    "scores": Report.SCORES,
    "drivers": Report.DRIVERS,
    "complaints": Report.COMPLAINTS,
    "exposure": Report.EXPOSURE,
    "quality": Report.QUALITY,
}
# By what each report is told apart, the first by itself.
BY: dict[str, tuple[str, ...]] = {
    "scores": tuple(FeedbackGroup),
    "drivers": tuple(RatingKind),
    "complaints": tuple(FeedbackGroup),
    "quality": (QualityGroup.SOURCE, QualityGroup.OWNER, QualityGroup.CREATOR, QualityGroup.IMPORT),
}
IN_STEPS = ("scores", "complaints")
GRAINS = (Grain.MONTH, Grain.QUARTER, Grain.WEEK)
DATED = ("scores", "drivers", "complaints", "exposure")


@dataclass(frozen=True, slots=True)
class Asked:
    """A report's form: days as typed, what they mean (None: the usual ones), and what is wrong with them by field."""

    report: str
    since: str
    until: str
    days: tuple[date | None, date | None]
    by: str
    grain: Grain
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def question(self) -> Question:
        """What a form without errors asks; steps are told of everybody together."""
        kind = REPORTS[self.report]
        grain = self.grain if self.report in IN_STEPS and self.by == FeedbackGroup.NONE else None
        days = self.days if self.report in DATED else (None, None)
        return Question(kind, "", *days, grain=grain, by=self.by)


def offered(actor: Actor) -> list[str]:
    """The reports that one may be told."""
    return [key for key, kind in REPORTS.items() if all(actor.may(scope) for scope in scopes_of(Question(kind)))]


async def read(query: QueryParams, known: list[str], zone: str, now: datetime) -> Asked:
    """Read the form; what cannot be read is told, and what is missing is as usual."""
    wanted = query.get("report", "")
    report = wanted if wanted in known else known[0]
    days = await kept_report.days(query, REPORTS[report], "", zone, now)
    choices = BY.get(report, ("",))
    by = query.get("by", "")
    grain = next((one for one in GRAINS if one == query.get("grain")), GRAINS[0])
    chosen = by if by in choices else str(choices[0])
    return Asked(report, days.since, days.until, days.both, chosen, grain, days.errors)
