"""What a report is asked for: its period, steps and groups, read from the address and kept as they were typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams
from starlette_admin.i18n import gettext as _

from crm.lifecycle.reports.cohorts import Basis
from crm.lifecycle.reports.frame import Grain, Group, Period, midnight

Choice = TypeVar("Choice", bound=str)

REPORTS = ("funnel", "matrix", "forecast", "cohorts", "waiting", "churn")
USUAL_DAYS = 365
GROUPS = {
    "funnel": (Group.NONE, Group.SEGMENT, Group.OWNER, Group.SOURCE, Group.CHANNEL, Group.COUNTRY, Group.KIND),
    "churn": (Group.STAGE, Group.SEGMENT, Group.OWNER, Group.SOURCE, Group.CHANNEL, Group.COUNTRY, Group.KIND),
}
GRAINS = {
    "forecast": (Grain.WEEK, Grain.MONTH, Grain.QUARTER),
    "cohorts": (Grain.MONTH, Grain.QUARTER, Grain.YEAR, Grain.WEEK),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A report's form: `since` and `until` as typed, what they mean, and what is wrong with them by field."""

    report: str
    lifecycle: str
    since: str
    until: str
    period: Period | None
    grain: Grain
    group: Group
    basis: Basis
    errors: dict[str, str] = field(default_factory=dict)


def read(query: QueryParams, lifecycles: list[str], zone: str, now: datetime) -> Asked:
    """Read a report's form; what cannot be read is told, and what is missing is as usual."""
    report = query.get("report", "")
    report = report if report in REPORTS else REPORTS[0]
    today = now.astimezone(ZoneInfo(zone)).date()
    since = query.get("since") or (today - timedelta(days=USUAL_DAYS)).isoformat()
    until = query.get("until") or (today + timedelta(days=1)).isoformat()
    errors: dict[str, str] = {}
    first, last = _day(since, "since", errors), _day(until, "until", errors)
    if first and last and first >= last:
        errors["until"] = _("The period ends before it begins; give a later day.")
    period = Period(midnight(first, zone), midnight(last, zone)) if first and last and not errors else None
    wanted = query.get("lifecycle", "")
    return Asked(
        report,
        wanted if wanted in lifecycles else (lifecycles[0] if lifecycles else ""),
        since,
        until,
        period,
        _among(query.get("grain"), GRAINS.get(report, (Grain.MONTH,)), Grain.MONTH),
        _among(query.get("group"), GROUPS.get(report, (Group.NONE,)), GROUPS.get(report, (Group.NONE,))[0]),
        Basis.STAGE if query.get("basis") == Basis.STAGE.value else Basis.ORDERS,
        errors,
    )


def _day(text: str, name: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[name] = _("Type a day such as 2026-03-21.")
        return None


def _among(text: str | None, known: tuple[Choice, ...], usual: Choice) -> Choice:
    return next((one for one in known if one == text), usual)
